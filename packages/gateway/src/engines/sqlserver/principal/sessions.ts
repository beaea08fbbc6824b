/**
 * The administrator's connections to one server: few, with deadlines, none trusted after an error. Every statement about
 * principals goes through here.
 */
import type { DesiredResource } from '@tidegate/contract';
import type { z } from 'zod';
import { Pool } from '../../pool.ts';
import { ProvisionError } from '../../provisioner.ts';
import {
  type Connect,
  type Credential,
  type DriverConnection,
  DriverError,
  type DriverOptions,
  type Encryption,
} from './driver.ts';
import { codeOf, explained, type Where } from './errors.ts';
import { type Server, welcome } from './server.ts';

const MAX_CONNECTIONS = 4;
const CONNECT_WITHIN_MS = 10_000;
/** Longer than the locks' own limit (server.ts), so that a deadline means a server that is gone. */
const ANSWER_WITHIN_MS = 30_000;
const IDLE_FOR_MS = 20_000;

/** `dbo`: all that changes or reads a database from inside. `self`: the administrator, for logins, sessions and KILL. */
export type Identity = 'dbo' | 'self';

/** One connection, for as long as `use` lends it. */
export interface Session {
  readonly server: Server;
  readonly database: string;
  /** Rows of one statement, checked against their shape. Values are nvarchar. */
  rows<R>(shape: z.ZodType<R>, text: string, values?: Readonly<Record<string, string>>): Promise<R[]>;
  /** All statements in one batch and, if there are several, one transaction. */
  run(statements: readonly string[]): Promise<void>;
  /** The same, with a password in it: the server's words are not passed on, because they may quote the statement. */
  runSecret(statements: readonly string[]): Promise<void>;
}

export interface Administrator {
  /** Lends a connection to `database`. Rejects with a `ProvisionError`. */
  use<T>(database: string, identity: Identity, work: (session: Session) => Promise<T>): Promise<T>;
  /** Ends all connections, those in use too. */
  end(): Promise<void>;
}

export interface AdministratorOptions {
  readonly resource: DesiredResource;
  /** Read anew at each connect. */
  readonly password: () => Promise<string>;
  readonly connect: Connect;
}

interface Connection {
  readonly driver: DriverConnection;
  readonly server: Server;
}

export class Connections implements Administrator {
  readonly #options: AdministratorOptions;
  readonly #pool: Pool<Connection>;
  #encryption: Encryption;

  constructor(options: AdministratorOptions) {
    this.#options = options;
    this.#encryption = options.resource.tls.mode === 'disable' ? 'none' : 'required';
    this.#pool = new Pool({
      width: MAX_CONNECTIONS,
      idleMs: IDLE_FOR_MS,
      connect: (key) => this.#connect(key),
      close: ({ driver }) => driver.close(),
    });
  }

  use<T>(database: string, identity: Identity, work: (session: Session) => Promise<T>): Promise<T> {
    return this.#pool.use(keyOf(database, identity), (connection) => work(this.#session(connection, database)));
  }

  end(): Promise<void> {
    return this.#pool.end();
  }

  async #connect(key: string): Promise<Connection> {
    const { database, identity } = fromKey(key);
    const { resource, password } = this.#options;
    const { address } = resource;
    if ('socket' in address) throw noSocket();
    // Read before the socket is opened, so that a missing credential opens none.
    const secret = await password();
    const where = this.#where(database);
    let driver: DriverConnection | null = null;
    try {
      driver = await this.#opened({
        host: address.host,
        port: address.port,
        database,
        credential: credentialOf(resource, secret),
        verifyName: resource.tls.mode !== 'verify-ca',
        ca: resource.tls.ca,
        serverName: resource.tls.serverName,
        connectWithinMs: CONNECT_WITHIN_MS,
        answerWithinMs: ANSWER_WITHIN_MS,
      });
      const connection = { driver, server: await welcome(driver, identity === 'dbo') };
      driver.onLost(() => this.#pool.drop(connection));
      return connection;
    } catch (error) {
      driver?.close();
      throw explained(error, where);
    }
  }

  /**
   * A server that insists on TDS 8.0 hangs up on the older greeting and says nothing: then TLS comes first. That is only
   * ever stricter, so a third party who hangs up gains nothing by it.
   */
  async #opened(options: Omit<DriverOptions, 'encryption'>): Promise<DriverConnection> {
    const { connect } = this.#options;
    const encryption = this.#encryption;
    try {
      return await connect({ ...options, encryption });
    } catch (error) {
      if (encryption !== 'required' || !options.verifyName || !HUNG_UP.has(codeOf(error))) throw error;
      const strict = await connect({ ...options, encryption: 'strict' }).catch(() => null); // the first error says more
      if (strict === null) throw error;
      this.#encryption = 'strict';
      return strict;
    }
  }

  #session({ driver, server }: Connection, database: string): Session {
    const where = this.#where(database);
    const batch = (statements: readonly string[]) =>
      statements.length === 1 ? statements : ['BEGIN TRANSACTION', ...statements, 'COMMIT TRANSACTION'];
    return {
      server,
      database,
      async rows(shape, text, values) {
        try {
          return (await driver.query(text, values)).map((row) => shape.parse(row));
        } catch (error) {
          throw explained(error, where);
        }
      },
      async run(statements) {
        if (statements.length === 0) return;
        try {
          await driver.query(batch(statements).join(';\n'));
        } catch (error) {
          throw explained(error, where);
        }
      },
      async runSecret(statements) {
        if (statements.length === 0) return;
        try {
          await driver.query(batch(statements).join(';\n'));
        } catch (error) {
          // Neither as message nor as cause.
          throw explained(
            new DriverError('its words are left out, a password was in the statement', codeOf(error)),
            where,
          );
        }
      },
    };
  }

  #where(database: string): Where {
    const { resource } = this.#options;
    return { address: addressOf(resource), user: resource.credential.user, database };
  }
}

function credentialOf({ credential: { user, source } }: DesiredResource, secret: string): Credential {
  if (source.kind === 'tokenFile') return { kind: 'token', token: async () => secret };
  return { kind: 'password', user, password: secret };
}

const HUNG_UP = new Set(['ECONNRESET', 'EPIPE', 'connection_lost']);

/** A database name may hold anything but a NUL. */
const keyOf = (database: string, identity: Identity) => `${identity}\0${database}`;
function fromKey(key: string): { database: string; identity: Identity } {
  const at = key.indexOf('\0');
  return { identity: key.slice(0, at) === 'dbo' ? 'dbo' : 'self', database: key.slice(at + 1) };
}

export function addressOf({ address }: Pick<DesiredResource, 'address'>): string {
  if ('socket' in address) return address.socket;
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

const noSocket = () =>
  new ProvisionError(
    'The configuration names an address that SQL Server cannot have.',
    'address',
    'SQL Server is reached by host and port: correct the address of the resource.',
  );
