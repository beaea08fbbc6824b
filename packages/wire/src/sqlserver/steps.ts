/**
 * Reads what comes in pieces as if it were in one: a step that finds too little gets it again with what follows. Only
 * what a piece's end cuts in two is copied.
 */
import { Buffer } from 'node:buffer';
import { NEEDS_MORE } from './type-info.ts';

/** No step needs more at once. The largest are names within types and headers of packets' own. */
const LIMIT = 256 * 1024;
const FIRST_BYTES = 256;

export interface Stepper {
  /**
   * Reads what begins at `at`, and gives where it ends (beyond `at`), or a negative number: `NEEDS_MORE`, or whatever
   * ends the reading.
   */
  step(bytes: Uint8Array, at: number, end: number): number;
}

const EMPTY: Uint8Array = Buffer.alloc(0);

export class Steps {
  #buffer: Uint8Array = EMPTY;
  #had = 0;

  /** True while something is cut in two. */
  get waiting(): boolean {
    return this.#had > 0;
  }

  /** Forgets what was cut. */
  clear(): void {
    this.#had = 0;
  }

  /**
   * One step from `at` on. Gives where it ended in `bytes`; `end` with `waiting` when more is needed; a negative number
   * as the step gave it.
   */
  take(stepper: Stepper, bytes: Uint8Array, at: number, end: number): number {
    if (this.#had === 0) {
      const next = stepper.step(bytes, at, end);
      if (next !== NEEDS_MORE) return next;
      return this.#keep(bytes, at, end) ? end : TOO_LARGE;
    }
    return this.#takeJoined(stepper, bytes, at, end);
  }

  #takeJoined(stepper: Stepper, bytes: Uint8Array, start: number, end: number): number {
    const before = this.#had;
    let at = start;
    while (at < end) {
      // A little at first: mostly only a length was cut.
      const count = Math.min(end - at, Math.max(FIRST_BYTES, this.#had));
      if (!this.#keep(bytes, at, at + count)) return TOO_LARGE;
      at += count;
      const next = stepper.step(this.#buffer, 0, this.#had);
      if (next === NEEDS_MORE) continue;
      this.#had = 0;
      if (this.#buffer.length > 4 * FIRST_BYTES) this.#buffer = EMPTY;
      // The step needed more than was there before, so it ends in this piece.
      return next < 0 ? next : start + next - before;
    }
    return end;
  }

  #keep(bytes: Uint8Array, at: number, end: number): boolean {
    const length = this.#had + end - at;
    if (length > LIMIT) return false;
    if (length > this.#buffer.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(2 * FIRST_BYTES, 2 * length));
      larger.set(this.#buffer.subarray(0, this.#had));
      this.#buffer = larger;
    }
    for (let from = at; from < end; from++) this.#buffer[this.#had++] = bytes[from] as number;
    return true;
  }
}

/** What `take` gives when a step would need more than is kept. */
export const TOO_LARGE = -3;
