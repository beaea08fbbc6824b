/** What both directions of one session share. */
import { Buffer } from 'node:buffer';
import { Pending } from '../pending.ts';
import { Outcome, type StatementSink } from '../statements.ts';
import { type Entry, Names } from './names.ts';
import { Asked } from './pending.ts';

/** Names of prepared statements, and of portals, that a session may have at once. PostgreSQL itself has no limit. */
export const NAME_LIMIT = 16_384;

export const NO_BYTES: Uint8Array = Buffer.alloc(0);

export class Exchange {
  readonly sink: StatementSink;
  readonly statements = new Names(NAME_LIMIT);
  readonly portals = new Names(NAME_LIMIT);
  readonly pending = new Pending<Entry>();

  /** Pipeline sections, separated by the client's Syncs: an error skips the rest of its own. */
  section = 1;
  /**
   * The server passes over everything up to the next Sync, which has not been sent yet. What is asked until then still
   * queues, so that names keep the meaning the client gave them, and is skipped when the Sync comes.
   */
  skipping = false;
  /** The number whose error was told last: see `skip`. */
  failed = 0;
  /** Bytes of bulk data the client sent since the last CopyDone or CopyFail. */
  bulkIn = 0;
  #lastNumber = 0;

  constructor(sink: StatementSink) {
    this.sink = sink;
  }

  get lastNumber(): number {
    return this.#lastNumber;
  }

  nextNumber(): number {
    this.#lastNumber += 1;
    return this.#lastNumber;
  }

  /**
   * The server passes over the `count` oldest. The error of `failed` was told already: a binding and its execution share
   * one number when they are one record.
   */
  skip(count: number): void {
    for (let i = 0; i < count; i++) this.#skipOne(i);
    this.pending.drop(count);
  }

  #skipOne(index: number): void {
    const entry = this.pending.entry(index);
    const number = this.pending.number(index);
    switch (this.pending.kind(index)) {
      case Asked.parse:
        if (entry !== null) entry.failed = true;
        this.tell(number, Outcome.skipped);
        break;
      case Asked.bind:
        if (entry === null) break;
        entry.failed = true;
        // Merged, its outcome is that of the execution behind it.
        if (!entry.merged) this.tell(number, Outcome.skipped);
        break;
      case Asked.closeStatement:
      case Asked.closePortal:
        if (entry !== null) entry.failed = true;
        break;
      case Asked.execute:
        if (number !== this.failed) this.tell(number, Outcome.skipped);
        break;
      case Asked.query:
      case Asked.call:
        this.tell(number, Outcome.skipped);
        break;
      default:
        break;
    }
  }

  /** Nothing more is answered: what was asked and has no outcome gets one. */
  abandon(): void {
    const { pending } = this;
    for (let i = 0; i < pending.length; i++) {
      const kind = pending.kind(i);
      const merged = kind === Asked.bind && pending.entry(i)?.merged === true;
      const recorded = kind === Asked.parse || kind === Asked.bind || kind >= Asked.execute;
      if (recorded && !merged && kind < Asked.sync) this.tell(pending.number(i), Outcome.lost);
    }
    pending.drop(pending.length);
  }

  /** An outcome without rows or code. */
  tell(number: number, state: Outcome): void {
    this.sink.outcome(number, 0, state, false, 0, 0, 0, NO_BYTES, 0, 0);
  }
}
