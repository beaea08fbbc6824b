/**
 * The chain (docs/ARCHITECTURE.md): each entry's hash covers the one before it, so that nothing can be changed, left out
 * or moved without every later hash being different.
 */
import { hash } from 'node:crypto';
import type { StreamId } from '../ids.ts';
import { canonicalJson, type JsonObject, NotCanonicalError } from './canonical.ts';

/** What is hashed. `at` is RFC 3339 UTC; `seq` counts from 1 within its stream, without a gap. */
export interface AuditFact {
  readonly stream: StreamId;
  readonly seq: number;
  readonly at: string;
  readonly kind: string;
  readonly data: JsonObject;
}

/** One line of the record: a fact and its place in the chain (64 lower-case hex digits). */
export interface AuditEntry extends AuditFact {
  readonly hash: string;
}

/** Where a stream's chain stands: the last entry's number and hash. */
export interface ChainHead {
  readonly stream: StreamId;
  readonly seq: number;
  readonly hash: string;
}

/** The hash before the first entry: 32 zero bytes. */
export const GENESIS = '0'.repeat(64);

const HASH_BYTES = 32;

/** The chain of a stream that has no entry yet. */
export function newChain(stream: StreamId): ChainHead {
  return Object.freeze({ stream, seq: 0, hash: GENESIS });
}

/**
 * `SHA-256(previous hash ‖ canonical JSON of {stream, seq, at, kind, data})`, hex in and hex out.
 *
 * @throws NotCanonicalError for data that canonical JSON can't hold.
 */
export function link(previousHash: string, fact: AuditFact): string {
  return linkText(previousHash, factText(fact, canonicalJson(fact.data)));
}

/** Adds an entry to a chain; the entry's own `stream`, `seq` and `hash` are the chain's next head. */
export function append(head: ChainHead, fact: Pick<AuditFact, 'at' | 'kind' | 'data'>): AuditEntry {
  const numbered = { stream: head.stream, seq: head.seq + 1, at: fact.at, kind: fact.kind, data: fact.data };
  return Object.freeze({ ...numbered, hash: link(head.hash, numbered) });
}

/** What keeps `entry` from being the next one of the chain, as a sentence; null: it is. Never throws for what stands in it. */
export function brokenLink(head: ChainHead, entry: AuditEntry): string | null {
  if (entry.stream !== head.stream) return `it is of stream ${entry.stream}, not ${head.stream}`;
  if (entry.seq !== head.seq + 1) return `its seq is ${entry.seq} where ${head.seq + 1} comes next`;
  try {
    if (link(head.hash, entry) === entry.hash) return null;
  } catch (error) {
    if (error instanceof NotCanonicalError) return error.message;
    throw error;
  }
  return 'its hash does not follow from what stands before it and in it';
}

/** The entry's line in an export: canonical, so that any byte that was changed shows. Without the newline. */
export function entryLine(entry: AuditEntry): string {
  return entryText(entry, canonicalJson(entry.data));
}

/** The two texts of one entry, from its data's canonical text: members stand in canonical order. */
export function factText(fact: AuditFact, data: string): string {
  return `{"at":${canonicalJson(fact.at)},"data":${data},${tail(fact)}`;
}

/** See `factText`. */
export function entryText(entry: AuditEntry, data: string): string {
  return `{"at":${canonicalJson(entry.at)},"data":${data},"hash":${canonicalJson(entry.hash)},${tail(entry)}`;
}

/** An entry's canonical text but for what only the head of its chain can say. */
export interface TextsAround {
  /** Up to where the line has its hash; what is hashed has nothing there. */
  readonly before: string;
  /** From there to the number. */
  readonly middle: string;
  readonly after: string;
}

/**
 * For whoever holds the head elsewhere (the store, at a commit): `before middle SEQ after` is what `link` hashes,
 * `before "hash":"HASH", middle SEQ after` the line.
 */
export function textsAround({ stream, at, kind, data }: Omit<AuditFact, 'seq'>): TextsAround {
  return {
    before: `{"at":${canonicalJson(at)},"data":${canonicalJson(data)},`,
    middle: `"kind":${canonicalJson(kind)},"seq":`,
    after: `,"stream":${canonicalJson(stream)}}`,
  };
}

function tail(fact: AuditFact): string {
  return `"kind":${canonicalJson(fact.kind)},"seq":${canonicalJson(fact.seq)},"stream":${canonicalJson(fact.stream)}}`;
}

/** Bytes that one hash is computed from; grows to the largest entry seen, up to a limit, so that most need no memory. */
let scratch = Buffer.allocUnsafe(16 * 1024);
const SCRATCH_MAX = 1024 * 1024;

export function linkText(previousHash: string, text: string): string {
  const most = HASH_BYTES + text.length * 3;
  if (most > scratch.length && most <= SCRATCH_MAX) scratch = Buffer.allocUnsafe(most);
  const bytes = most <= scratch.length ? scratch : Buffer.allocUnsafe(HASH_BYTES + Buffer.byteLength(text));
  // `write` stops at the first character that is not hex: a previous hash that is not 64 of them links to nothing.
  if (bytes.write(previousHash, 0, HASH_BYTES, 'hex') !== HASH_BYTES || previousHash.length !== HASH_BYTES * 2) {
    throw new TypeError('The previous hash is not 64 hex digits');
  }
  const length = bytes.write(text, HASH_BYTES, 'utf8');
  return hash('sha256', bytes.subarray(0, HASH_BYTES + length), 'hex');
}
