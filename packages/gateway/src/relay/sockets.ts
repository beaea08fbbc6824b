/**
 * The small port through which the relay knows sockets, and its implementation on Node's. Whatever knows how to hand
 * over chunks and take them can stand here instead.
 */
import { Buffer } from 'node:buffer';
import net from 'node:net';
import type { DuplexOptions } from 'node:stream';
import { DirectWrite } from './direct-write.ts';

/** Who is told what happens on a socket. One at a time: the handshake's reader, then the pump's. */
export interface SocketReader {
  /** The first `length` bytes of `bytes` came. They are lent: the memory is used again once this returns. */
  chunk(bytes: Buffer, length: number): void;
  /** The peer sends nothing more; it may still read. */
  ended(): void;
  /** Everything written has gone, after `pendingBytes` had reached `PRESSURE_BYTES`. */
  drained(): void;
  /** The last call: nothing more comes or goes. `error` is null when both sides had ended in order. */
  closed(error: Error | null): void;
}

export interface RelaySocket {
  /** The peer's address, without its port; empty on a Unix socket. */
  readonly remoteAddress: string;
  /** Bytes written that the kernel has not taken. */
  readonly pendingBytes: number;
  /** From now on `reader` is told, and not the one before; also that the peer ended or closed, if it had. */
  readBy(reader: SocketReader): void;
  /** Sends `chunk`, and refers to its memory for as long as `pendingBytes` is not 0. */
  write(chunk: Buffer): void;
  pause(): void;
  resume(): void;
  /** Says that nothing more will be written, once what is pending has gone. */
  end(): void;
  /** Closes at once; what is pending is lost. `closed` follows. */
  destroy(): void;
}

/** From this many pending bytes on `drained` is promised, so whoever writes should stop until then. */
export const PRESSURE_BYTES = 64 * 1024;
/** One read takes at most this. */
const READ_BYTES = 64 * 1024;
/** A peer whose machine has vanished is noticed by the kernel asking after it. */
const KEEP_ALIVE_MS = 60_000;

/**
 * All reads of the process go into this memory: `chunk` lends it to one reader after the other. An idle session thus
 * costs no buffer, and a read allocates nothing (Node's own way allocates 64 KB for each).
 */
const readBuffer = Buffer.allocUnsafeSlow(READ_BYTES);

const NOBODY: SocketReader = { chunk() {}, ended() {}, drained() {}, closed() {} };

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
    this.#socket.on('data', (chunk: Buffer) => this.received(chunk, chunk.length));
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
    this.#reader.chunk(bytes, length);
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
export function acceptedSocket(accepted: net.Socket, closed: () => void): NodeSocket {
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

/** Where to connect: TCP, or a Unix socket. */
export type SocketAddress = { readonly host: string; readonly port: number } | { readonly path: string };

/** Connects, or rejects with Node's error; `signal` gives up. */
export function connectSocket(address: SocketAddress, signal: AbortSignal): Promise<NodeSocket> {
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
export const SERVER_OPTIONS: net.ServerOpts = {
  pauseOnConnect: true,
  allowHalfOpen: true,
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: KEEP_ALIVE_MS,
  highWaterMark: PRESSURE_BYTES,
};

/** IPv4 as people write it, also where a dual-stack listener says `::ffff:192.0.2.1`. */
function plainAddress(address: string | undefined): string {
  return address?.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/, '') ?? '';
}
