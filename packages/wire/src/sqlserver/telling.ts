/**
 * Tells the sink a range of a message's bytes that may lie in several packets. What lies whole in one is told as it
 * stands; what doesn't is put together, up to a limit; what is larger is announced with its beginning and told piece by
 * piece, each before the chunk that carries it is forwarded.
 */
import { Buffer } from 'node:buffer';
import { type StatementSink, UNKNOWN_TOTAL } from '../statements.ts';

/** What is larger is told in parts. */
export const GATHER_LIMIT = 64 * 1024;
/** A buffer up to this size is kept for the next range. */
const KEPT_BUFFER = 4096;

const EMPTY: Uint8Array = Buffer.alloc(0);

export interface Teller {
  /** Announces the range, or with `UNKNOWN_TOTAL` its beginning. Gives the number it has on record. */
  announce(bytes: Uint8Array, start: number, end: number, total: number): number;
}

export class Telling {
  readonly #sink: StatementSink;
  #teller: Teller | null = null;
  #ref = 0;
  /** The range is open since here, in the piece at hand; -1: it is not. */
  #from = -1;
  #piece: Uint8Array = EMPTY;
  /** Was open when the last piece ended. */
  #goesOn = false;
  /** All of it so far, as long as that lies whole in the piece at hand. */
  #view: Uint8Array | null = null;
  #viewStart = 0;
  #viewEnd = 0;
  #buffer: Uint8Array = EMPTY;
  #had = 0;
  #told = 0;

  constructor(sink: StatementSink) {
    this.#sink = sink;
  }

  get active(): boolean {
    return this.#teller !== null;
  }

  /** The number it was announced under because it is large; else 0. */
  get announced(): number {
    return this.#ref;
  }

  /** A new range, still empty; whatever there was before is forgotten. */
  begin(teller: Teller): void {
    this.cancel();
    this.#teller = teller;
  }

  cancel(): void {
    this.#teller = null;
    this.#ref = 0;
    this.#from = -1;
    this.#piece = EMPTY;
    this.#goesOn = false;
    this.#view = null;
    this.#had = 0;
    this.#told = 0;
    if (this.#buffer.length > KEPT_BUFFER) this.#buffer = EMPTY;
  }

  /** From here on bytes belong to the range. */
  open(bytes: Uint8Array, at: number): void {
    this.#piece = bytes;
    this.#from = at;
  }

  /** Up to here; it may be opened again further on. */
  close(at: number): void {
    const from = this.#from;
    this.#from = -1;
    if (from < 0 || at <= from) return;
    if (this.#had === 0 && this.#ref === 0 && this.#view === null) {
      this.#view = this.#piece;
      this.#viewStart = from;
      this.#viewEnd = at;
      return;
    }
    this.#settle();
    this.#append(this.#piece, from, at);
  }

  /** A new piece of the message begins here. */
  enter(bytes: Uint8Array, at: number): void {
    if (this.#goesOn) this.open(bytes, at);
    this.#goesOn = false;
  }

  /** The piece at hand ends here: nothing of it may be referred to from now on. */
  leave(at: number): void {
    if (this.#teller === null) return;
    this.#goesOn = this.#from >= 0;
    this.close(at);
    this.#settle();
    this.#piece = EMPTY;
  }

  /** The chunk is about to be forwarded. */
  flush(): void {
    if (this.#ref > 0 && this.#had > 0) this.#spill();
  }

  /** The range is complete: tells it, or its last part. Gives its number. */
  end(): number {
    let ref = this.#ref;
    const view = this.#view;
    if (ref > 0) {
      const total = this.#told + this.#had;
      this.#sink.part(ref, this.#told, total, this.#buffer, 0, this.#had, true);
    } else if (view !== null) {
      ref = this.#announce(view, this.#viewStart, this.#viewEnd, this.#viewEnd - this.#viewStart);
    } else {
      ref = this.#announce(this.#buffer, 0, this.#had, this.#had);
    }
    this.cancel();
    return ref;
  }

  #announce(bytes: Uint8Array, start: number, end: number, total: number): number {
    return this.#teller?.announce(bytes, start, end, total) ?? 0;
  }

  /** What was only referred to is copied. */
  #settle(): void {
    const view = this.#view;
    this.#view = null;
    if (view !== null) this.#append(view, this.#viewStart, this.#viewEnd);
  }

  #append(bytes: Uint8Array, start: number, end: number): void {
    let at = start;
    while (at < end) {
      if (this.#had === GATHER_LIMIT) this.#spill();
      const count = Math.min(GATHER_LIMIT - this.#had, end - at);
      this.#room(this.#had + count);
      this.#buffer.set(bytes.subarray(at, at + count), this.#had);
      this.#had += count;
      at += count;
    }
  }

  #spill(): void {
    if (this.#ref === 0) this.#ref = this.#announce(this.#buffer, 0, this.#had, UNKNOWN_TOTAL);
    else this.#sink.part(this.#ref, this.#told, UNKNOWN_TOTAL, this.#buffer, 0, this.#had, false);
    this.#told += this.#had;
    this.#had = 0;
  }

  #room(size: number): void {
    if (size <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.min(GATHER_LIMIT, Math.max(KEPT_BUFFER, size * 2)));
    larger.set(this.#buffer.subarray(0, this.#had));
    this.#buffer = larger;
  }
}
