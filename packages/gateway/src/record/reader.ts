/**
 * Reads a stream's segments in order while their writer goes on writing. Knows where it stands, what is whole, and what
 * is missing; understands no entry.
 *
 * A live writer may cut back a torn block and write another in its place, so nothing half-read is ever kept: a block is
 * read again from its beginning until it is whole.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { type Block, decodeBlock, decodeSegmentHeader, type SegmentHeader } from './format.ts';
import { listSegments } from './segments.ts';

export type Read =
  /** The next block; its `bytes` hold until the next call. */
  | { readonly is: 'block'; readonly block: Block; readonly segment: number }
  /** A new segment begins; everything before it has been read. */
  | { readonly is: 'segment'; readonly header: SegmentHeader; readonly torn: number }
  /** All that is whole has been read. `torn`: bytes behind it that are not, which a live writer may be about to replace. */
  | { readonly is: 'end'; readonly torn: number };

/** What is read at once; a larger block is read alone. */
const WINDOW = 512 * 1024;
const NOTHING = Buffer.alloc(0);

export class SegmentReader {
  readonly #folder: string;
  #fd: number | null = null;
  #segment: number;
  /** Where the next block begins in the file, and in the window. */
  #position = 0;
  #at = 0;
  #window: Buffer = NOTHING;
  #space: Buffer = NOTHING;
  #headerRead = false;

  /** Begins with the oldest segment that is there from `from` on. Opens nothing yet. */
  constructor(folder: string, from = 0) {
    this.#folder = folder;
    this.#segment = from;
  }

  /** The segment it stands in; 0 before the first. */
  get segment(): number {
    return this.#fd === null ? 0 : this.#segment;
  }

  /** How many bytes of the current segment are read; the rest is torn or not there yet. */
  get position(): number {
    return this.#position;
  }

  next(): Read {
    if (this.#fd === null && !this.#open(this.#segment)) return { is: 'end', torn: 0 };
    const read = this.#read();
    // Whoever began a newer segment was done with this one: look at it once more after having seen that.
    if (read.is !== 'end' || !this.#hasNewer()) return read;
    const rest = this.#read();
    if (rest.is !== 'end' || !this.#open(this.#segment + 1)) return rest;
    const first = this.#read();
    return first.is === 'segment' ? { ...first, torn: rest.torn } : first;
  }

  close(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
  }

  #hasNewer(): boolean {
    return listSegments(this.#folder).some((file) => file.segment > this.#segment);
  }

  #open(from: number): boolean {
    const next = listSegments(this.#folder).find((file) => file.segment >= from);
    if (next === undefined) return false;
    this.close();
    this.#fd = openSync(next.path, 'r');
    this.#segment = next.segment;
    this.#position = 0;
    this.#at = 0;
    this.#window = NOTHING;
    this.#headerRead = false;
    return true;
  }

  /** What stands at the position: from the window, else from the file, else (a large block) from a larger window. */
  #read(): Read {
    let found = this.#parse();
    for (let tries = 0; 'needs' in found && tries < 2; tries++) {
      this.#fill(Math.max(WINDOW, found.needs));
      found = this.#parse();
    }
    return 'needs' in found ? { is: 'end', torn: this.#window.length } : found;
  }

  #parse(): Read | { readonly needs: number } {
    if (!this.#headerRead) {
      const decoded = decodeSegmentHeader(this.#window.subarray(this.#at));
      if (decoded === null || decoded === 'damaged') return { needs: 0 };
      this.#headerRead = true;
      this.#advance(decoded.end);
      return { is: 'segment', header: decoded.header, torn: 0 };
    }
    const decoded = decodeBlock(this.#window, this.#at);
    if (decoded === 'damaged') return { needs: 0 };
    if ('needs' in decoded) return decoded;
    this.#advance(decoded.length);
    return { is: 'block', block: decoded, segment: this.#segment };
  }

  #advance(bytes: number): void {
    this.#at += bytes;
    this.#position += bytes;
  }

  #fill(wanted: number): void {
    if (this.#fd === null) return;
    const length = Math.min(Math.max(fstatSync(this.#fd).size - this.#position, 0), wanted);
    // As large as what is there: many streams that were left behind may be open at once.
    if (length > this.#space.length) this.#space = Buffer.allocUnsafeSlow(length);
    let done = 0;
    while (done < length) {
      const got = readSync(this.#fd, this.#space, done, length - done, this.#position + done);
      if (got === 0) break;
      done += got;
    }
    this.#window = this.#space.subarray(0, done);
    this.#at = 0;
  }
}
