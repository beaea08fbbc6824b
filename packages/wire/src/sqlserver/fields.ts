/**
 * Reading and writing the fields that messages are made of, for the handshake, where clarity counts more than speed.
 * Integers are little-endian unless said otherwise; text is UTF-16, counted in code units.
 */
import { Buffer } from 'node:buffer';
import { ProtocolError, SqlState } from '../refusal.ts';
import type { Refusal } from '../statements.ts';

/** Walks the fields of one message body. Every read beyond the end is a ProtocolError that names the message. */
export class FieldReader {
  readonly #body: Buffer;
  readonly #side: Refusal['side'];
  readonly #what: string;
  #at = 0;

  constructor(body: Uint8Array, side: Refusal['side'], what: string) {
    this.#body = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    this.#side = side;
    this.#what = what;
  }

  get at(): number {
    return this.#at;
  }

  get remaining(): number {
    return this.#body.length - this.#at;
  }

  /** Goes on reading at an offset from the beginning. */
  seek(at: number): void {
    if (at < 0 || at > this.#body.length) throw this.malformed('an offset beyond its end');
    this.#at = at;
  }

  uint8(): number {
    return this.#take(1).readUInt8(0);
  }

  uint16(): number {
    return this.#take(2).readUInt16LE(0);
  }

  uint16BE(): number {
    return this.#take(2).readUInt16BE(0);
  }

  uint32(): number {
    return this.#take(4).readUInt32LE(0);
  }

  uint32BE(): number {
    return this.#take(4).readUInt32BE(0);
  }

  int32(): number {
    return this.#take(4).readInt32LE(0);
  }

  bytes(length: number): Buffer {
    return this.#take(length);
  }

  rest(): Buffer {
    return this.#take(this.remaining);
  }

  /** Text of so many UTF-16 code units. Lone surrogates pass: names are the server's to judge. */
  text(units: number): string {
    return this.#take(units * 2).toString('utf16le');
  }

  /** B_VARCHAR: text behind its length in one byte. */
  shortText(): string {
    return this.text(this.uint8());
  }

  /** US_VARCHAR: text behind its length in two bytes. */
  longText(): string {
    return this.text(this.uint16());
  }

  malformed(why: string): ProtocolError {
    return new ProtocolError(this.#side, SqlState.protocolViolation, `invalid ${this.#what}: ${why}`);
  }

  #take(length: number): Buffer {
    if (length < 0 || length > this.remaining) throw this.malformed('cut short');
    const taken = this.#body.subarray(this.#at, this.#at + length);
    this.#at += length;
    return taken;
  }
}

export function uint16(value: number): Buffer {
  const field = Buffer.alloc(2);
  field.writeUInt16LE(value);
  return field;
}

export function uint32(value: number): Buffer {
  const field = Buffer.alloc(4);
  field.writeUInt32LE(value);
  return field;
}

export function utf16(text: string): Buffer {
  return Buffer.from(text, 'utf16le');
}

/** B_VARCHAR. Longer text is cut: the field has one byte for its length. */
export function shortText(text: string): Buffer {
  const cut = text.slice(0, 0xff);
  return Buffer.concat([Buffer.of(cut.length), utf16(cut)]);
}

/** US_VARCHAR. Longer text is cut, far below what the field could tell: it must leave room in its token. */
export function longText(text: string): Buffer {
  const cut = text.slice(0, 4096);
  return Buffer.concat([uint16(cut.length), utf16(cut)]);
}
