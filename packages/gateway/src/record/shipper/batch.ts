/** Entries of one stream, chained and ready to go up in one request. */
import { UPLOAD_MAX_BYTES } from '@tidegate/contract';
import { append, type ChainHead } from '@tidegate/core';
import type { DecodedRecord } from '../decode.ts';

/** In characters, of up to three bytes; and one more entry (at most a chunk, escaped) is added beyond. */
const FULL = UPLOAD_MAX_BYTES / 6;

export class Batch {
  /** NDJSON. */
  lines = '';
  records = 0;
  /** Where the stream stands after this. */
  head: ChainHead;
  readonly #mostRecords: number;

  constructor(head: ChainHead, mostRecords: number) {
    this.head = head;
    this.#mostRecords = mostRecords;
  }

  get full(): boolean {
    return this.records >= this.#mostRecords || this.lines.length >= FULL;
  }

  add(record: DecodedRecord): void {
    const entry = append(this.head, record);
    this.lines += `${JSON.stringify(entry)}\n`;
    this.head = { stream: entry.stream, seq: entry.seq, hash: entry.hash };
    this.records += 1;
  }
}
