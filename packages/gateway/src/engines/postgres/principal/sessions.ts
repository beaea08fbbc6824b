/**
 * The administrator's connections to one server: few, with deadlines, none trusted after an error. Every statement about
 * principals goes through here.
 */
import tls from 'node:tls';
import type { DesiredResource } from '@tidegate/contract';
import { Client, type ClientConfig } from 'pg';
import type { z } from 'zod';
import { Lane } from '../../lane.ts';
import { ProvisionError } from '../../provisioner.ts';
import { codeOf, explained, type Where } from './errors.ts';
import { type Server, welcome } from './server.ts';

/** A small server (Azure B1ms) has 35 connections for everybody: the administrator takes few of them. */
const MAX_CONNECTIONS = 4;
const CONNECT_WITHIN_MS = 8_000;
/** Longer than the server's own limits (server.ts), so that a client's deadline means a server that is gone. */
const ANSWER_WITHIN_MS = 40_000;
const IDLE_FOR_MS = 20_000;

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
  idleTimer: NodeJS.Timeout | null;
  broken: boolean;
}

export class Connections implements Administrator {
  readonly #options: AdministratorOptions;
  readonly #idle: Connection[] = [];
  readonly #all = new Set<Client>();
  readonly #lane = new Lane(MAX_CONNECTIONS);
  #ended = false;

  constructor(options: AdministratorOptions) {
    this.#options = options;
  }

  async use<T>(database: string, work: (session: Session) => Promise<T>): Promise<T> {
    return this.#lane.run(async () => {
      const connection = await this.#take(database);
      try {
        return await work(this.#session(connection));
      } catch (error) {
        // An error may leave a transaction or a role behind; a new connection is cheap, a confused one is not.
        connection.broken = true;
        throw error;
      } finally {
        this.#giveBack(connection);
      }
    });
  }

  async end(): Promise<void> {
    this.#ended = true;
    for (const connection of this.#idle) clearTimeout(connection.idleTimer ?? undefined);
    this.#idle.length = 0;
    await Promise.all([...this.#all].map((client) => this.#drop(client)));
  }

  async #take(database: string): Promise<Connection> {
    const at = this.#idle.findIndex((connection) => connection.database === database);
    const [found] = at < 0 ? [] : this.#idle.splice(at, 1);
    if (found !== undefined) {
      clearTimeout(found.idleTimer ?? undefined);
      return found;
    }
    if (this.#all.size >= MAX_CONNECTIONS) {
      const other = this.#idle.shift(); // of another database: the bound is for all of them together
      if (other !== undefined) {
        clearTimeout(other.idleTimer ?? undefined);
        await this.#drop(other.client);
      }
    }
    return this.#connect(database);
  }

  #giveBack(connection: Connection): void {
    if (connection.broken || this.#ended) {
      this.#dropUnawaited(connection.client);
      return;
    }
    connection.idleTimer = setTimeout(() => this.#forget(connection), IDLE_FOR_MS);
    connection.idleTimer.unref();
    this.#idle.push(connection);
  }

  #forget(connection: Connection): void {
    const at = this.#idle.indexOf(connection);
    if (at < 0) return;
    this.#idle.splice(at, 1);
    clearTimeout(connection.idleTimer ?? undefined);
    this.#dropUnawaited(connection.client);
  }

  async #connect(database: string): Promise<Connection> {
    const { resource, password, controlNow } = this.#options;
    const where = this.#where(database);
    if (this.#ended) throw new ProvisionError('The gateway is stopping.', 'stopping', 'The connections were ended.');
    // Read now, not when the server asks, so that a missing credential opens no connection.
    const secret = await password();
    const client = new Client({
      ...clientConfig(resource),
      user: resource.credential.user,
      password: secret,
      database,
    });
    this.#all.add(client);
    let connection: Connection | null = null;
    client.on('error', () => {
      // Said again by whatever statement comes next; an idle connection is forgotten at once.
      if (connection === null) return;
      connection.broken = true;
      this.#forget(connection);
    });
    try {
      await client.connect();
      const server = await answered(client, welcome(client, controlNow));
      connection = { client, database, server, idleTimer: null, broken: false };
      return connection;
    } catch (error) {
      this.#dropUnawaited(client);
      throw explained(withCode(error), where);
    }
  }

  #session(connection: Connection): Session {
    const { client, server, database } = connection;
    const where = this.#where(database);
    const query = async (text: string, values?: readonly unknown[]) => {
      try {
        const asked = values === undefined ? client.query(text) : client.query(text, [...values]);
        return await answered(client, asked);
      } catch (error) {
        connection.broken = true;
        throw explained(withCode(error), where);
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

  async #drop(client: Client): Promise<void> {
    this.#all.delete(client);
    // With a query running `end` destroys the socket; without, it says goodbye, and a dead peer must not hold us up.
    await Promise.race([client.end(), new Promise((resolve) => setTimeout(resolve, 1_000).unref())]);
  }

  #dropUnawaited(client: Client): void {
    this.#drop(client).catch(() => {
      // The connection was lost already: there is nothing left to end.
    });
  }
}

export function addressOf({ address }: Pick<DesiredResource, 'address'>): string {
  if ('socket' in address) return `${address.socket}/.s.PGSQL.${address.port}`;
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

function clientConfig(resource: DesiredResource): ClientConfig {
  const { address, tls: wanted } = resource;
  const host = 'socket' in address ? address.socket : address.host;
  return {
    host,
    port: address.port,
    // Named here so that PGOPTIONS, PGAPPNAME and PGSSLMODE of the gateway's own environment have no say.
    application_name: 'tidegate gateway',
    options: '-c search_path=pg_catalog',
    ssl: wanted.mode === 'disable' || 'socket' in address ? false : verification(wanted),
    connectionTimeoutMillis: CONNECT_WITHIN_MS,
    keepAlive: true,
  };
}

/** TLS is never without verification: `verify-ca` leaves out the name only. */
function verification(wanted: DesiredResource['tls']): tls.ConnectionOptions {
  return {
    ...(wanted.ca === null ? {} : { ca: wanted.ca }),
    minVersion: 'TLSv1.2',
    rejectUnauthorized: true,
    checkServerIdentity: (host, certificate) =>
      wanted.mode === 'verify-ca' ? undefined : tls.checkServerIdentity(wanted.serverName ?? host, certificate),
  };
}

/** A client whose answer is late is dropped with its connection: what it still does there is bounded by the server. */
async function answered<T>(client: Client, work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(coded('no answer', 'deadline'));
    client.end().catch(() => {
      // Ending is all that is left to try.
    });
  }, ANSWER_WITHIN_MS);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
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
  return code === undefined ? error : coded(error.message, code);
}

const coded = (message: string, code: string) => Object.assign(new Error(message), { code });
