/**
 * Walks message headers through received chunks: a type byte, a length that counts itself, a body. The hot path: it
 * runs for every byte of every session, so it copies nothing that lies whole in a chunk and allocates nothing per
 * message. What must be seen whole is gathered when it is cut by the end of a chunk, up to a small limit; what may be
 * larger than that is handed on piece by piece.
 */
import { Buffer } from 'node:buffer';
import { Gathering } from '../gathering.ts';

/** How a message type is walked. A table of 256 of these describes one direction of the protocol. */
export const Treat = {
  /** Not a type of this direction: the stream is refused. */
  unknown: 0,
  /** Announced when its header is read; the body is passed over. */
  skip: 1,
  /** Handed over when the first bytes of the body are there (`HEAD_BYTES`, or all of it); the rest is passed over. */
  head: 2,
  /** Handed over whole; refused when larger than `GATHER_LIMIT`. */
  whole: 3,
  /** Handed over whole up to `GATHER_LIMIT`, else piece by piece. */
  stream: 4,
} as const;

/** What `next` finds. */
export const Found = {
  /** Nothing more in this chunk. */
  nothing: 0,
  /** A message; how much of its body lies in the range depends on its treatment. */
  message: 1,
  /** A piece of a message too large to be gathered; `offset` 0 is the first, with at least `HEAD_BYTES`. */
  piece: 2,
  /** The stream breaks the protocol, as `fault` says; nothing after this point can be read. */
  fault: 3,
} as const;

/** Largest message that is gathered across chunks, in bytes of body. */
export const GATHER_LIMIT = 64 * 1024;
/** The first piece of a large message has so many bytes at least: room for the names that precede text and values. */
export const HEAD_BYTES = 4096;
/** PostgreSQL's own limit: 1 GiB less one byte, the length field included. */
const MAX_LENGTH = 0x3fffffff;
const HEADER_BYTES = 5;

const EMPTY: Uint8Array = Buffer.alloc(0);

/** What is being done with the body in flight. */
const Mode = { none: 0, skip: 1, gather: 2, pieces: 3 } as const;

export class Frames {
  /** The message at hand: its type, and the length of its body. */
  type = 0;
  size = 0;
  /** The range at hand: `[start, end)` of `bytes`. Holds until the next chunk is fed. */
  bytes: Uint8Array = EMPTY;
  start = 0;
  end = 0;
  /** Where the range begins in the body. */
  offset = 0;
  /** Bytes of the bodies that `passRun` passed over. */
  runBytes = 0;
  /** Why nothing more can be read; '' while all is well. */
  fault = '';

  readonly #treatment: Uint8Array;
  readonly #gatherLimit: number;
  #chunk: Uint8Array = EMPTY;
  #at = 0;
  #mode: number = Mode.none;
  /** Bytes of the body in flight still to come. */
  #left = 0;
  readonly #gathering = new Gathering();
  /** A header cut in two: how many of its bytes are there, and the length so far. */
  #headerHad = 0;
  #length = 0;

  /** `treatment`: 256 entries of `Treat`. `gatherLimit`: the largest body that is handed over whole. */
  constructor(treatment: Uint8Array, gatherLimit: number = GATHER_LIMIT) {
    this.#treatment = treatment;
    this.#gatherLimit = gatherLimit;
  }

  /** The chunk to walk; the one before was walked to its end. */
  feed(chunk: Uint8Array): void {
    this.#chunk = chunk;
    this.#at = 0;
    this.#gathering.fed();
  }

  /** Lets go of the chunk, so that a quiet session keeps nothing of it alive. */
  release(): void {
    this.#chunk = EMPTY;
    this.bytes = EMPTY;
    if (this.#mode !== Mode.gather) this.#gathering.release();
  }

  /** Bytes still to come of the message in flight (0: between messages); of a header cut in two, those it lacks. */
  get remainder(): number {
    return this.#headerHad === 0 ? this.#left : HEADER_BYTES - this.#headerHad;
  }

  /** The piece at hand ends its message. */
  get last(): boolean {
    return this.offset + this.end - this.start === this.size;
  }

  /** Moves on to the next message or piece of the chunk: one of `Found`. */
  next(): number {
    // Nearly always the next message is small and lies whole in the chunk: then its treatment makes no difference.
    const chunk = this.#chunk;
    const at = this.#at;
    if (this.#mode === Mode.none && this.#headerHad === 0 && chunk.length - at >= HEADER_BYTES) {
      const type = chunk[at] as number;
      const length = int32At(chunk, at + 1);
      const end = at + 1 + length;
      if (length >= 4 && length <= HEAD_BYTES && end <= chunk.length && this.#treatment[type] !== Treat.unknown) {
        this.type = type;
        this.size = length - 4;
        this.bytes = chunk;
        this.start = at + HEADER_BYTES;
        this.end = end;
        this.offset = 0;
        this.#at = end;
        return Found.message;
      }
    }
    return this.#nextOfAny();
  }

  #nextOfAny(): number {
    for (;;) {
      switch (this.#mode) {
        case Mode.none: {
          if (!this.#readHeader()) return this.fault === '' ? Found.nothing : Found.fault;
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

  /**
   * After a message that is skipped: passes over those of the same type that follow it whole in the chunk, such as the
   * rows of a result, and leaves their bodies' bytes in `runBytes`. Returns how many there were.
   */
  passRun(): number {
    this.runBytes = 0;
    if (this.#mode !== Mode.none) return 0;
    const chunk = this.#chunk;
    const type = this.type;
    const end = chunk.length - HEADER_BYTES;
    let at = this.#at;
    let count = 0;
    while (at <= end && chunk[at] === type) {
      const length = int32At(chunk, at + 1);
      if (length < 4 || at + 1 + length > chunk.length) break;
      at += 1 + length;
      count += 1;
    }
    this.runBytes = at - this.#at - count * HEADER_BYTES;
    this.#at = at;
    return count;
  }

  /**
   * How much of a chunk that was not fed belongs to the message in flight, so that a boundary follows: 0 between
   * messages, -1 when the chunk doesn't reach the end.
   */
  toBoundary(chunk: Uint8Array): number {
    let total = this.#left;
    if (this.#headerHad > 0) {
      const missing = HEADER_BYTES - this.#headerHad;
      if (chunk.length < missing) return -1;
      let length = this.#length;
      for (let i = 0; i < missing; i++) length = length * 256 + (chunk[i] ?? 0);
      total = missing + Math.max(0, length - 4);
    }
    return total <= chunk.length ? total : -1;
  }

  #readHeader(): boolean {
    const chunk = this.#chunk;
    let at = this.#at;
    for (; at < chunk.length; ) {
      const byte = chunk[at++] as number;
      if (this.#headerHad === 0) {
        this.type = byte;
        this.#length = 0;
      } else {
        this.#length = this.#length * 256 + byte;
      }
      if (++this.#headerHad < HEADER_BYTES) continue;
      this.#headerHad = 0;
      this.#at = at;
      return this.#checkHeader();
    }
    this.#at = at;
    return false;
  }

  #checkHeader(): boolean {
    if (this.#treatment[this.type] === Treat.unknown) return this.#fail('unknown message type');
    if (this.#length < 4 || this.#length > MAX_LENGTH) return this.#fail('invalid message length');
    this.size = this.#length - 4;
    return true;
  }

  #fail(fault: string): boolean {
    this.fault = fault;
    return false;
  }

  /** Decides how the body is walked, and hands over what can be handed over at once. */
  #beginBody(): number {
    const treatment = this.#treatment[this.type] as number;
    const size = this.size;
    this.#left = size;
    this.offset = 0;
    if (treatment === Treat.skip) {
      this.#mode = Mode.skip;
      this.#pass();
      return Found.message;
    }
    const fits = size <= this.#gatherLimit;
    if (!fits && treatment === Treat.whole) {
      this.fault = 'invalid message length';
      return Found.fault;
    }
    const available = this.#chunk.length - this.#at;
    const wanted = treatment === Treat.head || !fits ? Math.min(size, HEAD_BYTES) : size;
    if (available < wanted) {
      this.#mode = Mode.gather;
      this.#gathering.begin(wanted);
      return Found.nothing;
    }
    if (!fits && treatment === Treat.stream) return this.#piece();
    this.#take(wanted);
    this.#mode = this.#left > 0 ? Mode.skip : Mode.none;
    return Found.message;
  }

  /** Passes over the body in flight; false when the chunk ends before it. */
  #pass(): boolean {
    const available = this.#chunk.length - this.#at;
    if (available < this.#left) {
      this.#left -= available;
      this.#at += available;
      return false;
    }
    this.#at += this.#left;
    this.#left = 0;
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
    const streamed = this.size > this.#gatherLimit && this.#treatment[this.type] === Treat.stream;
    this.#mode = this.#left === 0 ? Mode.none : streamed ? Mode.pieces : Mode.skip;
    return streamed ? Found.piece : Found.message;
  }

  #piece(): number {
    const count = Math.min(this.#left, this.#chunk.length - this.#at);
    if (count === 0) return Found.nothing;
    this.offset = this.size - this.#left;
    this.#take(count);
    this.#mode = this.#left > 0 ? Mode.pieces : Mode.none;
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

/** A number of 32 bits. A length with its highest bit set comes out negative, and is refused like any below 4. */
export function int32At(chunk: Uint8Array, at: number): number {
  return (
    ((chunk[at] as number) << 24) |
    ((chunk[at + 1] as number) << 16) |
    ((chunk[at + 2] as number) << 8) |
    (chunk[at + 3] as number)
  );
}
