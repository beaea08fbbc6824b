/** The port on Node's sockets. */
import { Buffer } from 'node:buffer';
import net from 'node:net';
import type { DuplexOptions } from 'node:stream';
import { DirectWrite } from './direct-write.ts';
import {
  BACKLOG,
  KEEP_ALIVE_MS,
  type Listening,
  type ListenOptions,
  NOBODY,
  PRESSURE_BYTES,
  plainAddress,
  type RelaySocket,
  type SocketAddress,
  type SocketLayer,
  type SocketReader,
} from './port.ts';

/** One read takes at most this. */
const READ_BYTES = 64 * 1024;

/**
 * All reads of the process go into this memory: `chunk` lends it to one reader after the other. An idle session thus
 * costs no buffer, and a read allocates nothing (Node's own way allocates 64 KB for each).
 */
const readBuffer = Buffer.allocUnsafeSlow(READ_BYTES);

export class NodeSocket implements RelaySocket {
  readonly #socket: net.Socket;
  /** Null: the stream writes. */
  readonly #direct: DirectWrite | null;
  readonly remoteAddress: string;
  #reader: SocketReader = NOBODY;
  /** Reads by events once there is a reader: without one Node would read ahead of it, and drop what it read. */
  #eventsWanted: boolean;
  #error: Error | null = null;
  #ended = false;
  #closed = false;

  /** `byEvents`: nobody else calls `received`, and the socket may be any stream (TLS). */
  constructor(socket: net.Socket, remoteAddress: string, byEvents: boolean) {
    this.#socket = socket;
    this.remoteAddress = remoteAddress;
    this.#eventsWanted = byEvents;
    this.#direct = byEvents ? null : DirectWrite.on(socket, () => this.#reader.drained());
    socket.on('end', () => {
      this.#ended = true;
      this.#reader.ended();
    });
    socket.on('drain', () => this.#reader.drained());
    socket.on('error', (error) => {
      this.#error = error;
    });
    socket.on('close', () => {
      const reader = this.#reader;
      this.#closed = true;
      this.#reader = NOBODY;
      reader.closed(this.#error);
    });
  }

  /** Gives the socket away, to TLS, with nothing more read from it. */
  release(): net.Socket {
    this.#reader = NOBODY;
    this.#socket.pause();
    return this.#socket;
  }

  get pendingBytes(): number {
    return this.#direct === null ? this.#socket.writableLength : this.#direct.pending;
  }

  readBy(reader: SocketReader): void {
    this.#reader = reader;
    // A reader that comes late hears what has happened already.
    if (this.#closed) queueMicrotask(() => reader.closed(this.#error));
    else if (this.#ended) queueMicrotask(() => reader.ended());
    if (!this.#eventsWanted) return;
    this.#eventsWanted = false;
    this.#socket.on('data', (chunk: Buffer) => this.#reader.chunk(chunk, chunk.length, true));
  }

  write(chunk: Buffer): void {
    if (this.#direct === null) this.#socket.write(chunk);
    else this.#direct.write(chunk);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** What the `onread` option of a socket calls. */
  received(bytes: Buffer, length: number): void {
    this.#reader.chunk(bytes, length, false);
  }
}

/** The `onread` option, and the way to tell it later whose bytes it reads: the socket must be made first. */
function directRead(): { onread: net.OnReadOpts; readInto: (socket: NodeSocket) => void } {
  let receiver: NodeSocket | null = null;
  const callback = (length: number): boolean => {
    receiver?.received(readBuffer, length);
    return true;
  };
  return {
    onread: { buffer: readBuffer, callback },
    readInto: (socket) => {
      receiver = socket;
    },
  };
}

/**
 * Takes over a socket from a server that accepts with `pauseOnConnect`. Node's servers cannot make sockets that read
 * into memory of ours, so its handle is put into one that does; that saves a fifth of the relay's own time. The handle
 * is Node's private matter: where it is not as expected the socket is used as it came. `closed` is called at its very
 * end, whatever was built on it.
 */
function acceptedSocket(accepted: net.Socket, closed: () => void): NodeSocket {
  const remoteAddress = plainAddress(accepted.remoteAddress);
  const handle: unknown = Reflect.get(accepted, '_handle');
  if (typeof handle !== 'object' || handle === null || !('useUserBuffer' in handle)) {
    accepted.once('close', closed);
    return new NodeSocket(accepted, remoteAddress, true);
  }
  const { onread, readInto } = directRead();
  const options: StreamOptions = { onread, allowHalfOpen: true, writableHighWaterMark: PRESSURE_BYTES };
  const socket = new net.Socket(Object.assign(options, { handle }));
  Reflect.set(accepted, '_handle', null);
  // Without its handle this only tells the server that the connection it counted is in other hands.
  accepted.destroy();
  socket.once('close', closed);
  const direct = new NodeSocket(socket, remoteAddress, false);
  readInto(direct);
  return direct;
}

/** Sockets take the options of streams too, which their types leave out. */
type StreamOptions = net.SocketConstructorOpts & Pick<DuplexOptions, 'writableHighWaterMark'>;

function connect(address: SocketAddress, signal: AbortSignal): Promise<NodeSocket> {
  const { onread, readInto } = directRead();
  const { promise, resolve, reject } = Promise.withResolvers<NodeSocket>();
  if (signal.aborted) {
    reject(signal.reason);
    return promise;
  }
  const options: StreamOptions & net.NetConnectOpts = {
    ...address,
    onread,
    allowHalfOpen: true,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_MS,
    writableHighWaterMark: PRESSURE_BYTES,
  };
  const socket = net.connect(options);
  const give = () => {
    socket.destroy();
    reject(signal.reason);
  };
  signal.addEventListener('abort', give, { once: true });
  socket.once('error', reject);
  socket.once('connect', () => {
    socket.off('error', reject);
    signal.removeEventListener('abort', give);
    const direct = new NodeSocket(socket, plainAddress(socket.remoteAddress), false);
    readInto(direct);
    resolve(direct);
  });
  socket.once('close', () => signal.removeEventListener('abort', give));
  return promise;
}

/** Options for servers whose sockets go to `acceptedSocket`. */
const SERVER_OPTIONS: net.ServerOpts = {
  pauseOnConnect: true,
  allowHalfOpen: true,
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: KEEP_ALIVE_MS,
  highWaterMark: PRESSURE_BYTES,
};

async function listen({ host, port, reusePort, accepted, failed }: ListenOptions): Promise<Listening> {
  const server = net.createServer(SERVER_OPTIONS, (socket) => {
    let over = (): void => {};
    over = accepted(acceptedSocket(socket, () => over()));
  });
  try {
    await bound(server, { host, port, backlog: BACKLOG, reusePort });
  } catch (error) {
    // Where the platform can't share a port between processes, one worker alone still can have it.
    if (!reusePort || !(error instanceof Error && 'code' in error && error.code === 'ENOTSUP')) throw error;
    await bound(server, { host, port, backlog: BACKLOG });
  }
  server.on('error', failed);
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    close: () => server.close(),
  };
}

function bound(server: net.Server, options: net.ListenOptions): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(options, () => {
    server.off('error', reject);
    resolve();
  });
  return promise;
}

export const nodeSockets: SocketLayer = { connect, listen };
