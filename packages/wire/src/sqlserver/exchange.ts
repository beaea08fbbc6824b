/** What both directions of one session share. */
import { Buffer } from 'node:buffer';
import { Pending } from '../pending.ts';
import { Outcome, type StatementSink } from '../statements.ts';
import { Handles, type Prepared } from './prepared.ts';
import { isWide } from './versions.ts';

export const NO_BYTES: Uint8Array = Buffer.alloc(0);

/** What the client asked. One message may ask several things, and ends with `end`; all of it gets one response. */
export const Asked = {
  batch: 1,
  call: 2,
  execute: 3,
  /** Runs nothing: has an outcome only when it fails. */
  prepare: 4,
  /** Nothing on record. */
  quiet: 5,
  /** The data of the INSERT BULK whose number it has. */
  bulk: 6,
  /** Its number is the bytes of bulk data in the message. */
  end: 7,
  attention: 8,
} as const;

/** Bits beside these: the answer tells a prepared handle, a cursor. */
export const Gives = { handle: 0x10, cursor: 0x20 } as const;
export const ASKED = 0x0f;

export class Exchange {
  readonly sink: StatementSink;
  readonly wide: boolean;
  readonly pending = new Pending<Prepared>();
  readonly handles = new Handles();
  /** A message of the client's is under way. */
  sending = false;
  /** The client's message in flight was answered before its end; it gets no other answer. */
  answeredEarly = false;
  /** The last reset the client asked for ends a transaction as well. */
  resetsTransaction = false;
  #lastNumber = 0;

  /** `version`: as LOGINACK told. */
  constructor(sink: StatementSink, version: number) {
    this.sink = sink;
    this.wide = isWide(version);
  }

  nextNumber(): number {
    this.#lastNumber += 1;
    return this.#lastNumber;
  }

  /** An outcome without rows or code. */
  tell(number: number, index: number, state: Outcome): void {
    this.sink.outcome(number, index, state, false, 0, 0, 0, NO_BYTES, 0, 0);
  }

  /** The oldest was never run: its message was given up, or something before it failed. */
  skip(state: Outcome = Outcome.skipped): void {
    const { pending } = this;
    const kind = pending.kind(0) & ASKED;
    if (kind === Asked.batch || kind === Asked.call || kind === Asked.execute) this.tell(pending.number(0), 0, state);
    this.drop();
  }

  /** The oldest is done with. */
  drop(): void {
    const { pending } = this;
    const prepared = pending.entry(0);
    if (prepared !== null && (pending.kind(0) & ~ASKED) !== 0 && !prepared.standing) this.handles.forget(prepared);
    pending.drop(1);
  }
}
