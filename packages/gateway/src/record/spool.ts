/**
 * The spool: a relay worker's own append-only file of what it saw (docs/ARCHITECTURE.md, The spool). Implements the
 * relay's recorder port. Everything recorded in one turn of the event loop goes out in one write, before any byte that
 * it describes is forwarded (promise 3); a write that fails throws, and the sessions concerned end.
 */
import { performance } from 'node:perf_hooks';
import type { Engine, StreamId } from '@tidegate/core';
import type { Recorder, RefusedLogin, SessionInfo } from '../relay/recorder.ts';
import { Fingerprints } from './fingerprint.ts';
import { decodeBlock, Encoder, type Entry, EntryKind } from './format.ts';
import { GroupSync } from './group-sync.ts';
import { SegmentWriter } from './segment-writer.ts';
import { type RecordingSession, SpoolSession } from './spool-session.ts';

export interface SpoolOptions {
  /** The stream's own folder; made when the first record is written. */
  readonly folder: string;
  readonly stream: StreamId;
  readonly durability: 'process' | 'disk';
  /** How much may be written in all; `allow` raises it. */
  readonly allowanceBytes: number;
  /** 32 bytes, for `record.values: fingerprint`. */
  readonly hashKey: Buffer;
  /** The control plane's clock, milliseconds since the epoch. */
  readonly controlNow: () => number;
  /** Default 16 MiB. */
  readonly segmentBytes?: number;
}

/** The record could not be written: disk full, folder unwritable, or the budget used up. Nothing may be forwarded. */
export class RecordUnavailableError extends Error {
  constructor(why: string, cause?: unknown) {
    super(`the record cannot be written: ${why}`, { cause });
    this.name = 'RecordUnavailableError';
  }
}

const SEGMENT_BYTES = 16 * 1024 * 1024;
/** Facts kept in memory while the disk refuses them, in bytes; the newest are forgotten beyond that. */
const KEPT_MAX = 4 * 1024 * 1024;
const RETRY_MS = 1_000;

/** What must not be lost when a write fails, because it has happened; the rest was never forwarded, so it did not. */
const FACTS: ReadonlySet<EntryKind> = new Set([
  EntryKind.started,
  EntryKind.refused,
  EntryKind.ended,
  EntryKind.outcome,
  EntryKind.finished,
  EntryKind.types,
]);

export class Spool implements Recorder {
  readonly #options: SpoolOptions;
  readonly #writer: SegmentWriter;
  readonly #sync: GroupSync | null;
  readonly #fingerprints: Fingerprints;
  readonly #encoder = new Encoder();
  readonly #sessions = new Map<number, RecordingSession>();
  /** Ended, but their last records are not on disk yet. */
  #ending: number[] = [];
  #lastSession = 0;
  #nextSeq = 1;
  #retry: NodeJS.Timeout | null = null;

  constructor(options: SpoolOptions) {
    this.#options = options;
    this.#fingerprints = new Fingerprints(options.hashKey);
    const durable = options.durability === 'disk';
    this.#writer = new SegmentWriter({
      folder: options.folder,
      stream: options.stream,
      segmentBytes: options.segmentBytes ?? SEGMENT_BYTES,
      allowanceBytes: options.allowanceBytes,
      durable,
      opening: (firstSeq) => this.#opening(firstSeq),
    });
    this.#sync = durable ? new GroupSync((done) => this.#writer.sync(done)) : null;
  }

  /** Resolves when statements of sessions under `fingerprint` get the engine's own fingerprints. */
  prepareFingerprints(engine: Engine): Promise<void> {
    return this.#fingerprints.prepare(engine);
  }

  /** Raises how much may be written in all, in bytes since this spool was made. */
  allow(bytes: number): void {
    this.#writer.allow(bytes);
  }

  /** Bytes written so far; what `allow` is about. */
  get written(): number {
    return this.#writer.written;
  }

  get waiting(): number {
    return this.#encoder.length;
  }

  /** True while something waits for `flush`, or for the promise that one returned. */
  get pending(): boolean {
    return this.#encoder.length > 0 || this.#sync?.pending !== undefined;
  }

  begin(info: SessionInfo): SpoolSession {
    const number = ++this.#lastSession;
    this.#encoder.putJson(EntryKind.started, number, performance.now(), info);
    const session = new SpoolSession(info, {
      number,
      encoder: this.#encoder,
      fingerprints: this.#fingerprints,
      over: () => this.#ending.push(number),
    });
    this.#sessions.set(number, { info, session });
    return session;
  }

  refused(login: RefusedLogin): void {
    this.#encoder.putJson(EntryKind.refused, 0, performance.now(), login);
  }

  /** One of the gateway's own doings (contract `principal`). When the write fails it was not recorded: say it again. */
  principal(entry: unknown): void {
    this.#encoder.putJson(EntryKind.principal, 0, performance.now(), entry);
  }

  flush(): Promise<void> | undefined {
    if (this.#encoder.length === 0) return this.#sync?.pending;
    this.#write();
    return this.#sync?.wait();
  }

  /** As `flush`, but what `disk` asks for is done when it returns: for what is rare, and waited for by no session. */
  flushNow(): void {
    if (this.#encoder.length > 0) this.#write();
    if (this.#sync !== null) this.#writer.syncNow();
  }

  /** Writes what is left and closes the file. Throws like `flush`. */
  close(): void {
    if (this.#retry !== null) clearInterval(this.#retry);
    this.#retry = null;
    try {
      if (this.#encoder.length > 0) this.#write();
    } finally {
      this.#writer.close();
    }
  }

  #write(): void {
    const records = this.#encoder.records;
    const bytes = this.#encoder.finish(this.#nextSeq, this.#offset());
    try {
      this.#writer.append(bytes, this.#nextSeq);
    } catch (error) {
      this.#keepFacts(bytes);
      throw new RecordUnavailableError(error instanceof Error ? error.message : String(error), error);
    }
    this.#nextSeq += records;
    this.#encoder.clear();
    for (const number of this.#ending) this.#sessions.delete(number);
    this.#ending = [];
    if (this.#retry !== null) {
      clearInterval(this.#retry);
      this.#retry = null;
    }
  }

  /** After a failed write: forget what was never forwarded, keep what has happened, and try again soon. */
  #keepFacts(written: Buffer): void {
    const facts: Entry[] = [];
    const dropped = new Set<string>();
    let kept = 0;
    for (let at = 0; at < written.length; ) {
      const block = decodeBlock(written, at);
      if (block === 'damaged' || 'needs' in block) throw new Error('the spool cannot read its own block');
      for (const entry of block.entries) {
        if (!FACTS.has(entry.kind)) {
          dropped.add(`${entry.session}:${entry.a}`);
          this.#sessions.get(entry.session)?.session.dropped(entry.a);
          continue;
        }
        if (entry.kind === EntryKind.outcome && dropped.has(`${entry.session}:${entry.a}`)) continue;
        if (kept > KEPT_MAX) continue;
        kept += entry.bytes.length;
        facts.push({ ...entry, bytes: Buffer.from(entry.bytes) });
      }
      at += block.length;
    }
    this.#encoder.clear();
    for (const entry of facts) this.#encoder.putEntry(entry);
    this.#retry ??= setInterval(() => this.#tryAgain(), RETRY_MS).unref();
  }

  #tryAgain(): void {
    try {
      if (this.#encoder.length > 0) this.#write();
    } catch (error) {
      // Still refused; whoever records meanwhile is told by its own flush.
      if (!(error instanceof RecordUnavailableError)) throw error;
    }
  }

  /** What a reader must know at the beginning of a segment: who is connected. */
  #opening(firstSeq: number): Buffer {
    if (this.#sessions.size === 0) return Buffer.alloc(0);
    const encoder = new Encoder(this.#sessions.size * 512);
    const now = performance.now();
    for (const [number, { info }] of this.#sessions) encoder.putJson(EntryKind.session, number, now, info);
    return encoder.finish(firstSeq, this.#offset());
  }

  #offset(): number {
    return this.#options.controlNow() - performance.now();
  }
}
