/**
 * A client's command too large to be held back: announced with its first piece, then told piece by piece, each before the
 * chunk that carries it is forwarded. The server acts on none of it before its last byte.
 *
 * Above 16 MiB it comes in several packets and nobody says how long it will be: what is told as the total then is what
 * has been announced so far, and a byte more while another packet must follow; with the last piece it is exact.
 */
import type { StatementSink } from '../statements.ts';
import type { Frames } from './frames.ts';
import type { Statement } from './prepared.ts';

export class Large {
  /** Under which it is told. */
  number = 0;
  /** Of an execution: what it runs, 0 for anything else; the statement, if it is known; whether it opens a cursor. */
  ref = 0;
  statement: Statement | null = null;
  opensCursor = false;
  /** Where what is told begins in the body. */
  #start = 0;

  begin(number: number, start: number): void {
    this.number = number;
    this.#start = start;
  }

  executes(statement: Statement | null, ref: number, opensCursor: boolean): void {
    this.statement = statement;
    this.ref = ref;
    this.opensCursor = opensCursor;
  }

  /** Tells the piece at hand. */
  next(frames: Frames, sink: StatementSink): void {
    const { bytes, start, end, offset, last, size, continued } = frames;
    const total = size - this.#start + (continued ? 1 : 0);
    sink.part(this.number, offset - this.#start, total, bytes, start, end, last);
  }

  end(): void {
    this.ref = 0;
    this.statement = null;
  }
}
