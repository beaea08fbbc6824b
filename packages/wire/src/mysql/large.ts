/**
 * A client's command too large to be held back: announced with its first piece, then told piece by piece, each before the
 * chunk that carries it is forwarded. The server acts on none of it before its last byte.
 *
 * From 16 MiB on it comes in several packets, and nobody says how long it will be before the last.
 */
import { type StatementSink, UNKNOWN_TOTAL } from '../statements.ts';
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
  #total = 0;

  /** A command begins. Gives how long it is behind `start`, as it is to be announced. */
  begin(frames: Frames, start: number): number {
    this.#start = start;
    this.#total = frames.continued ? UNKNOWN_TOTAL : frames.size - start;
    return this.#total;
  }

  executes(statement: Statement | null, ref: number, opensCursor: boolean): void {
    this.statement = statement;
    this.ref = ref;
    this.opensCursor = opensCursor;
  }

  /** Tells the piece at hand. */
  next(frames: Frames, sink: StatementSink): void {
    const { bytes, start, end, offset, last, size } = frames;
    const total = last ? size - this.#start : this.#total;
    sink.part(this.number, offset - this.#start, total, bytes, start, end, last);
  }

  end(): void {
    this.ref = 0;
    this.statement = null;
  }
}
