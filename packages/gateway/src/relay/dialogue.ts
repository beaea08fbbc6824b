/** A handshake's side of a socket: one message after the other, awaited. Only for the time before the pump takes over. */
import type { Buffer } from 'node:buffer';
import type { Arrival } from './arrival.ts';
import { ClientGone } from './refusal.ts';
import type { RelaySocket, SocketReader } from './sockets.ts';

/** What may wait to be read before its sender is made to wait too: well over the largest message of any login. */
export const WAITING_LIMIT = 32 * 1024;

/** Cuts a handshake's messages out of the bytes: an engine's own. Bounded; throws on bytes that break the protocol. */
export interface MessageReader {
  /** Copies what it keeps. */
  push(chunk: Uint8Array): void;
  /** Bytes received and not read. */
  readonly waiting: number;
  /** Takes what was received and not read. */
  rest(): Buffer;
}

export class Dialogue<Reader extends MessageReader> implements SocketReader {
  readonly #socket: RelaySocket;
  readonly #reader: Reader;
  readonly #signal: AbortSignal;
  readonly #lost: (why: string) => Error;
  /** Why nothing more will come; null: more may. */
  #over: unknown = null;
  #wake: (() => void) | null = null;
  #paused = false;

  /** `lost` makes the error for a peer that went away, and may act on it. */
  constructor(socket: RelaySocket, reader: Reader, signal: AbortSignal, lost: (why: string) => Error) {
    this.#socket = socket;
    this.#reader = reader;
    this.#signal = signal;
    this.#lost = lost;
    signal.addEventListener('abort', this.#aborted, { once: true });
    socket.readBy(this);
  }

  /** The next message, as `take` finds it in what has come; null from it: more is needed. */
  async next<T>(take: (reader: Reader) => T | null): Promise<T> {
    for (;;) {
      this.#signal.throwIfAborted();
      // What was sent before the end is still read, so that a peer's last error is seen.
      const found = take(this.#reader);
      if (found !== null) return found;
      if (this.#paused) this.#socket.resume();
      this.#paused = false;
      if (this.#over !== null) throw this.#over;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
      this.#wake = null;
    }
  }

  write(...messages: readonly Buffer[]): void {
    for (const message of messages) this.#socket.write(message);
  }

  /** Bytes received and not read. */
  get waiting(): number {
    return this.#reader.waiting;
  }

  /** Ends the dialogue: gives what was received and not read. The socket needs another reader in the same turn. */
  leave(): Buffer {
    this.#signal.removeEventListener('abort', this.#aborted);
    if (this.#paused) this.#socket.resume();
    return this.#reader.rest();
  }

  chunk(bytes: Buffer, length: number): void {
    try {
      this.#reader.push(bytes.subarray(0, length));
    } catch (error) {
      this.#end(error);
    }
    if (this.#reader.waiting > WAITING_LIMIT && !this.#paused) {
      this.#paused = true;
      this.#socket.pause();
    }
    this.#wake?.();
  }

  ended(): void {
    this.#end(this.#lost('it closed the connection'));
  }

  drained(): void {}

  closed(error: Error | null): void {
    this.#end(this.#lost(error?.message ?? 'it closed the connection'));
  }

  readonly #aborted = (): void => this.#end(this.#signal.reason);

  #end(why: unknown): void {
    this.#over ??= why;
    this.#wake?.();
  }
}

/** With a client that is not in yet. When it goes away, whatever waits for it stops waiting. */
export function talk<Reader extends MessageReader>(arrival: Arrival, reader: Reader): Dialogue<Reader> {
  return new Dialogue(arrival.socket, reader, arrival.signal, (why) => {
    const gone = new ClientGone(why);
    arrival.end(gone);
    return gone;
  });
}
