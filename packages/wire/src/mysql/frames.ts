/**
 * Walks packets through received chunks: three bytes of length, a sequence number, a body. A packet of the greatest
 * length is continued by the next one: the two are one message. The hot path: it runs for every byte of every session, so
 * it copies nothing that lies whole in a chunk and allocates nothing per message. What must be seen together is gathered
 * when it is cut by the end of a chunk, up to a small limit; of what is larger the rest is handed on piece by piece, or
 * passed over.
 */
import { Buffer } from 'node:buffer';
import { Gathering } from '../gathering.ts';
import { uint24At } from './integers.ts';

/** What `next` finds. */
export const Found = {
  /** Nothing more in this chunk. */
  nothing: 0,
  /** A message: all of it, or as much as is handed over of it. */
  message: 1,
  /** A piece of a message too large to be gathered; `offset` 0 is the first, with at least `HEAD_BYTES`. */
  piece: 2,
} as const;

export const HEADER_BYTES = 4;
/** A packet of this length is continued by another, which may be empty. */
export const FULL_PACKET = 0xffffff;
/** Largest message that is gathered across chunks, in bytes of body. */
export const GATHER_LIMIT = 64 * 1024;
/** The first piece of a large message has so many bytes at least: room for what precedes text and values. */
export const HEAD_BYTES = 4096;

const EMPTY: Uint8Array = Buffer.alloc(0);

/** How a direction's messages are handed over. */
export interface FramesOptions {
  /** A message up to this size is handed over whole. */
  readonly gather: number;
  /** Of a larger one, so many bytes at least to begin with. */
  readonly head: number;
  /** What follows these is handed over in pieces; else it is passed over. */
  readonly pieces: boolean;
}

/** What is being done with the message in flight. */
const Mode = { none: 0, skip: 1, gather: 2, pieces: 3 } as const;

export class Frames {
  /** The message at hand: how many bytes of its body have been announced so far. With `continued`, more follow. */
  size = 0;
  continued = false;
  /** The number of the last packet whose header was read. */
  sequence = 0;
  /** The range at hand: `[start, end)` of `bytes`. Holds until the next chunk is fed. */
  bytes: Uint8Array = EMPTY;
  start = 0;
  end = 0;
  /** Where the range begins in the body. */
  offset = 0;
  /** Bytes of the bodies that `passRun` passed over. */
  runBytes = 0;
  /** Bytes of bodies beyond their first packets, since this was last set to 0. */
  continuedBytes = 0;
  /** Bodies come in the pieces they arrive in: bulk data. Holds for messages that begin after it was set. */
  bulk = false;
  /**
   * The number of the last packet of the message in flight: as far as its headers tell, and after `toBoundary` as the
   * chunk given there tells.
   */
  boundarySequence = 0;

  readonly #options: FramesOptions;
  #chunk: Uint8Array = EMPTY;
  #at = 0;
  #mode: number = Mode.none;
  /** Bytes of the packet in flight still to come. */
  #left = 0;
  readonly #gathering = new Gathering();
  /** A header cut in two: how many of its bytes are there, and the length so far. */
  #headerHad = 0;
  #length = 0;

  constructor(options: FramesOptions) {
    this.#options = options;
  }

  /** The chunk to walk; of the one before, nothing is walked any more. */
  feed(chunk: Uint8Array): void {
    this.#chunk = chunk;
    this.#at = 0;
    this.#gathering.fed();
  }

  /** Lets go of the chunk, so that a quiet session keeps nothing of it alive. */
  release(): void {
    this.#chunk = EMPTY;
    this.#at = 0;
    this.bytes = EMPTY;
    this.boundarySequence = this.#headerHad > 0 ? (this.sequence + 1) & 0xff : this.sequence;
    if (this.#mode !== Mode.gather) this.#gathering.release();
  }

  /** Where the walk stands in the chunk. */
  get at(): number {
    return this.#at;
  }

  /** No message is in flight, not even its header. */
  get between(): boolean {
    return this.#mode === Mode.none && this.#headerHad === 0;
  }

  /**
   * Bytes still to come of the message in flight as far as is known (0: between messages); of a header cut in two, those
   * it lacks. After a full packet the next one's header counts.
   */
  get remainder(): number {
    if (this.#headerHad > 0) return HEADER_BYTES - this.#headerHad;
    return this.#mode !== Mode.none && this.continued ? this.#left + HEADER_BYTES : this.#left;
  }

  /** The range at hand ends its message. */
  get last(): boolean {
    return !this.continued && this.offset + this.end - this.start === this.size;
  }

  /** Moves on to the next message or piece of the chunk: one of `Found`. */
  next(): number {
    // Nearly always the next message is small and lies whole in the chunk.
    const chunk = this.#chunk;
    const at = this.#at;
    if (this.#mode === Mode.none && this.#headerHad === 0 && chunk.length - at >= HEADER_BYTES) {
      const length = uint24At(chunk, at);
      const start = at + HEADER_BYTES;
      const end = start + length;
      if (length <= HEAD_BYTES && end <= chunk.length) {
        this.sequence = chunk[at + 3] as number;
        this.size = length;
        this.continued = false;
        this.bytes = chunk;
        this.start = start;
        this.end = end;
        this.offset = 0;
        this.#at = end;
        return Found.message;
      }
    }
    return this.#nextOfAny();
  }

  /**
   * Passes over messages that lie whole in the chunk, `limit` of them at most, as long as they are neither empty nor
   * begin with 0xfe or 0xff: rows of a result, definitions of its columns. Leaves their bodies' bytes in `runBytes`.
   */
  passRun(limit: number): number {
    this.runBytes = 0;
    if (this.#mode !== Mode.none || this.#headerHad > 0) return 0;
    const chunk = this.#chunk;
    const stop = chunk.length - HEADER_BYTES;
    let at = this.#at;
    let count = 0;
    while (count < limit && at < stop) {
      const length = uint24At(chunk, at);
      const end = at + HEADER_BYTES + length;
      if (length === 0 || length === FULL_PACKET || end > chunk.length) break;
      if ((chunk[at + HEADER_BYTES] as number) >= 0xfe) break;
      this.sequence = chunk[at + 3] as number;
      at = end;
      count += 1;
    }
    this.runBytes = at - this.#at - count * HEADER_BYTES;
    this.#at = at;
    return count;
  }

  /**
   * How much of a chunk that was not fed belongs to the message in flight, so that a boundary follows: 0 between
   * messages, -1 when the chunk doesn't reach the end. Leaves in `boundarySequence` the number of the message's last
   * packet.
   */
  toBoundary(chunk: Uint8Array): number {
    this.boundarySequence = this.sequence;
    let at = this.#left;
    let had = this.#headerHad;
    let length = this.#length;
    let open = had > 0 || (this.#mode !== Mode.none && this.continued);
    while (open) {
      for (; had < HEADER_BYTES; had++) {
        if (at >= chunk.length) return -1;
        const byte = chunk[at++] as number;
        if (had < 3) length += byte * 2 ** (8 * had);
        else this.boundarySequence = byte;
      }
      at += length;
      open = length === FULL_PACKET;
      had = 0;
      length = 0;
    }
    return at <= chunk.length ? at : -1;
  }

  #nextOfAny(): number {
    for (;;) {
      switch (this.#mode) {
        case Mode.none: {
          if (!this.#readHeader()) return Found.nothing;
          this.size = this.#left;
          this.offset = 0;
          const found = this.#beginBody();
          if (found !== Found.nothing) return found;
          break;
        }
        case Mode.skip:
          if (!this.#pass()) return Found.nothing;
          break;
        case Mode.gather:
          return this.#gather();
        default:
          return this.#piece();
      }
    }
  }

  /** Reads the header of a packet: `#left`, `continued` and `sequence` are its own then. False: the chunk ends before. */
  #readHeader(): boolean {
    const chunk = this.#chunk;
    let at = this.#at;
    while (at < chunk.length) {
      const byte = chunk[at++] as number;
      if (this.#headerHad < 3) {
        this.#length += byte * 2 ** (8 * this.#headerHad);
        this.#headerHad += 1;
        continue;
      }
      this.sequence = byte;
      this.#left = this.#length;
      this.continued = this.#length === FULL_PACKET;
      this.#headerHad = 0;
      this.#length = 0;
      this.#at = at;
      return true;
    }
    this.#at = at;
    return false;
  }

  /** Decides how the body is walked, and hands over what can be handed over at once. */
  #beginBody(): number {
    const { gather, head, pieces } = this.#options;
    const size = this.size;
    const bulk = this.bulk && size > 0;
    const fits = size <= gather;
    const wanted = bulk ? 0 : fits ? size : Math.min(size, head);
    const streamed = bulk || (!fits && pieces);
    if (this.#chunk.length - this.#at < wanted) {
      this.#mode = Mode.gather;
      this.#gathering.begin(wanted);
      return Found.nothing;
    }
    if (streamed) {
      this.#mode = Mode.pieces;
      return this.#piece();
    }
    this.#take(wanted);
    this.#settle(Mode.skip);
    return Found.message;
  }

  /** The message is over, or is walked on in `mode`. */
  #settle(mode: number): void {
    this.#mode = this.#left > 0 || this.continued ? mode : Mode.none;
  }

  /** Passes over the message in flight; false when the chunk ends before it. */
  #pass(): boolean {
    for (;;) {
      const count = Math.min(this.#left, this.#chunk.length - this.#at);
      this.#left -= count;
      this.#at += count;
      if (this.#left > 0) return false;
      if (!this.continued) break;
      if (!this.#readHeader()) return false;
      this.size += this.#left;
      this.continuedBytes += this.#left;
    }
    this.#mode = Mode.none;
    return true;
  }

  #gather(): number {
    const gathering = this.#gathering;
    const count = gathering.take(this.#chunk, this.#at);
    this.#at += count;
    this.#left -= count;
    if (!gathering.whole()) return Found.nothing;
    this.bytes = gathering.bytes;
    this.start = 0;
    this.end = gathering.wanted;
    const streamed = this.#options.pieces && this.size > this.#options.gather;
    this.#settle(streamed ? Mode.pieces : Mode.skip);
    return streamed ? Found.piece : Found.message;
  }

  /** What the chunk holds of the packet in flight. After a full packet comes a piece of the next one, maybe empty. */
  #piece(): number {
    if (this.#left === 0) {
      if (!this.#readHeader()) return Found.nothing;
      this.size += this.#left;
    }
    const count = Math.min(this.#left, this.#chunk.length - this.#at);
    if (count === 0 && this.#left > 0) return Found.nothing;
    this.offset = this.size - this.#left;
    this.#take(count);
    this.#settle(Mode.pieces);
    return Found.piece;
  }

  #take(count: number): void {
    this.bytes = this.#chunk;
    this.start = this.#at;
    this.#at += count;
    this.end = this.#at;
    this.#left -= count;
  }
}
