/**
 * The packets of a login, one at a time, from chunks of any size. Only for the time before a session: it copies, and
 * holds little. Afterwards `rest()` hands over what came early, and the session walks chunks itself.
 */
import { Buffer } from 'node:buffer';
import { ProtocolError, SqlState } from '../refusal.ts';
import type { Refusal } from '../statements.ts';
import { HEADER_BYTES } from './frames.ts';

/** Connect attributes alone may have 64 KiB; a login has little else. */
const MAX_PACKET = 96 * 1024;
/** Beyond the packet in hand, so much may wait to be read; a peer that sends more before it is in is refused. */
const MAX_WAITING = 256 * 1024;

export interface LoginPacket {
  readonly sequence: number;
  /** A copy: it may be kept. */
  readonly body: Buffer;
}

/** A packet: header and body. `body` has fewer than 2^24−1 bytes, as all of a login's have. */
export function packet(sequence: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  const header = Buffer.allocUnsafe(HEADER_BYTES);
  header.writeUIntLE(body.length, 0, 3);
  header.writeUInt8(sequence & 0xff, 3);
  return Buffer.concat([header, body]);
}

export class LoginPackets {
  readonly #side: Refusal['side'];
  #waiting: Buffer = Buffer.alloc(0);

  /** `side`: who sends. */
  constructor(side: Refusal['side']) {
    this.#side = side;
  }

  push(chunk: Uint8Array): void {
    if (this.#waiting.length + chunk.length > MAX_WAITING + MAX_PACKET) {
      throw this.#violation('too much was sent before login was done');
    }
    this.#waiting = this.#waiting.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#waiting, chunk]);
  }

  /** The next packet, or null while it is incomplete. */
  packet(): LoginPacket | null {
    if (this.#waiting.length < HEADER_BYTES) return null;
    const length = this.#waiting.readUIntLE(0, 3);
    if (length > MAX_PACKET) throw this.#violation('a packet of the login is too long');
    const end = HEADER_BYTES + length;
    if (this.#waiting.length < end) return null;
    const sequence = this.#waiting.readUInt8(3);
    const body = Buffer.from(this.#waiting.subarray(HEADER_BYTES, end));
    this.#waiting = this.#waiting.subarray(end);
    return { sequence, body };
  }

  /** Bytes received and not read. Where TLS begins there must be none: they could have been put there by anybody. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Takes what was received and not read. */
  rest(): Buffer {
    const rest = this.#waiting;
    this.#waiting = Buffer.alloc(0);
    return rest;
  }

  #violation(text: string): ProtocolError {
    return new ProtocolError(this.#side, SqlState.protocolViolation, text);
  }
}
