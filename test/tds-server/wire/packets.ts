/** Packets (MS-TDS 2.2.3): how messages are cut into them, and put together again. */
import { Buffer } from 'node:buffer';
import { Malformed } from './reader.ts';

export const PacketType = {
  batch: 0x01,
  rpc: 0x03,
  response: 0x04,
  attention: 0x06,
  bulk: 0x07,
  federatedToken: 0x08,
  transaction: 0x0e,
  login7: 0x10,
  prelogin: 0x12,
} as const;

export const HEADER_BYTES = 8;
export const MIN_PACKET = 512;
export const MAX_PACKET = 32_767;
/** Until the login has settled another. */
export const DEFAULT_PACKET = 4096;

const Status = { endOfMessage: 0x01, ignore: 0x02, reset: 0x08, resetKeepTransaction: 0x10 } as const;

export interface Message {
  readonly type: number;
  readonly payload: Buffer;
  /** The client gave up while it was still sending: nothing of it may be carried out. */
  readonly ignored: boolean;
  readonly reset: 'no' | 'all' | 'all but the transaction';
  /** Of its largest packet, header included. */
  readonly largestPacket: number;
}

/** Puts packets together. Messages larger than `limit` bytes are refused. */
export class MessageReader {
  #received: Buffer = Buffer.alloc(0);
  #parts: Buffer[] = [];
  #bytes = 0;
  #reset: Message['reset'] = 'no';
  #largestPacket = 0;
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The messages that are complete now. Throws Malformed. */
  *push(chunk: Buffer): Generator<Message> {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    while (this.#received.length >= HEADER_BYTES) {
      const length = this.#received.readUInt16BE(2);
      if (length < HEADER_BYTES) throw new Malformed(`a packet of ${length} bytes`);
      if (this.#received.length < length) return;
      const packet = this.#received.subarray(0, length);
      this.#received = this.#received.subarray(length);
      const message = this.#packet(packet);
      if (message !== null) yield message;
    }
  }

  /** What came and belongs to no complete packet. */
  leftover(): Buffer {
    const rest = this.#received;
    this.#received = Buffer.alloc(0);
    return rest;
  }

  #packet(packet: Buffer): Message | null {
    const type = packet.readUInt8(0);
    const status = packet.readUInt8(1);
    if (this.#parts.length === 0) {
      // Section 2.2.3.1.2: only the first packet's reset bits count.
      this.#reset = (status & Status.reset) !== 0 ? 'all' : 'no';
      if ((status & Status.resetKeepTransaction) !== 0) this.#reset = 'all but the transaction';
    }
    this.#largestPacket = Math.max(this.#largestPacket, packet.length);
    this.#parts.push(packet.subarray(HEADER_BYTES));
    this.#bytes += packet.length - HEADER_BYTES;
    if (this.#bytes > this.#limit) throw new Malformed(`a message of more than ${this.#limit} bytes`);
    if ((status & Status.endOfMessage) === 0) return null;
    const message: Message = {
      type,
      payload: Buffer.concat(this.#parts),
      ignored: (status & Status.ignore) !== 0,
      reset: this.#reset,
      largestPacket: this.#largestPacket,
    };
    this.#parts = [];
    this.#bytes = 0;
    this.#largestPacket = 0;
    return message;
  }
}

/** One packet. `spid` is the session's number, which the server puts into each packet (2.2.3.1.4). */
export function packet(type: number, body: Buffer, last: boolean, sequence: number, spid: number): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + body.length);
  bytes.writeUInt8(type, 0);
  bytes.writeUInt8(last ? Status.endOfMessage : 0, 1);
  bytes.writeUInt16BE(bytes.length, 2);
  bytes.writeUInt16BE(spid & 0xffff, 4);
  bytes.writeUInt8(sequence & 0xff, 6);
  bytes.writeUInt8(0, 7);
  bytes.set(body, HEADER_BYTES);
  return bytes;
}
