/** A socket of the port as a stream, for what is built on streams only: TLS, where the socket is not Node's own. */
import { Buffer } from 'node:buffer';
import { Duplex } from 'node:stream';
import { PRESSURE_BYTES, type RelaySocket } from './port.ts';

export class SocketStream extends Duplex {
  readonly #socket: RelaySocket;
  /** Tells the stream that what it wrote has gone. */
  #written: (() => void) | null = null;

  /** Owns the socket from now on. `received` is what was read from it already. */
  constructor(socket: RelaySocket, received: Buffer) {
    super({ allowHalfOpen: true, emitClose: true });
    this.#socket = socket;
    // A stream keeps what it is given.
    if (received.length > 0) this.push(Buffer.from(received));
    socket.readBy({
      chunk: (bytes, length, given) => {
        if (!this.push(given ? bytes : Buffer.from(bytes.subarray(0, length)))) socket.pause();
      },
      ended: () => void this.push(null),
      drained: () => this.#drained(),
      closed: (error) => {
        this.#drained();
        this.destroy(error ?? undefined);
      },
    });
  }

  #drained(): void {
    const written = this.#written;
    this.#written = null;
    written?.();
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(chunk);
    // The socket refers to the memory until it has gone; whoever wrote it may use it again once told.
    if (this.#socket.pendingBytes < PRESSURE_BYTES) done();
    else this.#written = done;
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.end();
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }
}
