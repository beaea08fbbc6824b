/** What the client asked and the server has not answered yet, in order. A ring that grows; nothing per entry is allocated. */
import type { Entry } from './names.ts';

export const Asked = {
  parse: 1,
  bind: 2,
  describeStatement: 3,
  describePortal: 4,
  closeStatement: 5,
  closePortal: 6,
  execute: 7,
  query: 8,
  call: 9,
  /** Its `number` is the last one given before it. */
  sync: 10,
  /** CopyDone or CopyFail. The server doesn't answer it as such; its `number` is the bytes of data it ends. */
  copyEnd: 11,
} as const;

const FIRST_CAPACITY = 16;

function noEntries(capacity: number): (Entry | null)[] {
  return Array.from({ length: capacity }, () => null);
}

export class Pending {
  #kinds = new Uint8Array(FIRST_CAPACITY);
  #numbers = new Float64Array(FIRST_CAPACITY);
  #entries: (Entry | null)[] = noEntries(FIRST_CAPACITY);
  /** Capacity less one; capacities are powers of two. */
  #mask = FIRST_CAPACITY - 1;
  #head = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** `number`: under which it is on record, where it is. `entry`: the name it makes, closes or describes. */
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
    const entries = noEntries(capacity);
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
