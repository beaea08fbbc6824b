/** The administrator's connections to PostgreSQL (see pool.ts), with deadlines, and what went wrong in words. */
import type { DesiredResource } from '@tidegate/contract';
import { Client, type ClientConfig } from 'pg';
import type { z } from 'zod';
import { answered, Pool } from '../../pool.ts';
import { verificationFor } from '../../upstream-tls.ts';
import { codeOf, explained, type Where } from './errors.ts';
import { type Server, welcome } from './server.ts';

const MAX_CONNECTIONS = 4;
const IDLE_FOR_MS = 20_000;
const CONNECT_WITHIN_MS = 8_000;
/** Longer than the server's own limits (server.ts), so that a client's deadline means a server that is gone. */
const ANSWER_WITHIN_MS = 40_000;

/** One connection, for as long as `use` lends it. */
export interface Session {
  readonly server: Server;
  /** Rows of one statement, checked against their shape. */
  rows<R>(shape: z.ZodType<R>, text: string, values?: readonly unknown[]): Promise<R[]>;
  /** All statements in one message: one round trip and, outside a transaction, one transaction. */
  run(statements: readonly string[]): Promise<void>;
}

export interface Administrator {
  /** Lends a connection to `database`. Rejects with a `ProvisionError`. */
  use<T>(database: string, work: (session: Session) => Promise<T>): Promise<T>;
  /** Ends all connections, those in use too. */
  end(): Promise<void>;
}

export interface AdministratorOptions {
  readonly resource: DesiredResource;
  readonly password: () => Promise<string>;
  readonly controlNow: () => number;
}

interface Connection {
  readonly client: Client;
  readonly database: string;
  readonly server: Server;
}

export class Connections implements Administrator {
  readonly #options: AdministratorOptions;
  readonly #pool: Pool<Connection>;

  constructor(options: AdministratorOptions) {
    this.#options = options;
    this.#pool = new Pool({
      width: MAX_CONNECTIONS,
      idleMs: IDLE_FOR_MS,
      connect: (database) => this.#connect(database),
      // With a query running `end` destroys the socket; without, it says goodbye.
      close: ({ client }) => client.end(),
    });
  }

  use<T>(database: string, work: (session: Session) => Promise<T>): Promise<T> {
    return this.#pool.use(database, (connection) => work(this.#session(connection)));
  }

  end(): Promise<void> {
    return this.#pool.end();
  }

  async #connect(database: string): Promise<Connection> {
    const { resource, password, controlNow } = this.#options;
    // Read now, not when the server asks, so that a missing credential opens no connection.
    const secret = await password();
    const client = new Client({
      ...clientConfig(resource),
      user: resource.credential.user,
      password: secret,
      database,
    });
    let connection: Connection | null = null;
    client.on('error', () => {
      // Said again by whatever statement comes next.
      if (connection !== null) this.#pool.drop(connection);
    });
    try {
      await client.connect();
      const server = await answered(welcome(client, controlNow), ANSWER_WITHIN_MS, () => end(client));
      connection = { client, database, server };
      return connection;
    } catch (error) {
      end(client);
      throw explained(withCode(error), this.#where(database));
    }
  }

  #session(connection: Connection): Session {
    const { client, server, database } = connection;
    const query = async (text: string, values?: readonly unknown[]) => {
      try {
        const asked = values === undefined ? client.query(text) : client.query(text, [...values]);
        return await answered(asked, ANSWER_WITHIN_MS, () => end(client));
      } catch (error) {
        this.#pool.drop(connection);
        throw explained(withCode(error), this.#where(database));
      }
    };
    return {
      server,
      async rows(shape, text, values = []) {
        const result = await query(text, values);
        return result.rows.map((row) => shape.parse(row));
      },
      async run(statements) {
        if (statements.length > 0) await query(statements.join(';\n'));
      },
    };
  }

  #where(database: string): Where {
    const { resource } = this.#options;
    return { address: addressOf(resource), user: resource.credential.user, database };
  }
}

function end(client: Client): void {
  client.end().catch(() => {
    // Ending is all that is left to try.
  });
}

export function addressOf({ address }: Pick<DesiredResource, 'address'>): string {
  if ('socket' in address) return `${address.socket}/.s.PGSQL.${address.port}`;
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

function clientConfig(resource: DesiredResource): ClientConfig {
  const { address } = resource;
  return {
    host: 'socket' in address ? address.socket : address.host,
    port: address.port,
    // Named here so that PGOPTIONS, PGAPPNAME and PGSSLMODE of the gateway's own environment have no say.
    application_name: 'tidegate gateway',
    options: '-c search_path=pg_catalog',
    ssl: verificationFor(resource) ?? false,
    connectionTimeoutMillis: CONNECT_WITHIN_MS,
    keepAlive: true,
  };
}

/** The messages of the `pg` library itself (always English) that carry no code. */
const LIBRARY: Readonly<Record<string, string>> = {
  'The server does not support SSL connections': 'no_tls',
  'There was an error establishing an SSL connection': 'no_tls',
  'timeout expired': 'connect_timeout',
  'Connection terminated unexpectedly': 'connection_lost',
  'Connection terminated': 'connection_lost',
  'Client has encountered a connection error and is not queryable': 'connection_lost',
  'Client was closed and is not queryable': 'connection_lost',
};

function withCode(error: unknown): unknown {
  if (!(error instanceof Error) || codeOf(error) !== 'unknown') return error;
  const code = LIBRARY[error.message];
  return code === undefined ? error : Object.assign(new Error(error.message), { code });
}
