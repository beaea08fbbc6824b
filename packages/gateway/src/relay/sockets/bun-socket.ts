/** A connection of the port on one of Bun's sockets, bare or inside TLS. */
import { Buffer } from 'node:buffer';
import type { Handle, Handlers, SecureHandlers, UpgradeOptions } from './bun-handle.ts';
import { KEEP_ALIVE_MS, NOBODY, PRESSURE_BYTES, plainAddress, type RelaySocket, type SocketReader } from './port.ts';

export class BunSocket implements RelaySocket {
  #handle: Handle;
  readonly remoteAddress: string;
  #reader: SocketReader = new Early();
  /** What the kernel did not take, in order. */
  #pending: Buffer[] = [];
  pendingBytes = 0;
  /** `drained` is owed. */
  #pressed = false;
  #ending = false;
  #destroyed = false;
  #ended = false;
  #closed = false;
  #error: Error | null = null;
  /** Called last. */
  over: () => void = () => {};

  constructor(handle: Handle, remoteAddress: string = plainAddress(handle.remoteAddress)) {
    this.#handle = handle;
    this.remoteAddress = remoteAddress;
    handle.data = this;
  }

  /** As each of the relay's connections is. */
  static of(handle: Handle): BunSocket {
    handle.setNoDelay(true);
    handle.setKeepAlive(true, KEEP_ALIVE_MS);
    return new BunSocket(handle);
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  readBy(reader: SocketReader): void {
    const before = this.#reader;
    this.#reader = reader;
    // A reader that comes late hears what has happened already.
    if (before instanceof Early && before.chunks.length > 0) {
      queueMicrotask(() => {
        for (const chunk of before.chunks) this.received(chunk);
      });
    }
    if (this.#closed) queueMicrotask(() => reader.closed(this.#error));
    else if (this.#ended) queueMicrotask(() => reader.ended());
  }

  write(chunk: Buffer): void {
    if (this.#closed || this.#destroyed || this.#ending) return;
    let written = 0;
    if (this.pendingBytes === 0) {
      written = this.#handle.write(chunk);
      if (written === chunk.length) return;
    }
    this.#await(written > 0 ? chunk.subarray(written) : chunk);
  }

  pause(): void {
    if (!this.#closed) this.#handle.pause();
  }

  resume(): void {
    if (!this.#closed) this.#handle.resume();
  }

  end(): void {
    if (this.#ending) return;
    this.#ending = true;
    if (this.pendingBytes === 0) this.#shutDown();
  }

  destroy(): void {
    if (this.#closed || this.#destroyed) return;
    this.#destroyed = true;
    // Later, as Node does: whoever destroys a socket is done with what it is at when it hears that it is closed.
    queueMicrotask(() => this.#handle.end());
  }

  /**
   * TLS from here on, spoken by the socket that `handlers` find at their handle. What is left here can destroy it, and no
   * more. `over` becomes the other's.
   */
  upgrade(options: Omit<UpgradeOptions, 'socket'>, handlers: Omit<SecureHandlers, 'open'>): void {
    const open = (inside: Handle): void => {
      if (inside.data !== undefined) return;
      const socket = new BunSocket(inside, this.remoteAddress);
      socket.over = this.over;
      this.over = () => {};
      this.#handle = inside;
    };
    this.#reader = NOBODY;
    const bare = this.#handle;
    // Else what it is told of as it is made would be told to this.
    bare.data = undefined;
    const [below, inside] = bare.upgradeTLS({ ...options, socket: { ...handlers, open } });
    below.data = undefined;
    open(inside);
  }

  received(chunk: Buffer): void {
    if (!this.#destroyed) this.#reader.chunk(chunk, chunk.length, chunk.length < LENT_BYTES);
  }

  writable(): void {
    while (!this.#closed && !this.#destroyed) {
      const chunk = this.#pending[0];
      if (chunk === undefined) break;
      const written = this.#handle.write(chunk);
      if (written > 0) this.pendingBytes -= written;
      if (written < chunk.length) {
        if (written > 0) this.#pending[0] = chunk.subarray(written);
        return;
      }
      this.#pending.shift();
    }
    if (this.#closed || this.#destroyed) return;
    if (this.#ending) this.#shutDown();
    if (!this.#pressed) return;
    this.#pressed = false;
    this.#reader.drained();
  }

  peerEnded(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#reader.ended();
  }

  /** The peer broke a rule of what the connection runs in; it is closed. */
  failed(error: Error): void {
    this.#error ??= error;
    this.destroy();
  }

  closed(error: Error | null): void {
    if (this.#closed) return;
    this.#error ??= error;
    // Where this side had ended before, the peer's end is told by the close alone.
    if (this.#error === null && !this.#destroyed) this.peerEnded();
    this.#closed = true;
    this.#pending = [];
    this.pendingBytes = 0;
    const reader = this.#reader;
    if (!(reader instanceof Early)) this.#reader = NOBODY;
    reader.closed(this.#error);
    this.over();
  }

  #await(rest: Buffer): void {
    this.#pending.push(rest);
    this.pendingBytes += rest.length;
    if (this.pendingBytes >= PRESSURE_BYTES) this.#pressed = true;
  }

  /** Closes too, where the peer has ended already. */
  #shutDown(): void {
    if (!this.#closed) this.#handle.shutdown();
  }
}

/** Reads until somebody does: inside TLS the first bytes come together with the end of the handshake. */
class Early implements SocketReader {
  readonly chunks: Buffer[] = [];

  chunk(bytes: Buffer, length: number, given: boolean): void {
    this.chunks.push(given ? bytes : Buffer.from(bytes.subarray(0, length)));
  }
  ended(): void {}
  drained(): void {}
  closed(): void {}
}

/**
 * Each read is a buffer of its own in Bun, of half a megabyte at most. A small one is given to the reader, and garbage
 * like any other when it is done with. Large ones, left to the collector, would pile up to many times what is on its way,
 * and a relay's memory is to stay flat: they are lent, and freed as soon as the reader returns.
 */
const LENT_BYTES = 8 * 1024;

function freeLent(chunk: Buffer): void {
  // Before `buffer` is looked at: Bun then makes an ArrayBuffer of it, which costs more than all else done with a chunk.
  if (chunk.length < LENT_BYTES) return;
  const { buffer, length } = chunk;
  // Detaching is the one way to free memory by hand that the language has.
  if (length === buffer.byteLength && buffer instanceof ArrayBuffer) buffer.transfer(0);
}

export const HANDLERS: Omit<Handlers, 'open' | 'error'> = {
  data: ({ data }, chunk) => {
    data?.received(chunk);
    freeLent(chunk);
  },
  drain: ({ data }) => data?.writable(),
  end: ({ data }) => data?.peerEnded(),
  close: ({ data }, error) => data?.closed(error ?? null),
};

/** An error of ours, which ends the worker as it would anywhere else. */
export function ours(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
