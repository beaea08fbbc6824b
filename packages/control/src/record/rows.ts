/** Entries as rows: the exact line that is exported, and beside it the few columns that it is found by. */
import { type AuditEntry, entryLine, type StreamId } from '@tidegate/core';
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

/** Longer than any name or id of ours: what is longer is not indexed, only kept. */
const INDEXED_MAX = 128;

export function rowOf(entry: AuditEntry): EntryRow {
  const { data } = entry;
  return {
    seq: entry.seq,
    at: entry.at,
    kind: entry.kind,
    line: entryLine(entry),
    hash: entry.hash,
    grant: indexed(data.grant),
    session: indexed(data.session),
    person: indexed(data.person) ?? indexed(data.by),
  };
}

function indexed(value: unknown): string | null {
  return typeof value === 'string' && value.length <= INDEXED_MAX && !value.includes('\0') ? value : null;
}

/** Rows in one statement: enough to spare round trips, few enough to keep the statement's text in bounds. */
const BATCH = 5_000;

/** Inserts entries of one stream, whose head the transaction has locked. */
export async function insertEntries(tx: Tx, stream: StreamId, rows: readonly EntryRow[]): Promise<void> {
  for (let from = 0; from < rows.length; from += BATCH) {
    const batch = rows.slice(from, from + BATCH);
    const column = <K extends keyof EntryRow>(name: K) => batch.map((row) => row[name]);
    await sql`
      INSERT INTO entries (stream, seq, at, kind, entry, hash, "grant", session, person)
      SELECT ${stream}, seq, at, kind, entry, decode(hash, 'hex'), "grant", session, person
      FROM unnest(
        ${column('seq')}::bigint[], ${column('at')}::timestamptz[], ${column('kind')}::text[],
        ${column('line')}::text[], ${column('hash')}::text[],
        ${column('grant')}::text[], ${column('session')}::text[], ${column('person')}::text[]
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
