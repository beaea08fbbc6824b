/**
 * A client's message too large to be held back: announced with its first piece, then told piece by piece, each before
 * the chunk that carries it is forwarded. The server acts on none of it before its last byte.
 */
import type { StatementSink } from '../statements.ts';
import type { Frames } from './frames.ts';
import { Frontend } from './frontend.ts';

export class Large {
  /** The message's number, where what is told begins in its body, and how long that is. */
  #number = 0;
  #start = 0;
  #total = 0;

  /** A message was announced; `total` 0 when there is nothing more to tell. */
  begin(number: number, start: number, total: number): void {
    this.#number = number;
    this.#start = start;
    this.#total = total;
  }

  /** Tells the piece at hand. False when the message doesn't end as it must. */
  next(frames: Frames, sink: StatementSink): boolean {
    const { bytes, start, end, offset, last } = frames;
    const at = offset - this.#start;
    const total = this.#total;
    if (frames.type === Frontend.parse) {
      if (total === 0) return true; // the text has ended, types follow
      const found = bytes.indexOf(0, start);
      const ended = found >= 0 && found < end;
      if (!ended && last) return false;
      sink.part(this.#number, at, total, bytes, start, ended ? found : end, ended);
      if (ended) this.#total = 0;
      return true;
    }
    if (frames.type === Frontend.query && last && bytes[end - 1] !== 0) return false;
    // Of a Query only the NUL may be left.
    if (at >= total) return true;
    const stop = Math.min(end, start + total - at);
    sink.part(this.#number, at, total, bytes, start, stop, at + stop - start === total);
    return true;
  }
}
