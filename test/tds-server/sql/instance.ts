/** The server's data and who may come to it: databases, logins, and the sessions that are open. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { SqlError } from './errors.ts';
import { createPrincipalTables, type Principal, Principals } from './principals.ts';

export interface Login {
  readonly name: string;
  readonly password: string;
  /** In hexadecimal. */
  readonly sid?: string;
}

/** What `sys.dm_exec_sessions` tells of a session, and what KILL does to it. */
export interface SessionEntry {
  readonly spid: number;
  readonly loginName: string;
  readonly hostName: string;
  readonly programName: string;
  readonly loginTime: Date;
  readonly address: string;
  readonly database: string;
  readonly openTransactions: number;
  readonly running: boolean;
  kill(): void;
}

export interface Database {
  readonly name: string;
  readonly id: number;
  readonly file: string;
  readonly principals: Principals;
}

/** SQL Server keeps the lower numbers to itself. */
const FIRST_SPID = 51;
const SYSTEM_DATABASES = ['master', 'tempdb', 'model', 'msdb'];

export class Instance {
  readonly #folder = mkdtempSync(join(tmpdir(), 'tds-server-'));
  readonly #databases = new Map<string, Database>();
  readonly #keepers: DatabaseSync[] = [];
  readonly #sessions = new Map<number, SessionEntry>();
  readonly #logins: Login[];
  readonly name: string;
  #nextSpid = FIRST_SPID;

  constructor(name: string, logins: readonly Login[]) {
    this.name = name;
    this.#logins = [...logins];
    for (const system of SYSTEM_DATABASES) this.createDatabase(system);
  }

  get databases(): readonly Database[] {
    return [...this.#databases.values()];
  }

  get sessions(): readonly SessionEntry[] {
    return [...this.#sessions.values()];
  }

  get logins(): readonly Login[] {
    return this.#logins;
  }

  createDatabase(name: string): Database {
    const file = join(this.#folder, `${this.#databases.size + 1}.sqlite`);
    const keeper = new DatabaseSync(file);
    // Readers and one writer go side by side, as under READ_COMMITTED_SNAPSHOT.
    keeper.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF');
    createPrincipalTables(keeper);
    this.#keepers.push(keeper);
    const id = this.#databases.size + 1;
    const database: Database = { name, id, file, principals: new Principals(keeper) };
    this.#databases.set(name.toLowerCase(), database);
    return database;
  }

  database(name: string): Database | null {
    return this.#databases.get(name.toLowerCase()) ?? null;
  }

  /** A new connection to the data of `database`. The caller closes it. */
  open(database: Database): DatabaseSync {
    const connection = new DatabaseSync(database.file, { timeout: 0 });
    connection.exec('PRAGMA foreign_keys = ON; PRAGMA synchronous = OFF');
    return connection;
  }

  nextSpid(): number {
    return this.#nextSpid++;
  }

  enter(session: SessionEntry): void {
    this.#sessions.set(session.spid, session);
  }

  leave(spid: number): void {
    this.#sessions.delete(spid);
  }

  session(spid: number): SessionEntry | null {
    return this.#sessions.get(spid) ?? null;
  }

  addLogin(login: Login): void {
    this.#logins.push(login);
  }

  dropLogin(name: string): boolean {
    const at = this.#logins.findIndex((login) => login.name.toLowerCase() === name.toLowerCase());
    if (at >= 0) this.#logins.splice(at, 1);
    return at >= 0;
  }

  /**
   * Who logs in as `name` with `password`: a contained user of the named database first, as SQL Server has it (a
   * partially contained database), then a login of the server, which needs a user in the database unless it is the
   * administrator. Throws SqlError 18456 or 4060.
   */
  authenticate(name: string, password: string, databaseName: string): { principal: Principal; database: Database } {
    const database = this.database(databaseName === '' ? 'master' : databaseName);
    const contained = database?.principals.contained(name, password) ?? null;
    if (database !== null && contained !== null) return { principal: contained, database };
    const login = this.#logins.find((one) => one.name.toLowerCase() === name.toLowerCase());
    if (login === undefined || login.password !== password) throw loginFailed(name, database === null ? 38 : 8);
    return this.#ofLogin(login, databaseName, database);
  }

  /** Who comes with a token for `name`: an external user of the database. */
  authenticateExternal(name: string, databaseName: string): { principal: Principal; database: Database } {
    const database = this.database(databaseName === '' ? 'master' : databaseName);
    const principal = database?.principals.external(name) ?? null;
    if (database === null || principal === null) throw loginFailed(name, 38);
    return { principal, database };
  }

  #ofLogin(
    login: Login,
    databaseName: string,
    database: Database | null,
  ): { principal: Principal; database: Database } {
    if (database === null) throw cannotOpen(databaseName);
    const administrator = this.#logins[0] === login;
    if (administrator) return { principal: { name: 'dbo', login: login.name, owner: true }, database };
    const user = database.principals.ofLogin(login.name);
    if (user === null && database.name !== 'master') throw cannotOpen(databaseName);
    return { principal: user ?? { name: 'guest', login: login.name, owner: false }, database };
  }

  close(): void {
    for (const session of this.sessions) session.kill();
    for (const keeper of this.#keepers) keeper.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

export function loginFailed(name: string, state: number): SqlError {
  // The state tells the administrator why, in the server's log; clients are always told 1.
  return Object.assign(new SqlError(18456, `Login failed for user '${name}'.`, { severity: 14 }), { logState: state });
}

export function cannotOpen(database: string): SqlError {
  return new SqlError(4060, `Cannot open database "${database}" requested by the login. The login failed.`, {
    severity: 11,
  });
}
