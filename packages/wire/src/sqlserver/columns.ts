/** The columns of a result or a table-valued parameter, as far as they say how values are sized. */
import { uint16At, uint32At } from './integers.ts';
import { Sized, type TypeInfo } from './type-info.ts';

/** What a result may have (MS-TDS counts columns with 16 bits, and keeps the highest for itself). */
export const MAX_COLUMNS = 0xfffe;
const FIRST_CAPACITY = 16;

export class Columns {
  count = 0;
  #sized = new Uint8Array(FIRST_CAPACITY);
  #size = new Uint8Array(FIRST_CAPACITY);

  clear(): void {
    this.count = 0;
  }

  add({ sized, size }: TypeInfo): void {
    this.#put(sized, size);
  }

  /** A column that has no values in the rows. */
  addAbsent(): void {
    this.#put(0, 0);
  }

  /** One of `Sized`. */
  sized(index: number): number {
    return this.#sized[index] as number;
  }

  /** The size of a fixed one. */
  size(index: number): number {
    return this.#size[index] as number;
  }

  /**
   * Where a row ends whose values begin at `at`, when all of it lies before `end`; else -1. `nulls`: where its bits for
   * NULL are, -1 when it has none. The hot path: nearly every row lies whole in a packet.
   */
  rowEnd(bytes: Uint8Array, start: number, end: number, nulls: number): number {
    const { count } = this;
    const sized = this.#sized;
    let at = start;
    for (let column = 0; column < count; column++) {
      if (nulls >= 0 && ((bytes[nulls + (column >> 3)] as number) & (1 << (column & 7))) !== 0) continue;
      const how = sized[column];
      if (how === Sized.fixed) {
        at += this.#size[column] as number;
      } else if (how === Sized.byte) {
        if (at >= end) return -1;
        at += 1 + (bytes[at] as number);
      } else if (how === Sized.short) {
        if (at + 2 > end) return -1;
        const length = uint16At(bytes, at);
        at += length === 0xffff ? 2 : 2 + length;
      } else {
        at = how === Sized.parts ? partsEnd(bytes, at, end) : -1;
        if (at < 0) return -1;
      }
    }
    return at <= end ? at : -1;
  }

  equals(other: Columns): boolean {
    if (other.count !== this.count) return false;
    for (let i = 0; i < this.count; i++) {
      if (this.#sized[i] !== other.#sized[i] || this.#size[i] !== other.#size[i]) return false;
    }
    return true;
  }

  /** A copy that takes no more than it must. */
  copy(): Columns {
    const copy = new Columns();
    copy.count = this.count;
    copy.#sized = this.#sized.slice(0, this.count);
    copy.#size = this.#size.slice(0, this.count);
    return copy;
  }

  #put(sized: number, size: number): void {
    if (this.count === this.#sized.length) {
      const capacity = Math.max(FIRST_CAPACITY, this.count * 2);
      const larger = [new Uint8Array(capacity), new Uint8Array(capacity)] as const;
      larger[0].set(this.#sized);
      larger[1].set(this.#size);
      [this.#sized, this.#size] = larger;
    }
    this.#sized[this.count] = sized;
    this.#size[this.count] = size;
    this.count += 1;
  }
}

/** Where a value in parts ends, when all of it lies before `end`; else -1. */
function partsEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start + 8;
  if (at > end) return -1;
  if (uint32At(bytes, start) === 0xffff_ffff && uint32At(bytes, start + 4) === 0xffff_ffff) return at;
  for (;;) {
    if (at + 4 > end) return -1;
    const length = uint32At(bytes, at);
    at += 4 + length;
    if (length === 0) return at;
  }
}
