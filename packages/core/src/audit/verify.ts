/**
 * Verifies an exported record with nothing but the export and the public keys (promise 4): no store, no trust in who
 * made it. Lines are entries and checkpoints, in canonical JSON; streams may be interleaved; memory does not grow with
 * the number of entries.
 *
 * A stream begins with its entry 1, or after a checkpoint: then the export is a part, and says from where. A checkpoint
 * stands anywhere before the entry that follows the one it attests; those that stand beyond the last entry show that
 * the end was cut off.
 */
import type { KeyObject } from 'node:crypto';
import type { StreamId } from '../ids.ts';
import { type AuditEntry, type ChainHead, linkText, newChain } from './chain.ts';
import { auditKeyId, type Checkpoint, verifyCheckpoint } from './checkpoint.ts';
import { parseLine } from './line.ts';

export type VerifyFailureCode =
  | 'malformed'
  | 'missing_start'
  | 'repeated'
  | 'gap'
  | 'wrong_hash'
  | 'unknown_key'
  | 'bad_signature'
  | 'checkpoint_mismatch'
  | 'checkpoint_late'
  | 'cut_off';

/** The first thing that is wrong. */
export interface VerifyFailure {
  readonly code: VerifyFailureCode;
  /** Counted from 1; null: seen only at the end. */
  readonly line: number | null;
  readonly stream: string | null;
  readonly seq: number | null;
  /** What differs, a sentence. */
  readonly message: string;
}

export interface StreamReport {
  readonly stream: StreamId;
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly entries: number;
  /** The last entry that a checkpoint attests; null: no checkpoint was met. */
  readonly attestedThrough: number | null;
  /** Entries after it: chained, but not yet signed for. */
  readonly afterCheckpoint: number;
}

export interface Verification {
  readonly ok: boolean;
  readonly failure: VerifyFailure | null;
  /** In the order in which the streams first appear. With a failure: as far as it was right. */
  readonly streams: readonly StreamReport[];
  readonly entries: number;
  readonly checkpoints: number;
}

/** One stream while it is read. */
interface StreamState {
  head: ChainHead | null;
  firstSeq: number;
  attestedThrough: number | null;
  /** Checkpoints whose entry has not come yet, by seq. */
  readonly awaited: Map<number, Checkpoint>;
}

/** Feed it every line in order, then ask for the result. After the first failure it looks at nothing more. */
export class AuditVerifier {
  readonly #keys: ReadonlyMap<string, KeyObject>;
  readonly #streams = new Map<StreamId, StreamState>();
  #failure: VerifyFailure | null = null;
  #lines = 0;
  #entries = 0;
  #checkpoints = 0;

  /** @param publicKeys the Ed25519 keys that checkpoints may be signed with, had from somewhere other than the export */
  constructor(publicKeys: readonly KeyObject[]) {
    this.#keys = new Map(publicKeys.map((key) => [auditKeyId(key), key]));
  }

  /** One line, without its newline. An empty one is passed over. False: a failure was found, no more need be fed. */
  add(line: string): boolean {
    if (this.#failure !== null) return false;
    this.#lines += 1;
    if (line === '') return true;
    const parsed = parseLine(line);
    switch (parsed.is) {
      case 'entry':
        return this.#entry(parsed.entry, parsed.fact);
      case 'checkpoint':
        return this.#checkpoint(parsed.checkpoint);
      case 'malformed':
        return this.#fail('malformed', parsed.stream, parsed.seq, parsed.message);
    }
  }

  /** How it stands after all lines: checkpoints whose entries never came are seen here. */
  result(): Verification {
    const failure = this.#failure ?? this.#cutOff();
    return Object.freeze({
      ok: failure === null,
      failure,
      streams: Object.freeze([...this.#streams].flatMap(([stream, state]) => report(stream, state))),
      entries: this.#entries,
      checkpoints: this.#checkpoints,
    });
  }

  #entry(entry: AuditEntry, fact: string): boolean {
    const { stream, seq } = entry;
    const state = this.#stream(stream);
    const head = state.head ?? this.#start(state, entry);
    if (head === null) return false;

    if (seq <= head.seq) {
      return this.#fail('repeated', stream, seq, `Entry ${seq} comes again, or too late, after entry ${head.seq}.`);
    }
    if (seq > head.seq + 1) {
      const missing = seq === head.seq + 2 ? `entry ${head.seq + 1}` : `entries ${head.seq + 1} to ${seq - 1}`;
      return this.#fail('gap', stream, seq, `Before entry ${seq}, ${missing} is missing.`);
    }
    if (linkText(head.hash, fact) !== entry.hash) {
      return this.#fail(
        'wrong_hash',
        stream,
        seq,
        `The hash of entry ${seq} does not follow from its content and the entry before it: one of them was changed.`,
      );
    }
    if (state.head === null) state.firstSeq = seq;
    state.head = { stream, seq, hash: entry.hash };
    this.#entries += 1;

    const awaited = state.awaited.get(seq);
    return awaited === undefined || this.#attest(state, state.head, awaited);
  }

  /** What a stream's first entry in the export stands on. */
  #start(state: StreamState, entry: AuditEntry): ChainHead | null {
    if (entry.seq === 1) return newChain(entry.stream);
    const anchor = state.awaited.get(entry.seq - 1);
    if (anchor === undefined) {
      this.#fail(
        'missing_start',
        entry.stream,
        entry.seq,
        `The stream begins with entry ${entry.seq}, and no checkpoint attests entry ${entry.seq - 1} before it.`,
      );
      return null;
    }
    // Entries before the anchor are not in this export: their checkpoints have nothing to be compared with.
    for (const seq of state.awaited.keys()) if (seq < entry.seq) state.awaited.delete(seq);
    state.attestedThrough = anchor.seq;
    return { stream: anchor.stream, seq: anchor.seq, hash: anchor.hash };
  }

  #checkpoint(checkpoint: Checkpoint): boolean {
    const { stream, seq } = checkpoint;
    const key = this.#keys.get(checkpoint.keyId);
    if (key === undefined) {
      return this.#fail(
        'unknown_key',
        stream,
        seq,
        `The checkpoint at entry ${seq} is signed with key ${checkpoint.keyId}, which was not given.`,
      );
    }
    if (!verifyCheckpoint(checkpoint, key)) {
      return this.#fail('bad_signature', stream, seq, `The signature of the checkpoint at entry ${seq} is not right.`);
    }
    this.#checkpoints += 1;

    const state = this.#stream(stream);
    const { head } = state;
    if (head !== null && seq < head.seq) {
      return this.#fail(
        'checkpoint_late',
        stream,
        seq,
        `The checkpoint at entry ${seq} stands after entry ${head.seq}, where it can't be compared any more.`,
      );
    }
    if (head !== null && seq === head.seq) return this.#attest(state, head, checkpoint);
    const other = state.awaited.get(seq);
    if (other !== undefined && other.hash !== checkpoint.hash) return this.#mismatch(checkpoint);
    state.awaited.set(seq, checkpoint);
    return true;
  }

  #attest(state: StreamState, head: ChainHead, checkpoint: Checkpoint): boolean {
    if (head.hash !== checkpoint.hash) return this.#mismatch(checkpoint);
    state.awaited.delete(head.seq);
    state.attestedThrough = head.seq;
    return true;
  }

  #mismatch({ stream, seq, at }: Checkpoint): boolean {
    return this.#fail(
      'checkpoint_mismatch',
      stream,
      seq,
      `Entry ${seq} is not the one that was signed for at ${at}: it, or one before it, was replaced and chained anew.`,
    );
  }

  #cutOff(): VerifyFailure | null {
    for (const [stream, { head, awaited }] of this.#streams) {
      const seq = Math.max(...awaited.keys());
      if (awaited.size === 0) continue;
      const end = head === null ? 'the export has none of them' : `the export ends with entry ${head.seq}`;
      return failure('cut_off', null, stream, seq, `A checkpoint attests ${seq} entries, and ${end}.`);
    }
    return null;
  }

  #stream(stream: StreamId): StreamState {
    const known = this.#streams.get(stream);
    if (known !== undefined) return known;
    const state: StreamState = { head: null, firstSeq: 0, attestedThrough: null, awaited: new Map() };
    this.#streams.set(stream, state);
    return state;
  }

  #fail(code: VerifyFailureCode, stream: StreamId | null, seq: number | null, message: string): false {
    this.#failure = failure(code, this.#lines, stream, seq, message);
    return false;
  }
}

/** Verifies all of an export's lines. @param publicKeys see `AuditVerifier` */
export async function verifyExport(
  lines: Iterable<string> | AsyncIterable<string>,
  publicKeys: readonly KeyObject[],
): Promise<Verification> {
  const verifier = new AuditVerifier(publicKeys);
  for await (const line of lines) if (!verifier.add(line)) break;
  return verifier.result();
}

function report(stream: StreamId, { head, firstSeq, attestedThrough }: StreamState): StreamReport[] {
  if (head === null) return [];
  const afterCheckpoint = head.seq - Math.max(firstSeq - 1, attestedThrough ?? 0);
  const entries = head.seq - firstSeq + 1;
  return [Object.freeze({ stream, firstSeq, lastSeq: head.seq, entries, attestedThrough, afterCheckpoint })];
}

function failure(
  code: VerifyFailureCode,
  line: number | null,
  stream: string | null,
  seq: number | null,
  message: string,
): VerifyFailure {
  return Object.freeze({ code, line, stream, seq, message });
}
