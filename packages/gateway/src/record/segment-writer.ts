/**
 * Appends blocks to a stream's segment files. A write is whole or undone: after one that failed half-way the file is cut
 * back, or left for good and a new segment begun, so that nothing good ever follows a torn block.
 */

import {
  closeSync,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { encodeSegmentHeader } from './format.ts';
import { listSegments, segmentName } from './segments.ts';
import { thisProcess } from './writer-process.ts';

export interface SegmentWriterOptions {
  readonly folder: string;
  readonly stream: string;
  /** A segment is closed when it has grown to this. */
  readonly segmentBytes: number;
  /** How much may be written in all, in bytes; `allow` raises it. */
  readonly allowanceBytes: number;
  /** Also forces new folders and files to the disk. */
  readonly durable: boolean;
  /** The block that a new segment begins with, so that it can be read alone; empty: none. */
  readonly opening: (firstSeq: number) => Buffer;
}

/** How often to look whether somebody deleted the file under us, in milliseconds. */
const LINK_CHECK_MS = 1_000;

export class SegmentWriter {
  readonly #options: SegmentWriterOptions;
  #fd: number | null = null;
  #segment: number;
  #position = 0;
  #written = 0;
  #allowance: number;
  #checkedAt = 0;
  #syncing: number | null = null;
  #lost: Error | null = null;

  /** Goes on after the segments that are there, if any. Touches no disk but to look. */
  constructor(options: SegmentWriterOptions) {
    this.#options = options;
    this.#allowance = options.allowanceBytes;
    this.#segment = listSegments(options.folder).at(-1)?.segment ?? 0;
  }

  /** Bytes written in all by this writer, headers and context included. */
  get written(): number {
    return this.#written;
  }

  /** Raises how much may be written in all. */
  allow(bytes: number): void {
    this.#allowance = bytes;
  }

  /** Puts the bytes on disk (the page cache) as a whole, or throws and leaves the stream as it was. */
  append(bytes: Buffer, firstSeq: number): void {
    if (this.#fd !== null && (this.#position >= this.#options.segmentBytes || this.#vanished())) this.#leave();
    if (this.#fd === null) this.#begin(firstSeq);
    this.#write(bytes);
  }

  /**
   * Forces what was appended to the disk; `done` gets the error. After an error nothing more is put behind what may be
   * lost: the kernel may have thrown pages away, so a new segment is begun. One at a time.
   */
  sync(done: (error: Error | null) => void): void {
    const fd = this.#fd;
    const lost = this.#lost;
    this.#lost = null;
    if (fd === null || lost !== null) {
      done(lost);
      return;
    }
    this.#syncing = fd;
    fdatasync(fd, (error) => {
      this.#syncing = null;
      if (this.#fd !== fd) closeSync(fd);
      else if (error !== null) this.#abandon();
      done(error);
    });
  }

  /** Forces what was appended to the disk before it returns. Throws as it fails. */
  syncNow(): void {
    if (this.#fd !== null) fdatasyncSync(this.#fd);
  }

  /** Closes the file; the next append begins a new segment. */
  close(): void {
    if (this.#fd !== null) this.#leave();
  }

  #begin(firstSeq: number): void {
    const { folder, stream, durable, opening } = this.#options;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.#segment += 1;
    const path = join(folder, segmentName(this.#segment));
    const fd = openSync(path, 'wx', 0o600);
    this.#fd = fd;
    this.#position = 0;
    this.#checkedAt = performance.now();
    const segment = this.#segment;
    const header = { version: 1, stream, segment, firstSeq, createdAt: Date.now(), writer: thisProcess() } as const;
    try {
      this.#write(Buffer.concat([encodeSegmentHeader(header), opening(firstSeq)]));
      if (durable) syncFolder(folder);
    } catch (error) {
      this.#abandon();
      // Nothing but the header: of no use to a reader, and the number is not used again.
      rmSync(path, { force: true });
      throw error;
    }
  }

  #write(bytes: Buffer): void {
    const fd = this.#fd;
    if (fd === null) throw new Error('no segment is open');
    if (this.#written + bytes.length > this.#allowance) {
      throw new Error('the spool is at its limit (TIDEGATE_SPOOL_LIMIT)');
    }
    let done = 0;
    try {
      while (done < bytes.length) {
        const wrote = writeSync(fd, bytes, done, bytes.length - done, this.#position + done);
        if (wrote === 0) throw new Error('the spool took nothing');
        done += wrote;
      }
    } catch (error) {
      if (done > 0) this.#cutBack(fd);
      throw error;
    }
    this.#position += bytes.length;
    this.#written += bytes.length;
  }

  #cutBack(fd: number): void {
    try {
      ftruncateSync(fd, this.#position);
    } catch {
      // The torn block stays the last thing in this file, and a reader drops it. The write's own error is what is told.
      this.#abandon();
    }
  }

  /** Done with this segment. */
  #leave(): void {
    const fd = this.#fd;
    if (fd === null) return;
    if (this.#options.durable) fdatasyncSync(fd);
    this.#fd = null;
    this.#close(fd);
  }

  /** Gives the segment up after an error; whoever waits for `sync` is told if what it holds may be lost. */
  #abandon(): void {
    const fd = this.#fd;
    if (fd === null) return;
    this.#fd = null;
    try {
      if (this.#options.durable) fdatasyncSync(fd);
    } catch (error) {
      this.#lost = error instanceof Error ? error : new Error(String(error));
    } finally {
      this.#close(fd);
    }
  }

  /** Not under a running sync: its number could be another file's by then. */
  #close(fd: number): void {
    if (this.#syncing !== fd) closeSync(fd);
  }

  /** True when the file was deleted: what is written to it now would be lost without an error. */
  #vanished(): boolean {
    const now = performance.now();
    if (this.#fd === null || now - this.#checkedAt < LINK_CHECK_MS) return false;
    this.#checkedAt = now;
    return fstatSync(this.#fd).nlink === 0;
  }
}

function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
