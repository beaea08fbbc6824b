/**
 * Gathers the messages of a handshake, one at a time, from chunks of any size. Only for the time before a session: it
 * copies, and holds little. Afterwards `rest()` hands over what came early, and the session walks chunks itself.
 */
import { Buffer } from 'node:buffer';
import { ProtocolError, SqlState } from '../refusal.ts';
import type { Refusal } from '../statements.ts';
import { MAX_STARTUP_BYTES, readStartupPacket, type StartupPacket } from './startup.ts';

export interface RawMessage {
  readonly type: number;
  /** A copy: it may be kept. */
  readonly body: Buffer;
}

/** Beyond the message in hand, so much may wait to be read; a peer that sends more before it is let in is refused. */
const MAX_WAITING_BYTES = 256 * 1024;

export class HandshakeReader {
  readonly #side: Refusal['side'];
  readonly #maxMessage: number;
  #waiting: Buffer = Buffer.alloc(0);

  /** `maxMessage`: longest body accepted, in bytes (PostgreSQL itself takes 65,535 in authentication). */
  constructor(side: Refusal['side'], maxMessage = 65_535) {
    this.#side = side;
    this.#maxMessage = maxMessage;
  }

  push(chunk: Uint8Array): void {
    if (this.#waiting.length + chunk.length > MAX_WAITING_BYTES + this.#maxMessage) {
      throw this.#violation('too much was sent before login was done');
    }
    this.#waiting = this.#waiting.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#waiting, chunk]);
  }

  /**
   * The packet that opens a connection, or null while it is incomplete. A first byte of 0x16 is a TLS ClientHello
   * (direct TLS, PostgreSQL 17): it is reported and left in place for TLS to read.
   */
  startup(): StartupPacket | null {
    if (this.#waiting[0] === 0x16) return { kind: 'tls' };
    if (this.#waiting.length < 4) return null;
    const length = this.#waiting.readUInt32BE(0);
    if (length < 8 || length > MAX_STARTUP_BYTES) {
      throw this.#violation('invalid length of startup packet');
    }
    if (this.#waiting.length < length) return null;
    const body = this.#waiting.subarray(4, length);
    this.#waiting = Buffer.from(this.#waiting.subarray(length));
    return readStartupPacket(body);
  }

  /** The next message, or null while it is incomplete. */
  message(): RawMessage | null {
    if (this.#waiting.length < 5) return null;
    const length = this.#waiting.readUInt32BE(1);
    if (length < 4 || length - 4 > this.#maxMessage) throw this.#violation('invalid message length');
    if (this.#waiting.length < 1 + length) return null;
    const type = this.#waiting.readUInt8(0);
    const body = Buffer.from(this.#waiting.subarray(5, 1 + length));
    this.#waiting = this.#waiting.subarray(1 + length);
    return { type, body };
  }

  /**
   * Bytes received and not read. Before an answer to SSLRequest or GSSENCRequest there must be none: what was sent in
   * plain text ahead of TLS could have been put there by anybody (CVE-2021-23214, CVE-2021-23222).
   */
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
