/** The record as it is looked at: entries, streams, checkpoints, and the key that checks them. */

import { createPublicKey } from 'node:crypto';
import type { AuditStream } from '@tidegate/contract';
import { type AuditEntry, auditKeyId, type Checkpoint, type StreamId, TidegateError } from '@tidegate/core';
import { sql } from 'kysely';
import { cursorInstant, type Page, type PageQuery, pageOf, parseCursor } from '../store/cursor.ts';
import type { Reader } from '../store/schema.ts';
import { toCheckpoint } from './checkpoints.ts';
import { type EntryFilter, matching } from './filter.ts';

/** Newest first. */
export async function listEntries(
  db: Reader,
  filter: EntryFilter,
  { cursor, limit }: PageQuery,
): Promise<Page<AuditEntry>> {
  const from = parseCursor(cursor, 3);
  const rows = await matching(db, filter)
    .select(['at', 'stream', 'seq', 'entry'])
    .$if(from !== null, (query) => query.where(beforeCursor(from ?? [])))
    .orderBy('at', 'desc')
    .orderBy('stream', 'desc')
    .orderBy('seq', 'desc')
    .limit(limit + 1)
    .execute();
  return pageOf(
    rows,
    limit,
    ({ at, stream, seq }) => [at.toString(), stream, String(seq)],
    ({ entry }): AuditEntry => JSON.parse(entry),
  );
}

/** Every stream and where it stands, by name. */
export async function listStreams(db: Reader, { cursor, limit }: PageQuery): Promise<Page<AuditStream>> {
  const from = parseCursor(cursor, 1)?.[0];
  const rows = await db
    .selectFrom('streams')
    .select(['stream', 'seq', 'hash', 'closedAt', 'updatedAt'])
    .$if(from !== undefined, (query) => query.where('stream', '>', sql<StreamId>`${from}`))
    .orderBy('stream')
    .limit(limit + 1)
    .execute();
  return pageOf(
    rows,
    limit,
    ({ stream }) => [stream],
    ({ stream, seq, hash, closedAt, updatedAt }) => ({
      stream,
      seq,
      hash: hash.toString('hex'),
      closed: closedAt !== null,
      updatedAt: updatedAt.toString(),
    }),
  );
}

/** Newest first; `stream` null: of all. */
export async function listCheckpoints(
  db: Reader,
  stream: string | null,
  { cursor, limit }: PageQuery,
): Promise<Page<Checkpoint>> {
  const from = parseCursor(cursor, 3);
  const rows = await db
    .selectFrom('checkpoints')
    .selectAll()
    .$if(stream !== null, (query) => query.where('stream', '=', sql<StreamId>`${stream}`))
    .$if(from !== null, (query) => query.where(beforeCursor(from ?? [])))
    .orderBy('at', 'desc')
    .orderBy('stream', 'desc')
    .orderBy('seq', 'desc')
    .limit(limit + 1)
    .execute();
  return pageOf(rows, limit, ({ at, stream: of, seq }) => [at.toString(), of, String(seq)], toCheckpoint);
}

const beforeCursor = ([at = '', stream = '', seq = '']: readonly string[]) =>
  sql<boolean>`(at, stream, seq) < (${cursorInstant(at)}, ${stream}, ${Number(seq)})`;

/** The key whose signatures stand under this installation's checkpoints. Throws `unavailable` before the first start made it. */
export async function auditKeyOf(db: Reader): Promise<{ keyId: string; publicKey: string }> {
  const row = await db.selectFrom('keys').select('public').where('name', '=', 'audit').executeTakeFirst();
  if (row === undefined) throw new TidegateError('unavailable', 'The record’s key is not made yet.', 'Try again.');
  return { keyId: auditKeyId(createPublicKey(row.public)), publicKey: row.public };
}
