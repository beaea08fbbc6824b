/** The administrator's connections to MySQL or MariaDB (see pool.ts), with deadlines, and what went wrong in words. */
import net from 'node:net';
import type { DesiredResource } from '@tidegate/contract';
import { type Connection as Client, type ConnectionOptions, createConnection, type QueryError } from 'mysql2';
import type { z } from 'zod';
import { answered, Pool } from '../../pool.ts';
import { ProvisionError } from '../../provisioner.ts';
import { codeOf, explained, type Where } from './errors.ts';
import { type Server, welcome } from './server.ts';

const MAX_CONNECTIONS = 4;
const IDLE_FOR_MS = 20_000;
const CONNECT_WITHIN_MS = 8_000;
/** Longer than the server's own limits (server.ts), so that a client's deadline means a server that is gone. */
const ANSWER_WITHIN_MS = 40_000;

/** One connection, for as long as `use` lends it. Each statement is one message, and its own transaction. */
export interface Session {
  readonly server: Server;
  /** Rows of one statement, checked against their shape; with values it is prepared. */
  rows<R>(shape: z.ZodType<R>, text: string, values?: readonly (string | null)[]): Promise<R[]>;
  /** One statement after the other; with values it is prepared. */
  run(statements: readonly string[], values?: readonly (string | null)[]): Promise<void>;
  /** The same, with a secret in it: the server's words are not passed on, because they may quote the statement. */
  runSecret(statements: readonly string[]): Promise<void>;
}

export interface Administrator {
  /** Lends a connection; `database` null: to none. Rejects with a `ProvisionError`. */
  use<T>(database: string | null, work: (session: Session) => Promise<T>): Promise<T>;
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
      connect: (key) => this.#connect(key === '' ? null : key),
      close: ({ client }) => goodbye(client),
    });
  }

  use<T>(database: string | null, work: (session: Session) => Promise<T>): Promise<T> {
    return this.#pool.use(database ?? '', (connection) => work(this.#session(connection, this.#where(database))));
  }

  end(): Promise<void> {
    return this.#pool.end();
  }

  async #connect(database: string | null): Promise<Connection> {
    const { resource, password, controlNow } = this.#options;
    // Read before the socket is opened, so that a missing credential opens none.
    const secret = await password();
    const client = createConnection({
      ...clientOptions(resource),
      user: resource.credential.user,
      password: secret,
      ...(database === null ? {} : { database }),
    });
    let connection: Connection | null = null;
    client.on('error', () => {
      // Said again by whatever statement comes next.
      if (connection !== null) this.#pool.drop(connection);
    });
    try {
      const opened = async () => {
        await connected(client);
        return welcome(async (text) => (await asked(client, text)) ?? [], controlNow);
      };
      connection = { client, server: await answered(opened(), CONNECT_WITHIN_MS, () => client.destroy()) };
      return connection;
    } catch (error) {
      client.destroy();
      throw explained(withCode(error, true), this.#where(database));
    }
  }

  #session(connection: Connection, where: Where): Session {
    const { client, server } = connection;
    const query = async (text: string, values?: readonly (string | null)[]) => {
      try {
        return await answered(asked(client, text, values), ANSWER_WITHIN_MS, () => client.destroy());
      } catch (error) {
        this.#pool.drop(connection);
        throw withCode(error, false);
      }
    };
    return {
      server,
      async rows(shape, text, values) {
        try {
          return ((await query(text, values)) ?? []).map((row) => shape.parse(row));
        } catch (error) {
          throw explained(error, where);
        }
      },
      async run(statements, values) {
        try {
          for (const text of statements) await query(text, values);
        } catch (error) {
          throw explained(error, where);
        }
      },
      async runSecret(statements) {
        try {
          for (const text of statements) await query(text);
        } catch (error) {
          // Neither as message nor as cause.
          const words = 'its words are left out, a secret was in the statement';
          throw explained(Object.assign(new Error(words), { code: codeOf(error) }), where);
        }
      },
    };
  }

  #where(database: string | null): Where {
    const { resource } = this.#options;
    return { address: addressOf(resource), user: resource.credential.user, database: database ?? '' };
  }
}

/** A Unix socket is given by its own path; the port says nothing there. */
export function addressOf({ address }: Pick<DesiredResource, 'address'>): string {
  if ('socket' in address) return address.socket;
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

/** Is the way there encrypted? Then principals may log in no other way either. */
export const overTls = ({ address, tls }: Pick<DesiredResource, 'address' | 'tls'>): boolean =>
  tls.mode !== 'disable' && !('socket' in address);

function clientOptions(resource: DesiredResource): ConnectionOptions {
  const { address, tls, credential } = resource;
  const common: ConnectionOptions = {
    connectTimeout: CONNECT_WITHIN_MS,
    connectAttributes: { program_name: 'tidegate gateway' },
    charset: 'utf8mb4_general_ci',
    dateStrings: true,
    enableKeepAlive: true,
  };
  if ('socket' in address) return { ...common, socketPath: address.socket };
  if (!overTls(resource)) return { ...common, host: address.host, port: address.port };
  const verifyIdentity = tls.mode !== 'verify-ca';
  const name = tls.serverName ?? address.host;
  if (verifyIdentity && net.isIP(name) !== 0) throw namelessAddress(name);
  return {
    ...common,
    // Azure asks for the token itself (mysql_clear_password), which a password is never told to anybody by.
    enableCleartextPlugin: credential.source.kind === 'tokenFile',
    // The driver verifies the certificate against `host`; where the connection really goes is the stream's business.
    host: name,
    stream: () => net.connect(address.port, address.host),
    ssl: {
      ...(tls.ca === null ? {} : { ca: tls.ca }),
      minVersion: 'TLSv1.2',
      rejectUnauthorized: true,
      verifyIdentity,
    },
  };
}

/** The driver would verify against no name at all, or the wrong one. */
const namelessAddress = (address: string) =>
  new ProvisionError(
    'The configuration names an address whose certificate cannot be verified.',
    'tls_name',
    `${address} is an address, not a name: give the name in its certificate as the resource's tls.serverName.`,
  );

function connected(client: Client): Promise<void> {
  return new Promise((resolve, reject) => {
    client.connect((error: QueryError | null) => (error === null ? resolve() : reject(error)));
  });
}

/** Rows; null: the statement has none. */
function asked(client: Client, text: string, values?: readonly (string | null)[]): Promise<readonly unknown[] | null> {
  return new Promise((resolve, reject) => {
    const answer = (error: QueryError | null, result: unknown) => {
      if (error !== null) reject(error);
      else resolve(Array.isArray(result) ? result : null);
    };
    if (values === undefined) client.query(text, answer);
    else client.execute(text, [...values], answer);
  });
}

function goodbye(client: Client): Promise<void> {
  return new Promise((resolve) => {
    client.end(() => {
      client.destroy(); // said, or not heard any more: both is the end
      resolve();
    });
  });
}

/** Words of mysql2 for what has a better code. */
const DRIVER: Readonly<Record<string, string>> = {
  HANDSHAKE_NO_SSL_SUPPORT: 'no_tls',
  PROTOCOL_CONNECTION_LOST: 'connection_lost',
  PROTOCOL_SEQUENCE_TIMEOUT: 'deadline',
  EFATAL: 'connection_lost',
};
const LIBRARY: Readonly<Record<string, string>> = {
  'Server does not support secure connection': 'no_tls',
  "Can't add new command when connection is in closed state": 'connection_lost',
  'Connection lost: The server closed the connection.': 'connection_lost',
};

/** The server's error number as text, errno or OpenSSL's code as it is. */
function withCode(error: unknown, connecting: boolean): unknown {
  if (!(error instanceof Error) || error instanceof ProvisionError) return error;
  const number = 'errno' in error && typeof error.errno === 'number' && error.errno >= 1000 ? error.errno : null;
  const own = codeOf(error);
  const named = connecting && own === 'ETIMEDOUT' ? 'connect_timeout' : (DRIVER[own] ?? LIBRARY[error.message]);
  // In the middle of a session it is about a privilege, not about the login.
  const code = number === null ? named : !connecting && number === 1045 ? '1227' : String(number);
  return code === undefined ? error : Object.assign(new Error(error.message), { code });
}
