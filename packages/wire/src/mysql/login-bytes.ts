/** Reading and writing the fields of a login's packets: numbers lowest byte first, strings by length, by NUL, by the rest. */
import { Buffer } from 'node:buffer';
import { ProtocolError, SqlState } from '../refusal.ts';
import type { Refusal } from '../statements.ts';

const UTF8 = new TextDecoder('utf-8', { fatal: true });

/** A place in one packet's body. Every read that goes beyond its end throws ProtocolError. */
export class LoginCursor {
  readonly #body: Buffer;
  readonly #side: Refusal['side'];
  #at = 0;

  constructor(body: Uint8Array, side: Refusal['side']) {
    this.#body = Buffer.from(body.buffer, body.byteOffset, body.length);
    this.#side = side;
  }

  get left(): number {
    return this.#body.length - this.#at;
  }

  uint8(): number {
    return this.bytes(1).readUInt8(0);
  }

  uint16(): number {
    return this.bytes(2).readUInt16LE(0);
  }

  uint32(): number {
    return this.bytes(4).readUInt32LE(0);
  }

  /** A length-encoded number; lengths and counts here are far below 2^53, and more is no login. */
  lengthEncoded(): number {
    const first = this.uint8();
    if (first < 0xfb) return first;
    if (first === 0xfc) return this.uint16();
    if (first === 0xfd) return this.bytes(3).readUIntLE(0, 3);
    if (first !== 0xfe) throw this.malformed('length');
    const number = this.bytes(8).readBigUInt64LE(0);
    if (number > BigInt(Number.MAX_SAFE_INTEGER)) throw this.malformed('length');
    return Number(number);
  }

  /** The next `length` bytes, in place: copy what is to be kept. */
  bytes(length: number): Buffer {
    if (length > this.left) throw this.malformed('length');
    this.#at += length;
    return this.#body.subarray(this.#at - length, this.#at);
  }

  rest(): Buffer {
    return this.bytes(this.left);
  }

  skip(length: number): void {
    this.bytes(length);
  }

  /** Up to the next NUL, which must be there. */
  untilNul(): Buffer {
    const end = this.#body.indexOf(0, this.#at);
    if (end < 0) throw this.malformed('unterminated string');
    const found = this.#body.subarray(this.#at, end);
    this.#at = end + 1;
    return found;
  }

  /** Up to the next NUL or, where servers and clients forgot it, the end. */
  untilNulOrEnd(): Buffer {
    return this.#body.includes(0, this.#at) ? this.untilNul() : this.rest();
  }

  /** Names are compared and put on record, so what is no text is refused. */
  text(bytes: Uint8Array): string {
    try {
      return UTF8.decode(bytes);
    } catch {
      throw new ProtocolError(this.#side, SqlState.characterNotInRepertoire, 'a name in the login is not valid UTF-8');
    }
  }

  malformed(what: string): ProtocolError {
    return new ProtocolError(this.#side, SqlState.protocolViolation, `malformed login packet (${what})`);
  }
}

export function uint16(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

/** `value`: 0 … 2^53−1. */
export function lengthEncoded(value: number): Buffer {
  if (value < 0xfb) return Buffer.of(value);
  if (value <= 0xffff) return Buffer.concat([Buffer.of(0xfc), uint16(value)]);
  const bytes = Buffer.alloc(value <= 0xffffff ? 4 : 9);
  if (bytes.length === 4) {
    bytes.writeUInt8(0xfd);
    bytes.writeUIntLE(value, 1, 3);
  } else {
    bytes.writeUInt8(0xfe);
    bytes.writeBigUInt64LE(BigInt(value), 1);
  }
  return bytes;
}

/** With its length before it. */
export function counted(bytes: Uint8Array): Buffer {
  return Buffer.concat([lengthEncoded(bytes.length), bytes]);
}

/** With a NUL after it; names with a NUL inside can't be said in this protocol. */
export function terminated(text: string): Buffer {
  if (text.includes('\0')) throw new TypeError('a name with a NUL in it can not be sent');
  return Buffer.from(`${text}\0`);
}
