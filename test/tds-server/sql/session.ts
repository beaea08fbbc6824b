/** What lasts from one request of a connection to the next: its database, who it is, its options and transaction. */
import { randomBytes } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { createCatalog } from './catalog.ts';
import { SqlError } from './errors.ts';
import { registerFunctions } from './functions.ts';
import type { Database, Instance } from './instance.ts';
import type { Principal } from './principals.ts';

export interface SessionFacts {
  readonly spid: number;
  readonly hostName: string;
  readonly application: string;
  readonly address: string;
  readonly tdsVersion: number;
}

/** Told as ENVCHANGE. */
export type Change =
  | { readonly what: 'database'; readonly now: string; readonly before: string }
  | { readonly what: 'begun' | 'committed' | 'rolled back'; readonly transaction: Uint8Array };

export class Session {
  readonly instance: Instance;
  readonly principal: Principal;
  readonly facts: SessionFacts;
  readonly loginTime = new Date();
  readonly #told: (change: Change) => void;
  readonly options = new Map<string, string>();
  /** SET LOCK_TIMEOUT, in ms; how long it waits for another's lock before it gives up. */
  lockTimeoutMs = 5_000;
  rowCount = 0n;
  identity: bigint | null = null;
  error = 0;
  #database: Database;
  readonly #home: Database;
  #connection: DatabaseSync;
  #depth = 0;
  readonly #savepoints = new Set<string>();
  #transaction: Uint8Array = new Uint8Array(8);

  constructor(
    instance: Instance,
    database: Database,
    principal: Principal,
    facts: SessionFacts,
    told: (change: Change) => void,
  ) {
    this.instance = instance;
    this.principal = principal;
    this.facts = facts;
    this.#told = told;
    this.#database = database;
    this.#home = database;
    this.#connection = this.#open();
  }

  get database(): Database {
    return this.#database;
  }

  get connection(): DatabaseSync {
    return this.#connection;
  }

  /** @@TRANCOUNT. */
  get depth(): number {
    return this.#depth;
  }

  use(name: string): void {
    const database = this.instance.database(name);
    if (database === null) {
      throw new SqlError(911, `Database '${name}' does not exist. Make sure that the name is entered correctly.`);
    }
    // A contained user is nobody elsewhere.
    if (!this.principal.owner && database !== this.#home && !['master', 'tempdb'].includes(database.name)) {
      throw new SqlError(
        916,
        `The server principal "${this.principal.login}" is not able to access the database "${database.name}" under the current security context.`,
        { severity: 14 },
      );
    }
    if (this.#depth > 0) throw new SqlError(226, 'USE statement not allowed within multi-statement transaction.');
    const before = this.#database.name;
    if (database !== this.#database) {
      this.#connection.close();
      this.#database = database;
      this.#connection = this.#open();
    }
    this.#told({ what: 'database', now: database.name, before });
  }

  begin(): void {
    if (this.#depth === 0) {
      this.#connection.exec('BEGIN');
      this.#transaction = randomBytes(8);
      this.#told({ what: 'begun', transaction: this.#transaction });
    }
    this.#depth++;
  }

  commit(): void {
    if (this.#depth === 0) {
      throw new SqlError(3902, 'The COMMIT TRANSACTION request has no corresponding BEGIN TRANSACTION.');
    }
    if (this.#depth === 1) {
      this.#connection.exec('COMMIT');
      this.#savepoints.clear();
      this.#told({ what: 'committed', transaction: this.#transaction });
    }
    this.#depth--;
  }

  rollback(): void {
    if (this.#depth === 0) {
      throw new SqlError(3903, 'The ROLLBACK TRANSACTION request has no corresponding BEGIN TRANSACTION.');
    }
    // SQLite ends a transaction by itself after some errors.
    if (this.#connection.isTransaction) this.#connection.exec('ROLLBACK');
    this.#depth = 0;
    this.#savepoints.clear();
    this.#told({ what: 'rolled back', transaction: this.#transaction });
  }

  savepoint(name: string): void {
    if (this.#depth === 0)
      throw new SqlError(628, 'Cannot issue SAVE TRANSACTION when there is no active transaction.');
    this.#connection.exec(`SAVEPOINT ${name}`);
    this.#savepoints.add(name);
  }

  /** False: there is no savepoint of that name, so it is the transaction's. */
  rollbackTo(name: string): boolean {
    if (!this.#savepoints.has(name)) return false;
    this.#connection.exec(`ROLLBACK TO ${name}`);
    return true;
  }

  /** As a connection pool hands it to its next user (sp_reset_connection). */
  reset(keepTransaction: boolean): void {
    if (!keepTransaction && this.#depth > 0) this.rollback();
    this.options.clear();
    this.lockTimeoutMs = 5_000;
    this.rowCount = 0n;
    this.identity = null;
    this.error = 0;
    if (keepTransaction) return;
    // Temporary tables go, and the database of the login is back.
    this.#connection.close();
    const before = this.#database.name;
    this.#database = this.#home;
    this.#connection = this.#open();
    if (before !== this.#home.name) this.#told({ what: 'database', now: this.#home.name, before });
  }

  close(): void {
    if (this.#connection.isOpen) this.#connection.close();
  }

  #open(): DatabaseSync {
    const connection = this.instance.open(this.#database);
    registerFunctions(connection, this);
    createCatalog(connection);
    return connection;
  }
}
