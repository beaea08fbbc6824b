/** Keyset pages: an opaque cursor holds the sort key of the last row that was answered. */
import { TidegateError } from '@tidegate/core';

export interface Page<T> {
  readonly items: readonly T[];
  /** null: no more. */
  readonly nextCursor: string | null;
}
export interface PageQuery {
  readonly cursor: string | null;
  /** 1 or more. */
  readonly limit: number;
}

/**
 * The page out of `limit + 1` rows: the one too many only tells that there are more. `keyOf` gives a row's sort key as
 * texts, which `parseCursor` gives back.
 */
export function pageOf<Row, T>(
  rows: readonly Row[],
  limit: number,
  keyOf: (row: Row) => readonly string[],
  view: (row: Row) => T,
): Page<T> {
  const last = rows.length > limit ? rows[limit - 1] : undefined;
  return {
    items: rows.slice(0, limit).map(view),
    nextCursor: last === undefined ? null : Buffer.from(JSON.stringify(keyOf(last))).toString('base64url'),
  };
}

/** The texts of a cursor, exactly `count` of them; null where there is no cursor. Throws `invalid_input`. */
export function parseCursor(cursor: string | null, count: number): readonly string[] | null {
  if (cursor === null) return null;
  const key = parseJson(Buffer.from(cursor, 'base64url').toString('utf8'));
  // PostgreSQL's text takes no NUL.
  const isKey = (part: unknown): part is string => typeof part === 'string' && !part.includes('\0');
  if (!Array.isArray(key) || key.length !== count || !key.every(isKey)) throw badCursor();
  return key;
}

/** A time in a cursor. Throws `invalid_input`. */
export function cursorInstant(text: string): Temporal.Instant {
  try {
    return Temporal.Instant.from(text);
  } catch (error) {
    throw badCursor(error);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw badCursor(error);
  }
}

const badCursor = (detail?: unknown) =>
  new TidegateError('invalid_input', 'The cursor is not one of ours.', 'Begin again without a cursor.', detail);
