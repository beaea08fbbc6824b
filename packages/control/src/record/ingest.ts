/**
 * Takes a gateway's records in: idempotent by (stream, seq), without gaps, and only what continues the chain. A gateway
 * cannot change what was taken in, nor bring in anything whose hash does not follow (promises 3 and 4).
 */
import { auditEntry, gatewayStream, recordData } from '@tidegate/contract';
import {
  type AuditEntry,
  type ChainHead,
  canonicalJson,
  entryText,
  factText,
  type GatewayId,
  type JsonObject,
  linkText,
  NotCanonicalError,
  newChain,
  type StreamId,
  TidegateError,
} from '@tidegate/core';
import { sql } from 'kysely';
import { z } from 'zod';
import type { Reader, Tx } from '../store/schema.ts';
import type { Store } from '../store/store.ts';
import { announceRecord } from './announce.ts';
import { type EntryRow, insertEntries, rowOf } from './rows.ts';

/** `taken`: the head after it. `conflict`: the upload does not continue the head, or differs from what is on record. */
export interface Ingested {
  readonly outcome: 'taken' | 'conflict';
  readonly head: ChainHead;
  /** How many entries were new. */
  readonly fresh: number;
}

/** Lines of one upload; whoever reads them off the network keeps their sizes in bounds. */
export type Lines = AsyncIterable<readonly string[]>;

/**
 * Takes one upload in. The chain is checked while the lines come, without a lock; the stream's head is locked only to
 * insert. Throws `invalid_input` for a line that is no entry of ours and `forbidden` for another gateway's stream.
 */
export async function ingest(
  store: Store,
  stream: StreamId,
  gateway: GatewayId,
  lines: Lines,
  now: () => Temporal.Instant,
): Promise<Ingested> {
  const before = await readHead(store.db, stream, gateway);
  const upload = new Upload(before);
  for await (const batch of lines) {
    for (const line of batch) {
      if (!upload.add(line)) return { outcome: 'conflict', head: before, fresh: 0 };
    }
  }
  const taken = await store.transaction(async (tx): Promise<Ingested> => {
    const locked = await lockHead(tx, stream, gateway, now());
    // Somebody else appended meanwhile: the sender looks at the head and goes on from there.
    const moved = locked.head.seq !== before.seq || locked.head.hash !== before.hash;
    const refused =
      moved || (locked.closed && upload.fresh.length > 0) || !(await isOnRecord(tx, stream, upload.known));
    if (refused) return { outcome: 'conflict', head: locked.head, fresh: 0 };
    if (upload.fresh.length > 0) {
      await insertEntries(tx, stream, upload.fresh);
      await countStatements(tx, upload.fresh);
      await moveHead(tx, upload.head, now());
    }
    return { outcome: 'taken', head: upload.head, fresh: upload.fresh.length };
  });
  if (taken.fresh > 0)
    announceRecord(
      store,
      upload.fresh.map(({ session }) => session).filter((id) => id !== null),
    );
  return taken;
}

/** Where a stream stands for the gateway whose it is; a stream never seen stands at the beginning. */
export async function readHead(db: Reader, stream: StreamId, gateway: GatewayId): Promise<ChainHead> {
  const row = await db
    .selectFrom('streams')
    .select(['seq', 'hash', 'gateway'])
    .where('stream', '=', stream)
    .executeTakeFirst();
  assertOwner(stream, gateway, row?.gateway ?? null);
  return row === undefined ? newChain(stream) : { stream, seq: row.seq, hash: row.hash.toString('hex') };
}

/** Nothing more comes. `conflict`: the head is another than the gateway says. Closing twice is fine. */
export async function closeStream(
  tx: Tx,
  stream: StreamId,
  gateway: GatewayId,
  said: { readonly seq: number; readonly hash: string },
  now: Temporal.Instant,
): Promise<Ingested> {
  const { head, closed } = await lockHead(tx, stream, gateway, now);
  if (head.seq !== said.seq || head.hash !== said.hash) return { outcome: 'conflict', head, fresh: 0 };
  if (!closed) {
    await tx.updateTable('streams').set({ closedAt: now, updatedAt: now }).where('stream', '=', stream).execute();
  }
  return { outcome: 'taken', head, fresh: 0 };
}

/** What one upload holds, checked against the head it began from. */
class Upload {
  head: ChainHead;
  /** New entries, in order. */
  readonly fresh: EntryRow[] = [];
  /** Hashes of entries that are on record already, by seq. */
  readonly known = new Map<number, string>();
  readonly #before: ChainHead;

  constructor(before: ChainHead) {
    this.#before = before;
    this.head = before;
  }

  /** False: it does not continue the chain. */
  add(line: string): boolean {
    const entry = parseEntry(line);
    if (entry.stream !== this.#before.stream) {
      throw new TidegateError('invalid_input', 'An entry is of another stream than the upload.');
    }
    if (entry.seq <= this.#before.seq) {
      this.known.set(entry.seq, entry.hash);
      return true;
    }
    if (entry.seq !== this.head.seq + 1) return false;
    const canonical = continuation(this.head, entry);
    if (canonical === null) return false;
    // The line as it came is kept where it is canonical already: the one just made is in pieces, and costs far more.
    this.fresh.push(rowOf(entry, canonical === line ? line : canonical));
    this.head = { stream: entry.stream, seq: entry.seq, hash: entry.hash };
    return true;
  }
}

const kinds: ReadonlyMap<string, z.ZodType> = new Map(Object.entries(recordData));

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** As `auditEntry`, but with no member too many (the hash would not cover it) and a time that the store can hold. */
const uploaded = z.strictObject({
  stream: gatewayStream,
  seq: z.int().positive(),
  at: auditEntry.shape.at.refine((at) => at > '2000' && at < '2200', 'must be of this age'),
  kind: z.string(),
  data: z.custom<JsonObject>(isObject, 'must be an object'),
  hash: z.string(),
});

function parseEntry(line: string): AuditEntry {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw invalid('A line of the upload is not JSON.', error);
  }
  const entry = uploaded.safeParse(value);
  if (!entry.success) throw invalid('A line of the upload is not an entry.', entry.error);
  const { kind, data } = entry.data;
  const shape = kinds.get(kind);
  if (shape === undefined) throw invalid('An entry is of a kind that gateways do not record.', kind);
  const checked = shape.safeParse(data);
  if (!checked.success) throw invalid(`An entry of kind ${kind} does not have that kind’s shape.`, checked.error);
  return entry.data;
}

/**
 * The entry's canonical line, if its hash follows from the head and its content; else null. As core's `brokenLink` and
 * `entryLine`, with the data written out only once: this is most of what ingest costs.
 */
function continuation(head: ChainHead, entry: AuditEntry): string | null {
  try {
    const data = canonicalJson(entry.data);
    return linkText(head.hash, factText(entry, data)) === entry.hash ? entryText(entry, data) : null;
  } catch (error) {
    if (error instanceof NotCanonicalError) throw invalid('An entry holds what canonical JSON cannot.', error.message);
    throw error;
  }
}

/** The details name members, never what stood in them: values are for the record only. */
function invalid(message: string, detail: unknown): TidegateError {
  const safe = detail instanceof z.ZodError ? detail.issues.map(({ path, code }) => ({ path, code })) : String(detail);
  return new TidegateError('invalid_input', message, '', safe);
}

/** Locks the stream's head until the transaction ends; a stream never seen gets its row. */
async function lockHead(
  tx: Tx,
  stream: StreamId,
  gateway: GatewayId,
  now: Temporal.Instant,
): Promise<{ head: ChainHead; closed: boolean }> {
  const start = newChain(stream);
  await tx
    .insertInto('streams')
    .values({ stream, gateway, seq: start.seq, hash: Buffer.from(start.hash, 'hex'), closedAt: null, updatedAt: now })
    .onConflict((conflict) => conflict.column('stream').doNothing())
    .execute();
  const row = await tx
    .selectFrom('streams')
    .select(['seq', 'hash', 'gateway', 'closedAt'])
    .where('stream', '=', stream)
    .forUpdate()
    .executeTakeFirstOrThrow();
  assertOwner(stream, gateway, row.gateway);
  return { head: { stream, seq: row.seq, hash: row.hash.toString('hex') }, closed: row.closedAt !== null };
}

/** A stream carries its gateway's id in its name; whoever took it first is its gateway. */
function assertOwner(stream: StreamId, gateway: GatewayId, owner: GatewayId | null): void {
  if (stream.startsWith(`${gateway}.`) && (owner === null || owner === gateway)) return;
  throw new TidegateError('forbidden', 'The stream is not this gateway’s.');
}

async function moveHead(tx: Tx, head: ChainHead, now: Temporal.Instant): Promise<void> {
  await tx
    .updateTable('streams')
    .set({ seq: head.seq, hash: Buffer.from(head.hash, 'hex'), updatedAt: now })
    .where('stream', '=', head.stream)
    .execute();
}

/** Are these entries on record, each with this hash? What was taken in is never taken in again, nor contradicted. */
async function isOnRecord(tx: Tx, stream: StreamId, hashes: ReadonlyMap<number, string>): Promise<boolean> {
  if (hashes.size === 0) return true;
  const rows = await tx
    .selectFrom('entries')
    .select(['seq', 'hash'])
    .where('stream', '=', stream)
    .where('seq', '>=', Math.min(...hashes.keys()))
    .where('seq', '<=', Math.max(...hashes.keys()))
    .execute();
  const matching = rows.filter((row) => hashes.get(row.seq) === row.hash.toString('hex'));
  return matching.length === hashes.size;
}

async function countStatements(tx: Tx, rows: readonly EntryRow[]): Promise<void> {
  const counts = new Map<string, number>();
  for (const { kind, session } of rows) {
    if (kind === 'statement' && session !== null) counts.set(session, (counts.get(session) ?? 0) + 1);
  }
  if (counts.size === 0) return;
  // In one order everywhere, so that two uploads can't wait for each other.
  const sessions = [...counts.keys()].sort();
  await sql`
    INSERT INTO session_statements AS known (session, statements)
    SELECT * FROM unnest(${sessions}::text[], ${sessions.map((session) => counts.get(session))}::bigint[])
    ON CONFLICT (session) DO UPDATE SET statements = known.statements + excluded.statements`.execute(tx);
}
