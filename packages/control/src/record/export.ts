/**
 * The record as lines that anybody can check with `tidegate audit verify` and the public key (promise 4). A chain can be
 * checked only without gaps, so a filter chooses whole streams: those that hold what it asks for. With `since` a stream
 * begins after a checkpoint before that time, which stands in for what is left out.
 *
 * Who may read of some resources alone is given the lines of these (`within`), and no checkpoints: gaps prove nothing.
 * Each line holds its own hash still, by which it is found in the whole.
 */
import type { AuditQuery } from '@tidegate/contract';
import { type Checkpoint, checkpointLine, type PersonName, type ResourceName, type StreamId } from '@tidegate/core';
import { sql } from 'kysely';
import type { Context } from '../context.ts';
import { openSigningKey } from '../keys/signing.ts';
import type { Reader } from '../store/schema.ts';
import { signHeads, toCheckpoint } from './checkpoints.ts';
import { appendEvent } from './events.ts';
import { type EntryFilter, matching } from './filter.ts';

export interface ExportOptions {
  readonly by: PersonName;
  /** Only what concerns these resources; null: everything. */
  readonly within: readonly ResourceName[] | null;
  /** Aborted when nobody reads on. */
  readonly signal: AbortSignal;
}

/** Entries and checkpoints, one a line with its newline, several lines a chunk. The export itself is an event. */
export async function* exportRecord(
  { store, sealer, now }: Context,
  filter: AuditQuery,
  { by, within, signal }: ExportOptions,
): AsyncGenerator<string> {
  const data = { by, filter: { ...filter }, within: within === null ? null : [...within] };
  await store.transaction((tx) => appendEvent(tx, { kind: 'record.exported', at: now(), data }));
  if (within !== null) {
    yield* exportWithin(store.db, { ...filter, within }, signal);
    return;
  }
  const streams = await streamsOf(store.db, filter);
  const key = await openSigningKey(store.db, sealer, now());
  // So that the last entry, too, is signed for.
  if (streams.length > 0) await signHeads(store.db, key, now(), streams);
  for (const stream of streams) yield* exportStream(store.db, stream, filter, signal);
}

async function streamsOf(db: Reader, filter: AuditQuery): Promise<StreamId[]> {
  const { stream, grant, session, person, kind } = filter;
  // Without a question about entries there is no need to look at them all.
  const rows = [grant, session, person, kind].every((asked) => asked === undefined)
    ? await db
        .selectFrom('streams')
        .select('stream')
        .$if(stream !== undefined, (query) => query.where('stream', '=', sql<StreamId>`${stream}`))
        .orderBy('stream')
        .execute()
    : await matching(db, filter).select('stream').distinct().orderBy('stream').execute();
  return rows.map((row) => row.stream);
}

/** Bytes of one chunk, unless a single entry has more. */
const CHUNK_BYTES = 2 * 1024 * 1024;
const CHUNK_ENTRIES = 1_000;

async function* exportStream(
  db: Reader,
  stream: StreamId,
  filter: AuditQuery,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const range = await rangeOf(db, stream, filter);
  if (range === null) return;
  const { anchor, last } = range;
  if (anchor !== null) yield `${checkpointLine(anchor)}\n`;
  let from = anchor?.seq ?? 0;
  while (from < last) {
    signal.throwIfAborted();
    const entries = await readEntries(db, stream, from, last);
    const end = entries.at(-1);
    if (end === undefined) return;
    const checkpoints = await checkpointsBetween(db, stream, from, end.seq);
    yield interleave(entries, checkpoints);
    from = end.seq;
  }
}

/** Entries of each stream that are looked at before the next are: who asks for little waits for no query without end. */
const LOOK = 10_000;

/** The entries alone that the filter matches, in the order of their streams. */
async function* exportWithin(db: Reader, filter: EntryFilter, signal: AbortSignal): AsyncGenerator<string> {
  const streams = await db.selectFrom('streams').select(['stream', 'seq']).orderBy('stream').execute();
  for (const { stream, seq: head } of streams) {
    if (filter.stream !== undefined && filter.stream !== stream) continue;
    let from = 0;
    while (from < head) {
      signal.throwIfAborted();
      const { entries, upTo } = await readWithin(db, { ...filter, stream }, from);
      if (entries.length > 0) yield entries.map((entry) => `${entry}\n`).join('');
      from = upTo;
    }
  }
}

/** What matches of the next entries of a stream, as much as fits into a chunk and at least one. */
async function readWithin(
  db: Reader,
  filter: EntryFilter,
  after: number,
): Promise<{ readonly entries: readonly string[]; readonly upTo: number }> {
  const sized = matching(db, filter)
    .where('seq', '>', after)
    .where('seq', '<=', after + LOOK)
    .select(['seq', 'entry'])
    .select([
      sql<number>`sum(octet_length(entry)) OVER (ORDER BY seq)`.as('bytes'),
      sql<number>`row_number() OVER (ORDER BY seq)`.as('place'),
      sql<number>`count(*) OVER ()`.as('found'),
    ]);
  const rows = await db
    .selectFrom(sized.as('sized'))
    .select(['seq', 'entry', 'found'])
    .where((eb) => eb.or([eb('bytes', '<=', CHUNK_BYTES), eb('place', '=', 1)]))
    .orderBy('seq')
    .execute();
  const last = rows.at(-1);
  const whole = last === undefined || rows.length === last.found;
  return { entries: rows.map(({ entry }) => entry), upTo: whole ? after + LOOK : last.seq };
}

/** Where the export of a stream begins (after `anchor`; null: at its first entry) and ends; null: nothing is in it. */
async function rangeOf(
  db: Reader,
  stream: StreamId,
  { since, until }: AuditQuery,
): Promise<{ anchor: Checkpoint | null; last: number } | null> {
  const wanted = await matching(db, { stream, since, until })
    .select(({ fn }) => [fn.min('seq').as('first'), fn.max('seq').as('last')])
    .executeTakeFirstOrThrow();
  if (wanted.first === null || wanted.last === null) return null;
  const checkpoints = db.selectFrom('checkpoints').selectAll().where('stream', '=', stream);
  const anchor =
    since === undefined
      ? undefined
      : await checkpoints.where('seq', '<', wanted.first).orderBy('seq', 'desc').limit(1).executeTakeFirst();
  // On to the next checkpoint, which signs for the last entry that was asked for.
  const end = await checkpoints.where('seq', '>=', wanted.last).orderBy('seq').limit(1).executeTakeFirst();
  return { anchor: anchor === undefined ? null : toCheckpoint(anchor), last: end?.seq ?? wanted.last };
}

/** The next entries, as many as fit into a chunk and at least one. */
async function readEntries(db: Reader, stream: StreamId, after: number, last: number) {
  const { rows } = await sql<{ seq: number; entry: string }>`
    SELECT seq, entry FROM (
      SELECT seq, entry, sum(octet_length(entry)) OVER (ORDER BY seq) AS bytes, row_number() OVER (ORDER BY seq) AS place
      FROM entries
      WHERE stream = ${stream} AND seq > ${after} AND seq <= ${last}
      ORDER BY seq
      LIMIT ${CHUNK_ENTRIES}
    ) AS next
    WHERE bytes <= ${CHUNK_BYTES} OR place = 1
    ORDER BY seq`.execute(db);
  return rows;
}

async function checkpointsBetween(db: Reader, stream: StreamId, after: number, last: number): Promise<Checkpoint[]> {
  const rows = await db
    .selectFrom('checkpoints')
    .selectAll()
    .where('stream', '=', stream)
    .where('seq', '>', after)
    .where('seq', '<=', last)
    .orderBy('seq')
    .execute();
  return rows.map(toCheckpoint);
}

/** Each checkpoint right after the entry it signs for. */
function interleave(entries: readonly { seq: number; entry: string }[], checkpoints: readonly Checkpoint[]): string {
  const bySeq = new Map(checkpoints.map((checkpoint) => [checkpoint.seq, checkpoint]));
  return entries
    .map(({ seq, entry }) => {
      const checkpoint = bySeq.get(seq);
      return checkpoint === undefined ? `${entry}\n` : `${entry}\n${checkpointLine(checkpoint)}\n`;
    })
    .join('');
}
