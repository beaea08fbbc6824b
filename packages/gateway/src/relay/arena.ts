/**
 * Memory for chunks between reading and writing. Sockets read into memory that the next read uses again (sockets.ts), so
 * a chunk is copied here: into a block that begins anew as soon as nothing in it is waited for, which in ordinary
 * traffic is at the end of each turn. Relaying then allocates nothing that grows with what is relayed.
 */
import { Buffer } from 'node:buffer';

/** Four full reads; longer lists of chunks take a new block. */
const BLOCK_BYTES = 256 * 1024;

export class Arena {
  #block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
  /** Below `#base` a socket still refers to what it could not send at once: never used again by us. */
  #base = 0;
  #at = 0;
  #kept = 0;
  #pinned = false;

  /** A copy of the first `length` bytes (at most a read's size), to be given back with `done`. */
  keep(bytes: Buffer, length: number): Buffer {
    if (this.#at + length > this.#block.length) {
      // The old block stays alive for as long as somebody refers to it.
      this.#block = Buffer.allocUnsafeSlow(Math.max(BLOCK_BYTES, length));
      this.#base = 0;
      this.#at = 0;
    }
    const start = this.#at;
    bytes.copy(this.#block, start, 0, length);
    this.#at = start + length;
    this.#kept += 1;
    return this.#block.subarray(start, this.#at);
  }

  /** The chunk was written or dropped. `pinned`: the socket could not send it all and refers to it still. */
  done(pinned: boolean): void {
    if (pinned) this.#pinned = true;
    this.#kept -= 1;
    if (this.#kept > 0) return;
    if (this.#pinned) this.#base = this.#at;
    else this.#at = this.#base;
    this.#pinned = false;
  }
}
