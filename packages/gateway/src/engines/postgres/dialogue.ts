/** A handshake's side of a socket: one message after the other, awaited. Only for the time before the pump takes over. */
import type { Buffer } from 'node:buffer';
import { postgres } from '@tidegate/wire';
import type { RelaySocket, SocketReader } from '../../relay/sockets.ts';

/** What may wait to be read before its sender is made to wait too. Start-up packets have 10,004 bytes at most, proofs 4 KB. */
const WAITING_LIMIT = 32 * 1024;

export class Dialogue implements SocketReader {
  readonly #socket: RelaySocket;
  readonly #signal: AbortSignal;
  readonly #lost: (why: string) => Error;
  readonly #reader: postgres.HandshakeReader;
  /** Why nothing more will come; null: more may. */
  #over: unknown = null;
  #wake: (() => void) | null = null;
  #paused = false;

  /** `lost` makes the error for a peer that went away, and may act on it. */
  constructor(socket: RelaySocket, side: 'client' | 'server', signal: AbortSignal, lost: (why: string) => Error) {
    this.#socket = socket;
    this.#signal = signal;
    this.#lost = lost;
    this.#reader = new postgres.HandshakeReader(side, side === 'client' ? WAITING_LIMIT : undefined);
    signal.addEventListener('abort', this.#aborted, { once: true });
    socket.readBy(this);
  }

  startup(): Promise<postgres.StartupPacket> {
    return this.#next(() => this.#reader.startup());
  }

  message(): Promise<postgres.RawMessage> {
    return this.#next(() => this.#reader.message());
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

  /** What was sent before the end is still read, so that a peer's last error is seen. */
  async #next<T>(read: () => T | null): Promise<T> {
    for (;;) {
      this.#signal.throwIfAborted();
      const found = read();
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
}
