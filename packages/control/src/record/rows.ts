/** Entries as rows: the exact line that is exported, and beside it the few columns that it is found by. */
import type { AuditEntry, JsonObject, StreamId } from '@tidegate/core';
import { sql } from 'kysely';
import type { Reader, Tx } from '../store/schema.ts';

export interface EntryRow {
  readonly seq: number;
  readonly at: string;
  readonly kind: string;
  /** The canonical line. Its JSON writes a NUL as `\u0000`, six characters that PostgreSQL's `text` can hold. */
  readonly line: string;
  readonly hash: string;
  readonly grant: string | null;
  readonly session: string | null;
  readonly person: string | null;
}

/** What a column to search by may hold: nothing longer than our names and ids are, and nothing invisible. */
const SEARCHABLE = /^[^\p{Cc}]{1,128}$/u;

/** The row of an entry; `line` is its canonical line, without a newline. */
export function rowOf(entry: AuditEntry, line: string): EntryRow {
  const { seq, at, kind, hash, data } = entry;
  return { seq, at, kind, line, hash, ...foundBy(data) };
}

/** What an entry is found by. */
export const foundBy = (data: JsonObject): Pick<EntryRow, 'grant' | 'session' | 'person'> => ({
  grant: searchable(data.grant),
  session: searchable(data.session),
  person: searchable(data.person) ?? searchable(data.by),
});

function searchable(value: unknown): string | null {
  return typeof value === 'string' && SEARCHABLE.test(value) ? value : null;
}

/** Rows in one statement: enough to spare round trips, few enough to keep its text in bounds. */
const BATCH = 2_000;

/** Inserts entries of one stream, whose head the transaction has locked. */
export async function insertEntries(tx: Tx, stream: StreamId, rows: readonly EntryRow[]): Promise<void> {
  for (let from = 0; from < rows.length; from += BATCH) {
    const batch = rows.slice(from, from + BATCH);
    // A column goes as one text with a value a line: canonical JSON, names and ids hold no newline, and `pg` would
    // spend more time on writing arrays than the database on the whole insert. An empty line is NULL.
    const column = <K extends keyof EntryRow>(name: K) => batch.map((row) => row[name]).join('\n');
    const values = <K extends keyof EntryRow>(name: K) => sql`string_to_array(${column(name)}, E'\n', '')`;
    await sql`
      INSERT INTO entries (stream, seq, at, kind, entry, hash, "grant", session, person)
      SELECT ${stream}, seq, at, kind, entry, decode(hash, 'hex'), "grant", session, person
      FROM unnest(
        ${values('seq')}::bigint[], ${values('at')}::timestamptz[], ${values('kind')}, ${values('line')},
        ${values('hash')}, ${values('grant')}, ${values('session')}, ${values('person')}
      ) AS taken (seq, at, kind, entry, hash, "grant", session, person)`.execute(tx);
  }
}

/**
 * Makes the partitions of today and the week to come. Called at start and every hour (`record/keeper.ts`): inserting
 * never has to make one.
 */
export async function makePartitions(db: Reader): Promise<void> {
  await sql`SELECT tidegate_make_entries_day((now() AT TIME ZONE 'UTC')::date + ahead)
    FROM generate_series(0, 7) AS ahead`.execute(db);
}
