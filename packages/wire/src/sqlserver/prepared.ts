/**
 * What handles of prepared statements and cursors stand for. The server makes them up and tells them in its answers
 * (RETURNVALUE), so between asking and answer a statement has none.
 */
import type { Columns } from './columns.ts';

/** Handles that a session may have at once. SQL Server itself has no limit. */
const HANDLE_LIMIT = 16_384;
/** Columns that are remembered for results which come without their description, over all handles. */
const COLUMN_LIMIT = 1_000_000;

export class Prepared {
  /** The number under which it is on record. */
  readonly ref: number;
  /** Which of the session's names it has; -1: none, it is gone with its execution. */
  readonly slot: number;
  /** What its rows were made of last. */
  columns: Columns | null = null;
  /** The server has told its handle. */
  standing = false;

  constructor(ref: number, slot: number) {
    this.ref = ref;
    this.slot = slot;
  }
}

export class Handles {
  readonly #statements = new Map<number, Prepared>();
  readonly #cursors = new Map<number, Prepared>();
  readonly #free: number[] = [];
  #slots = 0;
  #columns = 0;

  /** False when there are too many. */
  get hasRoom(): boolean {
    return (
      this.#slots - this.#free.length < HANDLE_LIMIT &&
      this.#cursors.size < HANDLE_LIMIT &&
      this.#columns < COLUMN_LIMIT
    );
  }

  /** A name's place: they are used again, so that those who remember names need not remember all there ever were. */
  takeSlot(): number {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    this.#slots += 1;
    return this.#slots;
  }

  statement(handle: number): Prepared | null {
    return this.#statements.get(handle) ?? null;
  }

  cursor(handle: number): Prepared | null {
    return this.#cursors.get(handle) ?? null;
  }

  setStatement(handle: number, prepared: Prepared): void {
    this.dropStatement(handle);
    this.#statements.set(handle, prepared);
    prepared.standing = true;
  }

  setCursor(handle: number, prepared: Prepared): void {
    this.#cursors.set(handle, prepared);
    prepared.standing = true;
  }

  dropStatement(handle: number): void {
    const prepared = this.#statements.get(handle);
    if (prepared === undefined) return;
    this.#statements.delete(handle);
    this.forget(prepared);
  }

  dropCursor(handle: number): void {
    const prepared = this.#cursors.get(handle);
    this.#cursors.delete(handle);
    // A cursor of its own text: nothing else refers to it.
    if (prepared !== undefined && prepared.slot < 0) this.forget(prepared);
  }

  /** No handle leads to it any more, or ever did. */
  forget(prepared: Prepared): void {
    this.#count(-(prepared.columns?.count ?? 0));
    if (prepared.slot >= 0) this.#free.push(prepared.slot);
  }

  /** Remembers what rows of a statement or cursor are made of. */
  describe(prepared: Prepared, columns: Columns): void {
    const known = prepared.columns;
    if (known?.equals(columns)) return;
    this.#count(columns.count - (known?.count ?? 0));
    prepared.columns = columns.copy();
  }

  /** The session is made as good as new: nothing is prepared any more. */
  clear(): void {
    this.#statements.clear();
    this.#cursors.clear();
    this.#free.length = 0;
    this.#slots = 0;
    this.#columns = 0;
  }

  #count(columns: number): void {
    this.#columns = Math.max(0, this.#columns + columns);
  }
}
