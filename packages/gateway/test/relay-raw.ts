/** A PostgreSQL client without manners: says exactly the bytes it is told to, and reads whole messages. */
import { randomBytes } from 'node:crypto';
import net from 'node:net';
import tls from 'node:tls';
import { postgres } from '@tidegate/wire';
import { DATABASE, type TestGrant, type TestRelay } from './relay-support.ts';

export class RawClient {
  socket: net.Socket;
  readonly closed: Promise<void>;
  #buffer = Buffer.alloc(0);
  #over = false;
  #wake: () => void = () => {};
  key: postgres.CancelKey | null = null;

  constructor(port: number) {
    this.socket = net.connect({ host: '127.0.0.1', port, allowHalfOpen: false });
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    this.#listen(this.socket);
    this.socket.once('close', () => resolve());
  }

  #listen(socket: net.Socket): void {
    socket.on('data', (chunk: Buffer) => {
      this.#buffer = Buffer.concat([this.#buffer, chunk]);
      this.#wake();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#over = true;
      this.#wake();
    });
  }

  send(...chunks: readonly Buffer[]): void {
    for (const chunk of chunks) this.socket.write(chunk);
  }

  /** The next `length` bytes, or fewer when the connection closes before. */
  async bytes(length: number): Promise<Buffer> {
    while (this.#buffer.length < length && !this.#over) await this.#more();
    const taken = this.#buffer.subarray(0, length);
    this.#buffer = this.#buffer.subarray(length);
    return taken;
  }

  /** The next whole message; null when the connection closes before. */
  async message(): Promise<{ type: string; body: Buffer } | null> {
    const header = await this.bytes(5);
    if (header.length < 5) return null;
    const body = await this.bytes(header.readInt32BE(1) - 4);
    return { type: String.fromCharCode(header[0] ?? 0), body };
  }

  /** Messages up to the first of this type; fails when an error or the end comes instead. */
  async until(type: string): Promise<Buffer> {
    for (;;) {
      const message = await this.message();
      if (message === null) throw new Error(`closed while waiting for ${type}`);
      if (message.type === type) return message.body;
      if (message.type === 'K') this.key = postgres.readBackendKeyData(message.body);
      if (message.type === 'E') throw new Error(`refused: ${JSON.stringify(postgres.readErrorResponse(message.body))}`);
    }
  }

  /** The error that comes, whatever comes before it. */
  async refusal(): Promise<postgres.ErrorFields> {
    for (;;) {
      const message = await this.message();
      if (message === null) throw new Error('closed without an error');
      if (message.type === 'E') return postgres.readErrorResponse(message.body);
    }
  }

  #more(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    return promise;
  }

  async startTls(options: tls.ConnectionOptions = {}): Promise<void> {
    const raw = this.socket;
    raw.removeAllListeners('data');
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const secure = tls.connect({ socket: raw, rejectUnauthorized: false, ...options }, resolve);
    secure.once('error', reject);
    this.socket = secure;
    this.#listen(secure);
    await promise;
  }

  end(): void {
    this.socket.destroy();
  }
}

export interface RawLogin {
  readonly user?: string;
  readonly password?: string;
  readonly database?: string;
  readonly parameters?: Readonly<Record<string, string>>;
  /** Of protocol 3. */
  readonly minor?: number;
}

export function startup(
  user: string,
  database: string,
  parameters: Readonly<Record<string, string>> = {},
  minor = 0,
): Buffer {
  const message = postgres.startupMessage(user, database, new Map(Object.entries(parameters)));
  message.writeInt32BE((3 << 16) | minor, 4);
  return message;
}

/**
 * Sends the start-up packet and proves the password; what comes of it is for the caller to read. `ahead` is called with
 * the proof sent and no answer yet.
 */
export async function prove(
  client: RawClient,
  login: Required<Pick<RawLogin, 'user' | 'password'>> & RawLogin,
  ahead: () => void = () => {},
): Promise<void> {
  client.send(startup(login.user, login.database ?? DATABASE, login.parameters, login.minor));
  await client.until('R');
  const scram = new postgres.ScramClient({
    nonce: randomBytes(18).toString('base64'),
    offered: [postgres.SCRAM_SHA_256],
    endPoint: null,
    password: login.password,
  });
  client.send(postgres.saslInitialResponse(scram.mechanism, scram.first()));
  const asked = postgres.readAuthentication(await client.until('R'));
  if (asked.kind !== 'saslContinue') throw new Error(`asked for ${asked.kind}`);
  client.send(postgres.saslResponse(scram.final(asked.data)));
  ahead();
}

/** A raw client that is logged in and ready. */
export async function rawSession(
  relay: Pick<TestRelay, 'port'>,
  grant: TestGrant,
  login: RawLogin = {},
): Promise<RawClient> {
  const client = new RawClient(relay.port);
  await prove(client, { user: grant.user, password: grant.passwords[0] ?? '', ...login });
  await client.until('Z');
  return client;
}

export function query(text: string): Buffer {
  const body = Buffer.from(`${text}\0`);
  const header = Buffer.alloc(5);
  header.write('Q');
  header.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([header, body]);
}

/** Any message: type, body. */
export function frame(type: string, body: Buffer = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(5);
  header.write(type);
  header.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([header, body]);
}
