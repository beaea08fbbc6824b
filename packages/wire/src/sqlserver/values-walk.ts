/**
 * Passes over the values of a row, or a single value, without looking at them: only their lengths are read. A value may
 * be of any size and lie in any number of packets.
 */
import { Columns } from './columns.ts';
import { uint16At, uint32At } from './integers.ts';
import { Sized } from './type-info.ts';

const TIMESTAMP_BYTES = 8;
const NULL_LENGTH = 0xffff_ffff;
const NULL_SHORT = 0xffff;

export class ValuesWalk {
  /** Bytes of the value at hand that are still to come: pass over them before `walk` is called again. */
  skip = 0;
  /** All values are read, but for `skip`. */
  done = true;

  #columns = new Columns();
  #column = 0;
  #nulls: Uint8Array | null = null;
  /** Within a value in parts. */
  #inParts = false;

  /** `nulls`: a bit for each column that is NULL and has no value here; null where there is none of that. */
  begin(columns: Columns, nulls: Uint8Array | null): void {
    this.#columns = columns;
    this.#nulls = nulls;
    this.#column = 0;
    this.#inParts = false;
    this.skip = 0;
    this.done = false;
  }

  /**
   * Reads from `at` on as far as it gets; gives how far. Then either `done` or `skip` says how to go on, or else the
   * length at that place is cut in two: call again with more.
   */
  walk(bytes: Uint8Array, start: number, end: number): number {
    const columns = this.#columns;
    const count = columns.count;
    let at = start;
    this.skip = 0;
    while (this.#column < count) {
      if (at >= end && this.#needsBytes()) {
        this.skip = at - end;
        return end;
      }
      const next = this.#value(bytes, at, end);
      if (next < 0) return at;
      at = next;
    }
    this.done = true;
    this.skip = Math.max(0, at - end);
    return Math.min(at, end);
  }

  #needsBytes(): boolean {
    return this.#inParts || !this.#absent();
  }

  #absent(): boolean {
    const nulls = this.#nulls;
    const column = this.#column;
    if (nulls !== null && ((nulls[column >> 3] as number) & (1 << (column & 7))) !== 0) return true;
    return this.#columns.sized(column) === Sized.fixed && this.#columns.size(column) === 0;
  }

  /** Where the value at hand ends (perhaps beyond `end`), or -1 when its length is not all there. */
  #value(bytes: Uint8Array, at: number, end: number): number {
    if (this.#inParts) return this.#part(bytes, at, end);
    if (this.#absent()) {
      this.#column += 1;
      return at;
    }
    const left = end - at;
    const column = this.#column;
    let next = -1;
    switch (this.#columns.sized(column)) {
      case Sized.fixed:
        next = at + this.#columns.size(column);
        break;
      case Sized.byte:
        next = at + 1 + (bytes[at] as number);
        break;
      case Sized.short:
        if (left >= 2) next = at + 2 + unlessNull(uint16At(bytes, at), NULL_SHORT);
        break;
      case Sized.long:
      case Sized.variant:
        if (left >= 4) next = at + 4 + unlessNull(uint32At(bytes, at), NULL_LENGTH);
        break;
      case Sized.pointed:
        next = pointedEnd(bytes, at, end);
        break;
      default:
        if (left < 8) return -1;
        if (uint32At(bytes, at) !== NULL_LENGTH || uint32At(bytes, at + 4) !== NULL_LENGTH) {
          this.#inParts = true;
          return at + 8;
        }
        next = at + 8;
    }
    if (next >= 0) this.#column += 1;
    return next;
  }

  #part(bytes: Uint8Array, at: number, end: number): number {
    if (end - at < 4) return -1;
    const length = uint32At(bytes, at);
    if (length === 0) {
      this.#inParts = false;
      this.#column += 1;
    }
    return at + 4 + length;
  }
}

const unlessNull = (length: number, nothing: number): number => (length === nothing ? 0 : length);

function pointedEnd(bytes: Uint8Array, at: number, end: number): number {
  const pointer = bytes[at] as number;
  if (pointer === 0) return at + 1;
  const length = at + 1 + pointer + TIMESTAMP_BYTES;
  return length + 4 > end ? -1 : length + 4 + uint32At(bytes, length);
}
