/**
 * Checkpoints: signed heads of streams. Every minute, when a stream is closed, and before an export, so that whoever
 * keeps one can see later that nothing before it was changed, and nothing cut off.
 */
import { type ChainHead, type Checkpoint, type StreamId, signCheckpoint } from '@tidegate/core';
import type { Selectable } from 'kysely';
import type { SigningKey } from '../keys/signing.ts';
import type { Reader } from '../store/schema.ts';
import type { CheckpointsTable } from '../store/schema-record.ts';

/** Signs each head that is not signed for yet: of the streams given, or of all. Several control planes may do so at once. */
export async function signHeads(
  db: Reader,
  key: SigningKey,
  now: Temporal.Instant,
  streams: readonly StreamId[] | null = null,
): Promise<number> {
  const heads = await db
    .selectFrom('streams')
    .select(['stream', 'seq', 'hash'])
    .where('seq', '>', 0)
    .$if(streams !== null, (query) => query.where('stream', 'in', [...(streams ?? [])]))
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('checkpoints')
            .select('checkpoints.seq')
            .whereRef('checkpoints.stream', '=', 'streams.stream')
            .whereRef('checkpoints.seq', '=', 'streams.seq'),
        ),
      ),
    )
    .execute();
  if (heads.length === 0) return 0;
  // As the store keeps it: a time with more digits would come back as another text than was signed.
  const at = now.round('millisecond');
  await db
    .insertInto('checkpoints')
    .values(heads.map(({ stream, seq, hash }) => toRow(sign({ stream, seq, hash: hash.toString('hex') }, at, key), at)))
    .onConflict((conflict) => conflict.columns(['stream', 'seq']).doNothing())
    .execute();
  return heads.length;
}

const sign = (head: ChainHead, at: Temporal.Instant, key: SigningKey): Checkpoint =>
  signCheckpoint(head, at.toString(), key.privateKey);

const toRow = ({ stream, seq, hash, keyId, signature }: Checkpoint, at: Temporal.Instant) => ({
  stream,
  seq,
  hash: Buffer.from(hash, 'hex'),
  at,
  keyId,
  signature: Buffer.from(signature, 'base64'),
});

/** The checkpoint as it was signed. */
export const toCheckpoint = (row: Selectable<CheckpointsTable>): Checkpoint => ({
  stream: row.stream,
  seq: row.seq,
  hash: row.hash.toString('hex'),
  at: row.at.toString(),
  keyId: row.keyId,
  signature: row.signature.toString('base64'),
});
