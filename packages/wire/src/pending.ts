/** What the client asked and the server has not answered yet, in order. A ring that grows; nothing per entry is allocated. */

/** From here on the client should not be read until the server has caught up. */
export const CROWDED = 16_384;
/** A client that goes on regardless is refused: what was asked and not answered must fit in memory. */
export const PENDING_LIMIT = 262_144;

const FIRST_CAPACITY = 16;

/** `Entry` is what an engine has under a name: what was asked makes it, closes it or uses it. */
export class Pending<Entry extends object> {
  #kinds = new Uint8Array(FIRST_CAPACITY);
  #numbers = new Float64Array(FIRST_CAPACITY);
  #entries = noEntries<Entry>(FIRST_CAPACITY);
  /** Capacity less one; capacities are powers of two. */
  #mask = FIRST_CAPACITY - 1;
  #head = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** `kind`: the engine's own, from 1 to 255. `number`: under which it is on record, where it is. */
  push(kind: number, number: number, entry: Entry | null): void {
    if (this.#length > this.#mask) this.#grow();
    const at = this.#place(this.#length);
    this.#kinds[at] = kind;
    this.#numbers[at] = number;
    this.#entries[at] = entry;
    this.#length += 1;
  }

  /** The kind `index` places behind the oldest; 0 when there are not so many. */
  kind(index: number): number {
    return index < this.#length ? (this.#kinds[this.#place(index)] as number) : 0;
  }

  number(index: number): number {
    return this.#numbers[this.#place(index)] as number;
  }

  entry(index: number): Entry | null {
    return this.#entries[this.#place(index)] as Entry | null;
  }

  /** Adds to the number of the newest. */
  addToNewest(amount: number): void {
    const at = this.#place(this.#length - 1);
    this.#numbers[at] = (this.#numbers[at] as number) + amount;
  }

  /** Drops the `count` oldest. */
  drop(count: number): void {
    for (let i = 0; i < count; i++) this.#entries[this.#place(i)] = null;
    this.#head = this.#place(count);
    this.#length -= count;
  }

  /** Drops `count` behind the oldest, which stays. */
  dropBehindOldest(count: number): void {
    const kind = this.kind(0);
    const number = this.number(0);
    const entry = this.entry(0);
    this.drop(count);
    const at = this.#head;
    this.#kinds[at] = kind;
    this.#numbers[at] = number;
    this.#entries[at] = entry;
  }

  #place(index: number): number {
    return (this.#head + index) & this.#mask;
  }

  #grow(): void {
    const capacity = this.#kinds.length * 2;
    const kinds = new Uint8Array(capacity);
    const numbers = new Float64Array(capacity);
    const entries = noEntries<Entry>(capacity);
    for (let i = 0; i < this.#length; i++) {
      kinds[i] = this.kind(i);
      numbers[i] = this.number(i);
      entries[i] = this.entry(i);
    }
    this.#kinds = kinds;
    this.#numbers = numbers;
    this.#entries = entries;
    this.#mask = capacity - 1;
    this.#head = 0;
  }
}

function noEntries<Entry>(capacity: number): (Entry | null)[] {
  return Array.from({ length: capacity }, () => null);
}
