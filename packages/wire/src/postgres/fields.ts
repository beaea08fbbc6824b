/**
 * Reading and writing the fields that messages are made of, for the handshake, where clarity counts more than speed.
 * All integers are big-endian; a string ends with a NUL.
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

  get remaining(): number {
    return this.#body.length - this.#at;
  }

  byte(): number {
    return this.#take(1)[0] ?? 0;
  }

  int32(): number {
    return this.#take(4).readInt32BE(0);
  }

  bytes(length: number): Uint8Array {
    return this.#take(length);
  }

  rest(): Uint8Array {
    return this.#take(this.remaining);
  }

  /** A NUL-terminated string, which must be valid UTF-8. */
  string(): string {
    const end = this.#body.indexOf(0, this.#at);
    if (end < 0) throw this.malformed('a string without its end');
    const raw = this.#take(end - this.#at);
    this.#at += 1;
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(raw);
    } catch (error) {
      if (error instanceof TypeError) {
        throw new ProtocolError(this.#side, SqlState.characterNotInRepertoire, `${this.#what}: text is not UTF-8`);
      }
      throw error;
    }
  }

  /** The message must hold nothing more. */
  end(): void {
    if (this.remaining !== 0) throw this.malformed('more than it should hold');
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

export function int32(value: number): Buffer {
  const field = Buffer.alloc(4);
  field.writeInt32BE(value | 0);
  return field;
}

/** Text as a NUL-terminated field. A NUL inside would let the rest of the text pose as the next field: RangeError. */
export function cstring(text: string): Buffer {
  if (text.includes('\0')) throw new RangeError('text with a NUL cannot be sent');
  return Buffer.from(`${text}\0`, 'utf8');
}

/** One whole message: type, length (which counts itself), body. */
export function message(type: number, ...body: readonly Uint8Array[]): Buffer {
  let length = 4;
  for (const field of body) length += field.length;
  return Buffer.concat([Buffer.of(type), int32(length), ...body]);
}

/** A packet of the start-up phase, which has no type byte. */
export function packet(...body: readonly Uint8Array[]): Buffer {
  let length = 4;
  for (const field of body) length += field.length;
  return Buffer.concat([int32(length), ...body]);
}
