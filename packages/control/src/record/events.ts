/**
 * The control plane's own events: the stream `control`, chained in the transaction that causes them, so that nothing
 * happens without its event and no event tells what did not happen.
 */
import { append, type ChainHead, entryLine, type JsonObject, type StreamId, TidegateError } from '@tidegate/core';
import type { Tx } from '../store/schema.ts';
import { type EntryRow, insertEntries, rowOf } from './rows.ts';

/** The stream whose row `migrations/0002_record.ts` makes. */
export const CONTROL_STREAM = 'control' as StreamId;

/**
 * One thing that happened. The names `person` (whom it is about, else `by`, who did it), `grant` and `session` in
 * `data` are what the record can be searched by. No secrets.
 */
export interface ControlEvent {
  /** Dotted, past tense: `request.created`, `grant.opened`, `login.failed`. */
  readonly kind: string;
  readonly at: Temporal.Instant;
  readonly data: JsonObject;
}

/**
 * Appends events to the stream `control`, in order. Call it LAST in the transaction: it locks the head of the stream
 * until the commit, and whoever appends at the same time waits that long.
 */
export async function appendEvent(tx: Tx, ...events: readonly ControlEvent[]): Promise<void> {
  if (events.length === 0) return;
  const stands = await tx
    .selectFrom('streams')
    .select(['seq', 'hash'])
    .where('stream', '=', CONTROL_STREAM)
    .forUpdate()
    .executeTakeFirst();
  if (stands === undefined) throw new TidegateError('internal', 'The record’s control stream is missing.');

  let head: ChainHead = { stream: CONTROL_STREAM, seq: stands.seq, hash: stands.hash.toString('hex') };
  const rows: EntryRow[] = [];
  for (const { kind, at, data } of events) {
    const entry = append(head, { kind, at: at.toString(), data });
    rows.push(rowOf(entry, entryLine(entry)));
    head = entry;
  }
  await insertEntries(tx, CONTROL_STREAM, rows);
  await tx
    .updateTable('streams')
    .set({ seq: head.seq, hash: Buffer.from(head.hash, 'hex'), updatedAt: Temporal.Now.instant() })
    .where('stream', '=', CONTROL_STREAM)
    .execute();
}
