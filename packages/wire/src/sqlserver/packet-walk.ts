/**
 * Walks packet headers through received chunks and hands on what is in the packets, piece by piece. The hot path: it
 * copies nothing but headers that a chunk's end cuts in two, and allocates nothing per packet.
 */
import { Buffer } from 'node:buffer';
import { HEADER_BYTES, MAX_PACKET_BYTES, PacketStatus } from './packets.ts';

const EMPTY: Uint8Array = Buffer.alloc(0);

export const Found = {
  /** Nothing more in this chunk. */
  nothing: 0,
  /** A piece of a packet's body; may be empty. */
  piece: 1,
  /** The stream breaks the protocol; nothing after this point can be read. */
  fault: 2,
} as const;

export class PacketWalk {
  /** The packet at hand. */
  type = 0;
  status = 0;
  /** The piece at hand: `[start, end)` of `bytes`. */
  bytes: Uint8Array = EMPTY;
  start = 0;
  end = 0;
  /** The piece begins its packet, and ends it. */
  opens = false;
  closes = false;
  /** Where the header of the packet at hand begins in this chunk; -1 when (some of) it came before. */
  headerAt = -1;

  #chunk: Uint8Array = EMPTY;
  #at = 0;
  /** Bytes of the packet's body still to come. */
  #left = 0;
  #inPacket = false;
  readonly #header = new Uint8Array(HEADER_BYTES);
  #headerHad = 0;

  /** The chunk to walk; the one before was walked to its end. */
  feed(chunk: Uint8Array): void {
    this.#chunk = chunk;
    this.#at = 0;
    this.headerAt = -1;
  }

  /** Lets go of the chunk, so that a quiet session keeps nothing of it alive. */
  release(): void {
    this.#chunk = EMPTY;
    this.bytes = EMPTY;
  }

  /** The piece at hand ends a message. */
  get endsMessage(): boolean {
    return this.closes && (this.status & PacketStatus.endOfMessage) !== 0;
  }

  /** Bytes still to come of the packet in flight (0: between packets); of a header cut in two, those it lacks. */
  get remainder(): number {
    return this.#headerHad === 0 ? this.#left : HEADER_BYTES - this.#headerHad;
  }

  /** Moves on to the next piece of the chunk: one of `Found`. */
  next(): number {
    const chunk = this.#chunk;
    this.opens = false;
    if (!this.#inPacket) {
      const at = this.#at;
      if (this.#headerHad > 0) {
        if (!this.#gatherHeader()) return Found.nothing;
        this.headerAt = -1;
        if (!this.#begin(this.#header, 0)) return Found.fault;
      } else if (chunk.length - at >= HEADER_BYTES) {
        this.headerAt = at;
        this.#at = at + HEADER_BYTES;
        if (!this.#begin(chunk, at)) return Found.fault;
      } else {
        this.#gatherHeader();
        return Found.nothing;
      }
    }
    const start = this.#at;
    const count = Math.min(this.#left, chunk.length - start);
    if (count === 0 && this.#left > 0) {
      // An empty beginning is not worth a piece, but that it began must be told.
      if (!this.opens) return Found.nothing;
    }
    this.bytes = chunk;
    this.start = start;
    this.end = start + count;
    this.#at = this.end;
    this.#left -= count;
    this.closes = this.#left === 0;
    if (this.closes) this.#inPacket = false;
    return Found.piece;
  }

  #gatherHeader(): boolean {
    const chunk = this.#chunk;
    while (this.#headerHad < HEADER_BYTES && this.#at < chunk.length) {
      this.#header[this.#headerHad++] = chunk[this.#at++] as number;
    }
    return this.#headerHad === HEADER_BYTES;
  }

  #begin(bytes: Uint8Array, at: number): boolean {
    this.#headerHad = 0;
    const length = ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number);
    if (length < HEADER_BYTES || length > MAX_PACKET_BYTES) return false;
    this.type = bytes[at] as number;
    this.status = bytes[at + 1] as number;
    this.#left = length - HEADER_BYTES;
    this.#inPacket = true;
    this.opens = true;
    return true;
  }
}
