/** What a chunk's end has cut in two, put together again in a small buffer. Nothing of it is touched by what lies whole. */
import { Buffer } from 'node:buffer';

/** A buffer up to this size is kept for the next message; a larger one is given back. */
const KEPT_BYTES = 1024;

const EMPTY: Uint8Array = Buffer.alloc(0);

export class Gathering {
  /** `[0, wanted)` of it, once it is whole; holds until the next chunk. */
  bytes: Uint8Array = EMPTY;
  wanted = 0;
  #had = 0;
  /** The buffer was handed out for this chunk, and must not be written again before the next. */
  #lent = false;

  /** A new chunk: nobody looks at what was handed out for the one before. */
  fed(): void {
    this.#lent = false;
  }

  begin(wanted: number): void {
    this.wanted = wanted;
    this.#had = 0;
    if (this.#lent || this.bytes.length < wanted) this.bytes = Buffer.allocUnsafeSlow(Math.max(wanted, KEPT_BYTES));
  }

  /** Takes what is still wanted from the chunk, as far as it goes. Gives how many bytes that was. */
  take(chunk: Uint8Array, at: number): number {
    const count = Math.min(this.wanted - this.#had, chunk.length - at);
    this.bytes.set(chunk.subarray(at, at + count), this.#had);
    this.#had += count;
    return count;
  }

  /** It is whole, and handed out. */
  whole(): boolean {
    this.#lent = this.#had === this.wanted;
    return this.#lent;
  }

  /** Nothing is being gathered: a large buffer is not kept. */
  release(): void {
    if (this.bytes.length > KEPT_BYTES) this.bytes = EMPTY;
  }
}
