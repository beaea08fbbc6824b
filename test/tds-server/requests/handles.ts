/** What clients keep handles to: prepared statements and cursors. */
import { SqlError } from '../sql/errors.ts';
import type { SqlValue } from '../types/types.ts';
import type { Column } from '../wire/tokens.ts';

export interface Prepared {
  readonly declarations: string;
  readonly sql: string;
}

export interface Cursor {
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly SqlValue[])[];
  /** What was fetched last: where it begins, from 0 (-1: before the first row), and how many rows it had. */
  start: number;
  count: number;
}

export class Handles {
  readonly #prepared = new Map<bigint, Prepared>();
  readonly #cursors = new Map<bigint, Cursor>();
  #next = 1n;

  prepare(prepared: Prepared): bigint {
    this.#prepared.set(this.#next, prepared);
    return this.#next++;
  }

  prepared(handle: SqlValue): Prepared {
    const found = this.#prepared.get(asHandle(handle));
    if (found === undefined)
      throw new SqlError(8179, `Could not find prepared statement with handle ${String(handle)}.`);
    return found;
  }

  unprepare(handle: SqlValue): void {
    if (!this.#prepared.delete(asHandle(handle))) this.prepared(handle);
  }

  openCursor(cursor: Cursor): bigint {
    // SQL Server's cursor handles are odd and large; clients only hand them back.
    const handle = 180_150_000n + this.#next++ * 2n + 1n;
    this.#cursors.set(handle, cursor);
    return handle;
  }

  cursor(handle: SqlValue): Cursor {
    const found = this.#cursors.get(asHandle(handle));
    if (found === undefined) throw new SqlError(16_916, `A cursor with the handle ${String(handle)} does not exist.`);
    return found;
  }

  closeCursor(handle: SqlValue): void {
    this.cursor(handle);
    this.#cursors.delete(asHandle(handle));
  }
}

function asHandle(value: SqlValue): bigint {
  return typeof value === 'bigint' ? value : -1n;
}
