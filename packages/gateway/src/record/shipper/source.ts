/**
 * A stream's records in the order of the spool, one at a time: segments read, entries decoded, files deleted when they
 * are no longer needed. Knows nothing of the control plane.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Outcome } from '@tidegate/wire';
import { type DecodedRecord, Decoder } from '../decode.ts';
import { DecodeState } from '../decode-state.ts';
import { type Block, Encoder, EntryKind, encodeSegmentHeader, isRecord, type SegmentHeader } from '../format.ts';
import { SegmentReader } from '../reader.ts';
import { contextName, listContexts, listSegments } from '../segments.ts';
import { appendToSegment } from './last-words.ts';

export type Next =
  /** `seq` counts the stream's records from 1. */
  | { readonly is: 'record'; readonly seq: number; readonly record: DecodedRecord }
  /** Records are missing before `seq`: what was written there can't be read any more. */
  | { readonly is: 'gap'; readonly seq: number }
  | { readonly is: 'end' };

export class StreamSource {
  readonly #folder: string;
  readonly #warn: (message: string) => void;
  #reader: SegmentReader;
  readonly #decoder = new Decoder();
  #block: Block | null = null;
  #index = 0;
  /** The number of the next record of the block, and of the stream. */
  #blockSeq = 0;
  #expected = 0;
  #lastTime = 0;
  #lastOffset = 0;
  #header: SegmentHeader | null = null;
  /** Segments that are read to their end, and the last record they hold. */
  #finished: { segment: number; lastSeq: number }[] = [];

  constructor(folder: string, warn: (message: string) => void) {
    this.#folder = folder;
    this.#warn = warn;
    this.#reader = this.#open();
  }

  /** The newest segment that was read, which says who writes; null while none was. */
  get header(): SegmentHeader | null {
    return this.#header;
  }

  /** The next record; a gap is told again until `skipGap`. */
  next(): Next {
    for (;;) {
      if (!this.#fill()) return { is: 'end' };
      if (this.#blockSeq > this.#expected) return { is: 'gap', seq: this.#blockSeq };
      const record = this.#decodeOne();
      if (record === null) continue;
      const seq = this.#expected;
      this.#expected += 1;
      return { is: 'record', seq, record };
    }
  }

  /** Goes on behind a gap. */
  skipGap(): void {
    this.#expected = this.#blockSeq;
  }

  /** Begins again with the oldest segment that is there. */
  rewind(): void {
    this.#reader.close();
    this.#block = null;
    this.#finished = [];
    this.#expected = 0;
    this.#reader = this.#open();
  }

  /** Deletes the segments whose records are all at or before `seq`; answers how many bytes that freed. */
  prune(seq: number): number {
    if (this.#finished.length === 0) return 0;
    const done = this.#finished.filter((segment) => segment.lastSeq <= seq);
    this.#finished = this.#finished.filter((segment) => segment.lastSeq > seq);
    const upTo = done.at(-1)?.segment ?? 0;
    let freed = 0;
    for (const { segment, path, bytes } of listSegments(this.#folder)) {
      if (segment > upTo) break;
      rmSync(path, { force: true });
      freed += bytes;
    }
    for (const { segment, path } of listContexts(this.#folder)) if (segment <= upTo) rmSync(path, { force: true });
    return freed;
  }

  /**
   * For a stream whose writer is gone, at its end: what it could not write any more. The outcome of every operation that
   * still ran is unknown, every session ended with the worker, at the last moment we know of. False: nothing to add.
   */
  addLastWords(): boolean {
    const { sessions } = this.#decoder.state;
    if (sessions.size === 0 || this.#reader.segment === 0) return false;
    const encoder = new Encoder();
    const nothing = Buffer.alloc(0);
    const time = this.#lastTime;
    for (const [number, { running, statements }] of sessions) {
      for (const op of running.keys())
        encoder.putOutcome(0, number, time, op, 0, Outcome.lost, -1, 0, 0, nothing, 0, 0);
      const ended = { because: 'relay_worker_lost', by: null, statements, bytesToClient: 0, bytesToServer: 0 };
      encoder.putJson(EntryKind.ended, number, time, ended);
    }
    const block = encoder.finish(this.#expected, this.#lastOffset);
    const { segment, position } = this.#reader;
    // The newest segment may have no header yet: its writer died while it began it.
    const header =
      position === 0 && this.#header !== null ? { ...this.#header, segment, firstSeq: this.#expected } : null;
    const bytes = header === null ? block : Buffer.concat([encodeSegmentHeader(header), block]);
    appendToSegment(this.#folder, segment, position, bytes);
    return true;
  }

  close(): void {
    this.#reader.close();
  }

  /** Makes sure that an entry is at hand; false at the end. */
  #fill(): boolean {
    while (this.#block === null || this.#index >= this.#block.entries.length) {
      const read = this.#reader.next();
      if (read.is === 'end') return false;
      if (read.is === 'segment') {
        this.#cross(read.header, read.torn);
      } else {
        this.#block = read.block;
        this.#index = 0;
        this.#blockSeq = read.block.firstSeq;
        this.#lastOffset = read.block.offset;
      }
    }
    return true;
  }

  #decodeOne(): DecodedRecord | null {
    const entry = this.#block?.entries[this.#index];
    if (this.#block === null || entry === undefined) return null;
    this.#index += 1;
    this.#lastTime = entry.time;
    if (isRecord(entry.kind)) this.#blockSeq += 1;
    return this.#decoder.decode(entry, this.#block.offset);
  }

  /** From one segment to the next: what was learnt so far is put down, so that the older ones can be deleted. */
  #cross(header: SegmentHeader, torn: number): void {
    const before = this.#header;
    this.#header = header;
    this.#block = null;
    if (this.#expected === 0) this.#expected = header.firstSeq;
    if (before === null || before.segment >= header.segment) return;
    if (torn > 0) this.#warn(`segment ${before.segment} ends in ${torn} bytes that were never whole`);
    this.#finished.push({ segment: before.segment, lastSeq: this.#expected - 1 });
    try {
      const file = join(this.#folder, contextName(header.segment));
      writeFileSync(file, this.#decoder.state.write(), { mode: 0o600 });
    } catch (error) {
      // A full disk, most likely. Deleting segments is what helps then; without this file, executions read after a
      // restart refer to their prepared statement's record instead of repeating its text.
      this.#warn(`cannot write the context of segment ${header.segment}: ${String(error)}`);
    }
  }

  #open(): SegmentReader {
    const first = listSegments(this.#folder)[0]?.segment ?? 0;
    this.#header = null;
    this.#decoder.resume(this.#contextOf(first));
    return new SegmentReader(this.#folder, first);
  }

  #contextOf(segment: number): DecodeState {
    const file = listContexts(this.#folder).find((context) => context.segment === segment);
    if (file === undefined) return new DecodeState();
    try {
      return DecodeState.restore(readFileSync(file.path, 'utf8'));
    } catch (error) {
      this.#warn(`cannot read the context of segment ${segment}: ${String(error)}`);
      return new DecodeState();
    }
  }
}
