/**
 * Takes one stream from the spool to the control plane: each record once, in order, chained. Keeps no state of its own
 * on disk: where the control plane stands is where it goes on, so that it may be killed anywhere.
 */
import { rmSync } from 'node:fs';
import type { recordData } from '@tidegate/contract';
import { type ChainHead, GENESIS, newChain, type StreamId } from '@tidegate/core';
import type { z } from 'zod';
import { isRunning } from '../writer-process.ts';
import { Batch } from './batch.ts';
import { checked } from './checked.ts';
import { type Continuation, nextName, readContinuation, writeContinuation } from './continuation.ts';
import { StreamSource } from './source.ts';
import type { Uploader } from './uploader.ts';

export interface ShipperLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface StreamShipperOptions {
  readonly folder: string;
  readonly stream: StreamId;
  /** This gateway's id: only streams named after it are taken from it. */
  readonly gateway: string;
  readonly uploader: Uploader;
  readonly log: ShipperLog;
  /** Bytes of deleted segments. */
  readonly onFreed: (bytes: number) => void;
}

/** `behind`: more is there. `level`: all that was written is uploaded. `over`: and nothing more will come; its folder is gone. */
export type Progress = 'behind' | 'level' | 'over';

type Because = z.infer<(typeof recordData)['stream.continued']>['because'];

export class StreamShipper {
  readonly stream: StreamId;
  readonly #options: StreamShipperOptions;
  readonly #source: StreamSource;
  #continuation: Continuation | null;
  /** Where the control plane stands; null: not asked yet. */
  #head: ChainHead | null = null;
  #batch: Batch | null = null;
  /** Times in a row that the control plane said the batch does not continue its head. */
  #conflicts = 0;
  /** `ours`: this process made it, and will tell when it is gone. `gone`: what is read from now on is all there will be. */
  #writer: 'unknown' | 'ours' | 'gone' = 'unknown';
  /** Check every record's shape before it is sent. */
  #careful = false;
  /** When the oldest record that is not uploaded was made; null: none. */
  oldestAt: string | null = null;

  constructor(options: StreamShipperOptions) {
    this.#options = options;
    this.stream = options.stream;
    this.#source = new StreamSource(options.folder, (message) => {
      options.log.warn({ stream: options.stream }, `spool: ${message}`);
    });
    this.#continuation = readContinuation(options.folder);
  }

  /** More may come, whatever the files say, until `writerIsGone`. */
  writerIsOurs(): void {
    this.#writer = 'ours';
  }

  writerIsGone(): void {
    this.#writer = 'gone';
  }

  /** One request's worth of work, at most `records` records. Rejects when the control plane can't be reached. */
  async step(records: number): Promise<Progress> {
    this.#head ??= await this.#askHead();
    this.#batch ??= this.#collect(this.#head, records);
    if (this.#batch.records > 0) {
      await this.#upload(this.#batch);
      return 'behind';
    }
    this.#batch = null;
    this.oldestAt = null;
    this.#prune(this.#head);
    return this.#atEnd(this.#head);
  }

  close(): void {
    this.#source.close();
  }

  async #askHead(): Promise<ChainHead> {
    const { gateway, uploader } = this.#options;
    const name = this.#continuation?.stream ?? this.stream;
    if (name.startsWith(`${gateway}.`)) return uploader.head(name);
    // Left by what this gateway was before it joined anew.
    const first = this.#source.next();
    const seq = first.is === 'end' ? 0 : first.seq - 1;
    const renamed = `${gateway}${name.slice(name.indexOf('.'))}` as StreamId;
    const head = { stream: name, seq, hash: GENESIS };
    return this.#continueAs(renamed, head, seq + 1, 'rejoined');
  }

  /** The records that come next, up to a gap or the end. */
  #collect(head: ChainHead, records: number): Batch {
    const batch = new Batch(head, records);
    const continuation = this.#continuation;
    if (continuation !== null && head.seq === 0) {
      batch.add({ kind: 'stream.continued', at: continuation.at, data: continuation.data });
    }
    while (!batch.full) {
      const next = this.#source.next();
      if (next.is === 'end') break;
      if (next.is === 'gap') {
        if (batch.records > 0) break;
        // What is missing here may be where this stream began, or already there.
        const known = this.#numberOf(next.seq) <= head.seq + 1 || next.seq <= (continuation?.first ?? 0);
        if (!known) return this.#goOnElsewhere(head, next.seq, 'damaged', records);
        this.#source.skipGap();
        continue;
      }
      const number = this.#numberOf(next.seq);
      if (number <= head.seq || next.seq < (continuation?.first ?? 0)) continue;
      if (number > batch.head.seq + 1) return this.#goOnElsewhere(head, next.seq, 'behind', records);
      if (batch.records === 0) this.oldestAt = next.record.at;
      batch.add(this.#careful ? checked(next.record) : next.record);
    }
    return batch;
  }

  async #upload(batch: Batch): Promise<void> {
    const { uploader, log } = this.#options;
    const answer = await uploader.append(batch.head.stream, batch.lines);
    if (answer.outcome === 'invalid') {
      // One record that is not understood must not hold up all that follow: once more, with each record checked.
      log.error({ stream: this.stream, why: answer.why, careful: this.#careful }, 'the control plane refuses a record');
      if (this.#careful) throw new Error(`stream ${this.stream}: ${answer.why}`);
      this.#careful = true;
      this.#startAgain();
    } else if (
      answer.outcome === 'taken' &&
      answer.head.seq === batch.head.seq &&
      answer.head.hash === batch.head.hash
    ) {
      this.#head = answer.head;
      this.#batch = null;
      this.#conflicts = 0;
      this.#careful = false;
      this.#prune(answer.head);
    } else {
      this.#conflict(answer.head);
    }
  }

  /** The control plane's copy is not what we thought: go on from where it says it is, or, if that fails too, elsewhere. */
  #conflict(head: ChainHead): void {
    this.#conflicts += 1;
    this.#options.log.warn(
      { stream: head.stream, seq: head.seq },
      'the control plane’s copy of a stream stands elsewhere',
    );
    this.#startAgain();
    this.#head = head;
    if (this.#conflicts < 2) return;
    const first = this.#source.next();
    if (first.is === 'end') return;
    this.#conflicts = 0;
    this.#batch = this.#goOnElsewhere(head, first.seq, 'different', 1);
    this.#startAgain();
  }

  /** From record `first` of the spool on, under another name. */
  #goOnElsewhere(head: ChainHead, first: number, because: Because, records: number): Batch {
    this.#head = this.#continueAs(nextName(head.stream), head, first, because);
    return this.#collect(this.#head, records);
  }

  #continueAs(stream: StreamId, before: ChainHead, first: number, because: Because): ChainHead {
    const from = this.#spoolSeq(before.seq) + 1;
    const lost = first > from ? { from, to: first - 1 } : null;
    const data = { ...before, lost, because };
    const continuation = { stream, first, at: new Date().toISOString(), data };
    this.#options.log.error({ ...data, next: stream }, 'a stream goes on under another name');
    writeContinuation(this.#options.folder, continuation);
    this.#continuation = continuation;
    this.#startAgain();
    return newChain(stream);
  }

  #startAgain(): void {
    this.#batch = null;
    this.#source.rewind();
  }

  /** The number at the control plane of the spool's record `seq`. */
  #numberOf(seq: number): number {
    return this.#continuation === null ? seq : seq - this.#continuation.first + 2;
  }

  /** The last record of the spool that is at or before the control plane's number. */
  #spoolSeq(number: number): number {
    return this.#continuation === null ? number : number + this.#continuation.first - 2;
  }

  #prune(head: ChainHead): void {
    const freed = this.#source.prune(this.#spoolSeq(head.seq));
    if (freed > 0) this.#options.onFreed(freed);
  }

  /** All that is there is uploaded. When the writer is gone: look once more, add what it could not, and be done. */
  #atEnd(head: ChainHead): Promise<Progress> | Progress {
    if (this.#writer === 'ours') return 'level';
    if (this.#writer === 'unknown') {
      const { header } = this.#source;
      if (header !== null && isRunning(header.writer)) return 'level';
      this.#writer = 'gone';
      return 'behind';
    }
    return this.#source.addLastWords() ? 'behind' : this.#finish(head);
  }

  async #finish(head: ChainHead): Promise<Progress> {
    // A stream that brought nothing is nothing to the control plane.
    if (head.seq > 0 && !(await this.#options.uploader.close(head))) {
      this.#head = null;
      this.#startAgain();
      return 'behind';
    }
    this.#source.close();
    rmSync(this.#options.folder, { recursive: true, force: true });
    return 'over';
  }
}
