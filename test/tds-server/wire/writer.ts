/** Builds TDS messages. Grows as needed. */
import { Buffer } from 'node:buffer';

export class Writer {
  #bytes = Buffer.allocUnsafe(256);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  #room(length: number): number {
    const at = this.#length;
    this.#length += length;
    if (this.#length > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#length));
      this.#bytes.copy(grown, 0, 0, at);
      this.#bytes = grown;
    }
    return at;
  }

  u8(value: number): this {
    const at = this.#room(1);
    this.#bytes.writeUInt8(value, at);
    return this;
  }

  u16(value: number): this {
    const at = this.#room(2);
    this.#bytes.writeUInt16LE(value, at);
    return this;
  }

  u16be(value: number): this {
    const at = this.#room(2);
    this.#bytes.writeUInt16BE(value, at);
    return this;
  }

  i16(value: number): this {
    const at = this.#room(2);
    this.#bytes.writeInt16LE(value, at);
    return this;
  }

  u32(value: number): this {
    const at = this.#room(4);
    this.#bytes.writeUInt32LE(value >>> 0, at);
    return this;
  }

  u32be(value: number): this {
    const at = this.#room(4);
    this.#bytes.writeUInt32BE(value >>> 0, at);
    return this;
  }

  i32(value: number): this {
    const at = this.#room(4);
    this.#bytes.writeInt32LE(value, at);
    return this;
  }

  u64(value: bigint): this {
    const at = this.#room(8);
    this.#bytes.writeBigUInt64LE(value, at);
    return this;
  }

  i64(value: bigint): this {
    const at = this.#room(8);
    this.#bytes.writeBigInt64LE(value, at);
    return this;
  }

  f32(value: number): this {
    const at = this.#room(4);
    this.#bytes.writeFloatLE(value, at);
    return this;
  }

  f64(value: number): this {
    const at = this.#room(8);
    this.#bytes.writeDoubleLE(value, at);
    return this;
  }

  /** `length` bytes of an unsigned number. */
  unsigned(value: bigint, length: number): this {
    for (let i = 0; i < length; i++) this.u8(Number((value >> BigInt(8 * i)) & 0xffn));
    return this;
  }

  raw(bytes: Uint8Array): this {
    const at = this.#room(bytes.length);
    this.#bytes.set(bytes, at);
    return this;
  }

  text(value: string): this {
    return this.raw(Buffer.from(value, 'utf16le'));
  }

  shortText(value: string): this {
    const cut = value.slice(0, 255);
    return this.u8(cut.length).text(cut);
  }

  longText(value: string): this {
    const cut = value.slice(0, 65_535);
    return this.u16(cut.length).text(cut);
  }

  /** What was written so far, as a copy. */
  bytes(): Buffer {
    return Buffer.from(this.#bytes.subarray(0, this.#length));
  }
}
