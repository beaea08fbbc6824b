/** Reads values off the hot path. What is cut short is told by an exception that never leaves this folder. */
import { Buffer } from 'node:buffer';

/** The bytes end too early, or are no such thing. */
export class Unreadable extends Error {
  override readonly name = 'Unreadable';
}

export class Cursor {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get at(): number {
    return this.#at;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  uint8(): number {
    return this.take(1).readUInt8(0);
  }

  uint16(): number {
    return this.take(2).readUInt16LE(0);
  }

  uint32(): number {
    return this.take(4).readUInt32LE(0);
  }

  uint64(): bigint {
    return this.take(8).readBigUInt64LE(0);
  }

  /** Text behind a length of one byte, in code units. */
  shortText(): string {
    return this.take(this.uint8() * 2).toString('utf16le');
  }

  longText(): string {
    return this.take(this.uint16() * 2).toString('utf16le');
  }

  take(length: number): Buffer {
    if (length > this.left) throw new Unreadable('cut short');
    const taken = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return taken;
  }

  /** What is there of so many bytes. */
  upTo(length: number): Buffer {
    return this.take(Math.min(length, this.left));
  }

  /** What is left, without taking it. */
  rest(): Buffer {
    return this.#bytes.subarray(this.#at);
  }

  back(at: number): void {
    this.#at = at;
  }
}
