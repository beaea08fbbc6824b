/**
 * Gathers the messages of a handshake, one at a time, from chunks of any size. Only for the time before a session: it
 * copies, and holds little. Afterwards `rest()` hands over what came early, and the session walks chunks itself.
 */
import { Buffer } from 'node:buffer';
import { ProtocolError, SqlState } from '../refusal.ts';
import type { Refusal } from '../statements.ts';
import { HEADER_BYTES, MAX_PACKET_BYTES, PacketStatus } from './packets.ts';

export interface RawMessage {
  readonly type: number;
  /** The status of the first packet and of the last, together. */
  readonly status: number;
  /** The server process, as a server's first header tells; 0 from clients. */
  readonly channel: number;
  /** A copy, put together from its packets: it may be kept. */
  readonly body: Buffer;
}

/** Beyond the message in hand, so much may wait to be read; a peer that sends more before it is let in is refused. */
const MAX_WAITING_BYTES = 256 * 1024;
/** A message in ever so many empty packets is none. */
const MAX_PACKETS = 1024;

export class MessageReader {
  readonly #side: Refusal['side'];
  readonly #maxMessage: number;
  #waiting: Buffer = Buffer.alloc(0);
  #packets: Buffer[] = [];
  #gathered = 0;
  #type = 0;
  #status = 0;
  #channel = 0;

  /** `maxMessage`: longest body accepted, in bytes (LOGIN7 itself has a limit of 128 KiB, MS-TDS 2.2.6.4). */
  constructor(side: Refusal['side'], maxMessage = 128 * 1024) {
    this.#side = side;
    this.#maxMessage = maxMessage;
  }

  push(chunk: Uint8Array): void {
    if (this.#waiting.length + chunk.length > MAX_WAITING_BYTES + this.#maxMessage) {
      throw this.#violation('too much was sent before login was done');
    }
    this.#waiting = this.#waiting.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#waiting, chunk]);
  }

  /** The first byte that waits, or -1: TLS or TDS is told by it (`TLS_HANDSHAKE`). */
  get first(): number {
    return this.#waiting[0] ?? -1;
  }

  /** The next whole message, or null while it is incomplete. */
  message(): RawMessage | null {
    for (;;) {
      const packet = this.#packet();
      if (packet === null) return null;
      if ((packet & PacketStatus.endOfMessage) === 0) continue;
      const message = {
        type: this.#type,
        status: this.#status,
        channel: this.#channel,
        body: Buffer.concat(this.#packets),
      };
      this.#packets = [];
      this.#gathered = 0;
      return message;
    }
  }

  /**
   * Bytes received and not read. When a client is asked to begin TLS there must be none: what was sent in plain text
   * ahead of it could have been put there by anybody.
   */
  get waiting(): number {
    return this.#waiting.length + this.#packets.length;
  }

  /** Takes what was received and not read. */
  rest(): Buffer {
    const rest = this.#waiting;
    this.#waiting = Buffer.alloc(0);
    return rest;
  }

  /** Takes one packet off what waits and gives its status; null while it is incomplete. */
  #packet(): number | null {
    const waiting = this.#waiting;
    if (waiting.length < HEADER_BYTES) return null;
    const type = waiting.readUInt8(0);
    const status = waiting.readUInt8(1);
    const length = waiting.readUInt16BE(2);
    if (length < HEADER_BYTES || length > MAX_PACKET_BYTES) throw this.#violation('invalid length of a packet');
    if (this.#packets.length > 0 && type !== this.#type) throw this.#violation('a message of two types');
    this.#gathered += length - HEADER_BYTES;
    if (this.#gathered > this.#maxMessage || this.#packets.length >= MAX_PACKETS) {
      throw this.#violation('a message too large for a handshake');
    }
    if (waiting.length < length) {
      this.#gathered -= length - HEADER_BYTES;
      return null;
    }
    if (this.#packets.length === 0) {
      this.#type = type;
      this.#channel = waiting.readUInt16BE(4);
      this.#status = 0;
    }
    this.#status |= status;
    this.#packets.push(Buffer.from(waiting.subarray(HEADER_BYTES, length)));
    this.#waiting = waiting.subarray(length);
    return status;
  }

  #violation(text: string): ProtocolError {
    return new ProtocolError(this.#side, SqlState.protocolViolation, text);
  }
}
