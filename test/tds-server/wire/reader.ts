/** Reads the fields of a TDS message. Everything on the wire is little-endian unless the specification says otherwise. */
import { Buffer } from 'node:buffer';

/** A message that breaks the protocol. The connection ends. */
export class Malformed extends Error {}

export class Reader {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, at = 0) {
    this.#bytes = bytes;
    this.#at = at;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  get at(): number {
    return this.#at;
  }

  take(length: number): Buffer {
    if (length < 0 || length > this.left) {
      throw new Malformed(`${length} bytes wanted at ${this.#at}, ${this.left} are left`);
    }
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  peek(): number | null {
    return this.#bytes[this.#at] ?? null;
  }

  u8(): number {
    return this.take(1).readUInt8();
  }

  u16(): number {
    return this.take(2).readUInt16LE();
  }

  u16be(): number {
    return this.take(2).readUInt16BE();
  }

  i16(): number {
    return this.take(2).readInt16LE();
  }

  u32(): number {
    return this.take(4).readUInt32LE();
  }

  i32(): number {
    return this.take(4).readInt32LE();
  }

  u64(): bigint {
    return this.take(8).readBigUInt64LE();
  }

  i64(): bigint {
    return this.take(8).readBigInt64LE();
  }

  /** UTF-16LE, `units` code units long. */
  text(units: number): string {
    return this.take(units * 2).toString('utf16le');
  }

  /** B_VARCHAR: a byte of length, in code units. */
  shortText(): string {
    return this.text(this.u8());
  }

  /** US_VARCHAR: two bytes of length, in code units. */
  longText(): string {
    return this.text(this.u16());
  }

  rest(): Buffer {
    return this.take(this.left);
  }
}

export const EMPTY = Buffer.alloc(0);
