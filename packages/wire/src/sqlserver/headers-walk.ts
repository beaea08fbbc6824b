/**
 * ALL_HEADERS (MS-TDS 2.2.5.3), which requests of 7.2 and later begin with: passed over, but only when they are exactly
 * as long as they say, so that no server can think that the statement begins elsewhere.
 */
import { uint16At, uint32At } from './integers.ts';
import { type Stepper, Steps } from './steps.ts';
import { MALFORMED, NEEDS_MORE } from './type-info.ts';

const TOTAL_BYTES = 4;
const HEADER_BYTES = 6;
const KNOWN_TYPES = 3;
/** Query notifications hold three texts of up to 65,535 bytes. */
const MAX_BYTES = 256 * 1024;

export class HeadersWalk implements Stepper {
  readonly #steps = new Steps();
  /** Bytes of the headers still to come; -1: not told yet. */
  #left = 0;
  #skip = 0;

  /** `none`: this request has no headers. */
  begin(none: boolean): void {
    this.#left = none ? 0 : -1;
    this.#skip = 0;
    this.#steps.clear();
  }

  get done(): boolean {
    return this.#left === 0;
  }

  /** Gives where the headers end, or `end` when they go on, or a negative number when they are malformed. */
  walk(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    while (this.#left !== 0 && at < end) {
      if (this.#skip > 0) {
        const count = Math.min(this.#skip, end - at);
        this.#skip -= count;
        this.#left -= count;
        at += count;
        continue;
      }
      at = this.#steps.take(this, bytes, at, end);
      if (at < 0) return MALFORMED;
    }
    return at;
  }

  step(bytes: Uint8Array, at: number, end: number): number {
    if (this.#left < 0) {
      if (end - at < TOTAL_BYTES) return NEEDS_MORE;
      const total = uint32At(bytes, at);
      if (total < TOTAL_BYTES || total > MAX_BYTES) return MALFORMED;
      this.#left = total - TOTAL_BYTES;
      return at + TOTAL_BYTES;
    }
    if (end - at < HEADER_BYTES) return NEEDS_MORE;
    const length = uint32At(bytes, at);
    const type = uint16At(bytes, at + 4);
    if (length < HEADER_BYTES || length > this.#left || type === 0 || type > KNOWN_TYPES) return MALFORMED;
    this.#left -= HEADER_BYTES;
    this.#skip = length - HEADER_BYTES;
    return at + HEADER_BYTES;
  }
}
