/**
 * A file of the client's on its way to the server (LOCAL INFILE): what the server asked for, and what of it has passed.
 * The content is not kept; its size and digest stand for it on record.
 */
import { Buffer } from 'node:buffer';
import { createHash, type Hash } from 'node:crypto';

/** A longer name is told by so many bytes of its beginning. */
export const FILE_NAME_BYTES = 255;

export class Upload {
  /** The statement that it is for. */
  readonly op: number;
  /** The file that the server asked for, as it said. */
  readonly file: string;
  size = 0;
  readonly #hash: Hash = createHash('sha256');

  /** The name is `[start, end)` of `bytes`. */
  constructor(op: number, bytes: Uint8Array, start: number, end: number) {
    this.op = op;
    this.file = Buffer.from(bytes.subarray(start, Math.min(end, start + FILE_NAME_BYTES))).toString('utf8');
  }

  add(bytes: Uint8Array, start: number, end: number): void {
    this.size += end - start;
    this.#hash.update(bytes.subarray(start, end));
  }

  /** SHA-256 of what has passed. Nothing can be added any more. */
  digest(): Buffer {
    return this.#hash.digest();
  }
}
