/** The server: listens, and lets tests look at what came. */
import { once } from 'node:events';
import net from 'node:net';
import { Connection, type Witness } from './connection.ts';
import type { TdsServerOptions } from './options.ts';
import { Instance, type SessionEntry } from './sql/instance.ts';
import { Interpreter } from './sql/interpreter.ts';
import type { Output } from './sql/output.ts';
import { Scope } from './sql/scope.ts';
import { Session } from './sql/session.ts';
import type { SqlValue } from './types/types.ts';
import type { Login7 } from './wire/login7.ts';
import type { Message } from './wire/packets.ts';
import type { Prelogin } from './wire/prelogin.ts';

export interface SeenLogin {
  readonly login: Login7;
  readonly tdsVersion: number;
  readonly packetSize: number;
}

export class TdsServer {
  readonly #server: net.Server;
  readonly #instance: Instance;
  readonly #connections = new Set<Connection>();
  /** In the order they came. */
  readonly prelogins: Prelogin[] = [];
  readonly logins: SeenLogin[] = [];
  readonly messages: Message[] = [];
  readonly errors: Error[] = [];

  private constructor(instance: Instance, options: TdsServerOptions) {
    this.#instance = instance;
    const witness: Witness = {
      prelogin: (prelogin) => this.prelogins.push(prelogin),
      login: (login, agreed) => this.logins.push({ login, ...agreed }),
      message: (message) => {
        if (options.keepsMessages ?? true) this.messages.push(message);
      },
      protocol: (error) => this.errors.push(error),
    };
    this.#server = net.createServer((socket) => {
      const connection = new Connection(socket, instance, options, witness);
      this.#connections.add(connection);
      socket.on('close', () => this.#connections.delete(connection));
    });
  }

  /** Listens on a free port of the loopback interface, with its databases filled. */
  static async start(options: TdsServerOptions, port = 0): Promise<TdsServer> {
    const instance = new Instance(options.name ?? 'tds-server', options.logins);
    for (const [name, batches] of Object.entries(options.databases)) {
      instance.createDatabase(name);
      for (const batch of batches) await administrate(instance, name, batch);
    }
    const server = new TdsServer(instance, options);
    server.#server.listen(port, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('not listening');
    return address.port;
  }

  get sessions(): readonly SessionEntry[] {
    return this.#instance.sessions;
  }

  /** Rows of the last result of `sql`, run as the administrator past the protocol. Throws SqlError. */
  async query(database: string, sql: string): Promise<readonly (readonly SqlValue[])[]> {
    return await administrate(this.#instance, database, sql);
  }

  /** Cuts every client off, as a crash would. */
  dropConnections(): void {
    for (const connection of this.#connections) connection.destroy();
  }

  async close(): Promise<void> {
    this.#server.close();
    this.dropConnections();
    await once(this.#server, 'close');
    // Sessions close their data when their sockets have.
    await new Promise((resolve) => setImmediate(resolve));
    this.#instance.close();
  }
}

async function administrate(instance: Instance, name: string, sql: string): Promise<readonly (readonly SqlValue[])[]> {
  const database = instance.database(name);
  if (database === null) throw new Error(`no database ${name}`);
  const facts = { spid: 1, hostName: '', application: 'test', address: '', tdsVersion: 0x74000004 };
  const session = new Session(instance, database, { name: 'dbo', login: 'sa', owner: true }, facts, () => {});
  let rows: (readonly SqlValue[])[] = [];
  const output: Output = {
    columns: () => {
      rows = [];
    },
    row: (values) => rows.push(values),
    full: false,
    room: async () => {},
    done: () => {},
    failed: (notice) => {
      throw new Error(notice.message);
    },
    notice: () => {},
  };
  try {
    const signal = new AbortController().signal;
    await new Interpreter({ session, scope: new Scope(), output, signal }).batch(sql);
  } finally {
    session.close();
  }
  return rows;
}
