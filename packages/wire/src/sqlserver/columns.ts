/** The columns of a result or a table-valued parameter, as far as they say how values are sized. */
import type { TypeInfo } from './type-info.ts';

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
