/**
 * The server's half of a session: each answer is matched with what the client asked first and has no answer yet, and
 * outcomes are told to the sink. An answer that fits nothing means that we no longer know what the session does: refused.
 */
import { Buffer } from 'node:buffer';
import { refusal, SqlState } from '../refusal.ts';
import { Outcome, type Refusal } from '../statements.ts';
import { Backend } from './backend.ts';
import { type Exchange, NO_BYTES } from './exchange.ts';
import { Found, Frames, Treat } from './frames.ts';
import { Asked } from './pending.ts';

const TREATMENT = new Uint8Array(256);
TREATMENT[Backend.bindComplete] = Treat.skip;
TREATMENT[Backend.closeComplete] = Treat.skip;
TREATMENT[Backend.commandComplete] = Treat.whole;
TREATMENT[Backend.copyData] = Treat.skip;
TREATMENT[Backend.copyDone] = Treat.skip;
TREATMENT[Backend.copyInResponse] = Treat.skip;
TREATMENT[Backend.copyOutResponse] = Treat.skip;
TREATMENT[Backend.dataRow] = Treat.skip;
TREATMENT[Backend.emptyQueryResponse] = Treat.skip;
TREATMENT[Backend.errorResponse] = Treat.head;
TREATMENT[Backend.functionCallResponse] = Treat.skip;
TREATMENT[Backend.noData] = Treat.skip;
TREATMENT[Backend.noticeResponse] = Treat.skip;
TREATMENT[Backend.notificationResponse] = Treat.skip;
TREATMENT[Backend.parameterDescription] = Treat.whole;
TREATMENT[Backend.parameterStatus] = Treat.skip;
TREATMENT[Backend.parseComplete] = Treat.skip;
TREATMENT[Backend.portalSuspended] = Treat.skip;
TREATMENT[Backend.readyForQuery] = Treat.whole;
TREATMENT[Backend.rowDescription] = Treat.skip;

/** ParameterDescription may hold 65,535 types of four bytes. */
const LARGEST_WHOLE = 2 + 65_535 * 4;

const IDLE = 0x49; // I
const IN_TRANSACTION = 0x54; // T
const FAILED = 0x45; // E
const SQLSTATE_FIELD = 0x43; // C

const violation = (what: string) => refusal('server', SqlState.protocolViolation, what);
const OUT_OF_STEP = violation('the server sent an answer that fits no request');

export class Replies {
  readonly frames = new Frames(TREATMENT, LARGEST_WHOLE);
  /** As the server last said; a session begins after the first ReadyForQuery, which says idle. */
  inTransaction = false;
  /**
   * Syncs in the queue that the server may have passed over. While it takes data for a COPY it ignores Sync, and a
   * driver that pipelined one sends another at the end. When the COPY fails, nobody tells whether it failed before or
   * after the first was read; so that one is dropped as soon as an answer shows that it won't be answered.
   */
  #surplusSyncs = 0;

  readonly #exchange: Exchange;
  /** Of what is being answered: which of its statements, rows and bytes so far, whether it takes bulk data. */
  #index = 0;
  /** Nothing more comes of it but ReadyForQuery. */
  #ended = false;
  #rows = 0;
  #bytesOut = 0;
  #takesBulk = false;
  /** The last execution that was done since ReadyForQuery; a failing commit at Sync is told as its error. */
  #lastDone = 0;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  /** The server owes nothing: what still stands in the queue gets no answer. */
  get settled(): boolean {
    const { pending } = this.#exchange;
    let syncs = 0;
    for (let i = 0; i < pending.length; i++) {
      if (pending.kind(i) === Asked.sync) syncs += 1;
      else if (pending.kind(i) !== Asked.copyEnd) return false;
    }
    return syncs <= this.#surplusSyncs;
  }

  /** The session ends: what was asked and has no outcome gets one. */
  abandon(): void {
    const { pending, sink } = this.#exchange;
    const kind = pending.kind(0);
    if (this.#index > 0 && (kind === Asked.query || kind === Asked.call)) {
      // Some of its statements have outcomes. After an error there are no more; else nobody knows.
      const op = pending.number(0);
      if (this.#ended) sink.finished(op);
      else sink.outcome(op, this.#index, Outcome.lost, false, 0, 0, 0, NO_BYTES, 0, 0);
      pending.drop(1);
    }
    this.#exchange.abandon();
  }

  walk(chunk: Uint8Array): Refusal | null {
    const frames = this.frames;
    frames.feed(chunk);
    let refused: Refusal | null = null;
    while (refused === null) {
      const found = frames.next();
      if (found === Found.nothing) break;
      refused = found === Found.message ? this.#message() : violation(frames.fault);
    }
    frames.release();
    return refused;
  }

  #message(): Refusal | null {
    switch (this.frames.type) {
      case Backend.dataRow:
      case Backend.copyData:
        return this.#data();
      case Backend.bindComplete:
        return this.#made(Asked.bind);
      case Backend.commandComplete:
        return this.#complete();
      case Backend.readyForQuery:
        return this.#ready();
      case Backend.parseComplete:
        return this.#made(Asked.parse);
      case Backend.closeComplete:
        return this.#closed();
      case Backend.parameterDescription:
        return this.#types();
      case Backend.rowDescription:
      case Backend.noData:
        return this.#described();
      case Backend.portalSuspended:
        return this.#answered(Outcome.suspended);
      case Backend.emptyQueryResponse:
        return this.#answered(Outcome.empty);
      case Backend.functionCallResponse:
        return this.#called();
      case Backend.copyInResponse:
        this.#takesBulk = true;
        return this.#running();
      case Backend.copyOutResponse:
      case Backend.copyDone:
        return this.#running();
      case Backend.errorResponse:
        return this.#error();
      default: // notices, notifications and parameter changes may come at any time
        return null;
    }
  }

  /** What is being answered. Passes over what gets no answer. 0 when nothing is due. */
  #head(): number {
    const { pending, skipping } = this.#exchange;
    if (skipping) return 0;
    let kind = pending.kind(0);
    while (kind === Asked.copyEnd || (kind === Asked.sync && this.#surplusSyncs > 0)) {
      if (kind === Asked.sync) this.#surplusSyncs -= 1;
      pending.drop(1);
      kind = pending.kind(0);
    }
    return kind;
  }

  #running(): Refusal | null {
    const kind = this.#head();
    return kind === Asked.execute || kind === Asked.query ? null : OUT_OF_STEP;
  }

  #data(): Refusal | null {
    const refused = this.#running();
    if (refused !== null) return refused;
    const count = 1 + this.frames.passRun();
    if (this.frames.type === Backend.dataRow) this.#rows += count;
    this.#bytesOut += this.frames.size + this.frames.runBytes;
    return null;
  }

  /** ParseComplete, BindComplete: the name now stands for the new one, and no longer for any before. */
  #made(kind: number): Refusal | null {
    if (this.#head() !== kind) return OUT_OF_STEP;
    const { pending, statements, portals } = this.#exchange;
    const entry = pending.entry(0);
    if (entry !== null) (kind === Asked.parse ? statements : portals).confirm(entry);
    pending.drop(1);
    return null;
  }

  #closed(): Refusal | null {
    const kind = this.#head();
    if (kind !== Asked.closeStatement && kind !== Asked.closePortal) return OUT_OF_STEP;
    const { pending, statements, portals } = this.#exchange;
    const entry = pending.entry(0);
    if (entry !== null) (kind === Asked.closeStatement ? statements : portals).confirm(entry);
    pending.drop(1);
    return null;
  }

  #types(): Refusal | null {
    if (this.#head() !== Asked.describeStatement) return OUT_OF_STEP;
    const { bytes, start, end } = this.frames;
    const entry = this.#exchange.pending.entry(0);
    if (end - start < 2 || (end - start - 2) % 4 !== 0) return violation('invalid ParameterDescription');
    if (entry === null || entry.typed) return null;
    entry.typed = true;
    if (end - start > 2) this.#exchange.sink.types(entry.ref, bytes, start + 2, end);
    return null;
  }

  /** RowDescription, NoData: they answer a Describe; within a text statement they announce rows. */
  #described(): Refusal | null {
    const kind = this.#head();
    if (kind === Asked.describeStatement || kind === Asked.describePortal) {
      this.#exchange.pending.drop(1);
      return null;
    }
    return kind === Asked.query && this.frames.type === Backend.rowDescription ? null : OUT_OF_STEP;
  }

  #complete(): Refusal | null {
    const kind = this.#head();
    if (kind !== Asked.execute && kind !== Asked.query) return OUT_OF_STEP;
    const { bytes, start, end } = this.frames;
    if (end === start || bytes[end - 1] !== 0) return violation('invalid CommandComplete');
    const { pending, statements } = this.#exchange;
    const op = pending.number(0);
    let bytesIn = 0;
    if (this.#takesBulk) {
      const ended = this.#bulkEnd();
      if (pending.kind(ended) !== Asked.copyEnd) return OUT_OF_STEP;
      bytesIn = pending.number(ended);
      // The Syncs before the end of the data were ignored for certain: the COPY went well.
      pending.dropBehindOldest(ended);
    }
    if (dropsAllStatements(bytes, start, end - 1)) statements.dropUpTo(op);
    this.#tell(Outcome.done, bytesIn, tagRows(bytes, start, end - 1, this.#rows), bytes, start, end - 1);
    return null;
  }

  /** PortalSuspended, EmptyQueryResponse. */
  #answered(state: Outcome): Refusal | null {
    const kind = this.#head();
    if (kind !== Asked.execute && !(kind === Asked.query && state === Outcome.empty)) return OUT_OF_STEP;
    this.#tell(state, 0, this.#rows, NO_BYTES, 0, 0);
    return null;
  }

  #called(): Refusal | null {
    if (this.#head() !== Asked.call) return OUT_OF_STEP;
    this.#bytesOut = this.frames.size;
    this.#tell(Outcome.done, 0, 0, NO_BYTES, 0, 0);
    return null;
  }

  #ready(): Refusal | null {
    const { bytes, start, end } = this.frames;
    const status = bytes[start] as number;
    if (end - start !== 1 || (status !== IDLE && status !== IN_TRANSACTION && status !== FAILED)) {
      return violation('invalid ReadyForQuery');
    }
    const { pending, portals, skipping, sink } = this.#exchange;
    while (pending.kind(0) === Asked.copyEnd) pending.drop(1);
    const kind = pending.kind(0);
    if (skipping || (kind !== Asked.sync && kind !== Asked.query && kind !== Asked.call)) return OUT_OF_STEP;
    const number = pending.number(0);
    pending.drop(1);
    if (pending.length === 0) this.#surplusSyncs = 0;
    if (kind !== Asked.sync) sink.finished(number);
    this.inTransaction = status !== IDLE;
    // A transaction's end drops its portals.
    if (status === IDLE && portals.size > 0) portals.dropUpTo(number);
    this.#lastDone = 0;
    this.#reset();
    this.#index = 0;
    this.#ended = false;
    return null;
  }

  #error(): Refusal | null {
    const { bytes, start, end } = this.frames;
    const exchange = this.#exchange;
    const pending = exchange.pending;
    // Nothing is due: the server ends the session of its own accord (shutdown, timeout).
    if (exchange.skipping) return null;
    while (
      pending.kind(0) === Asked.copyEnd ||
      (this.#surplusSyncs > 0 && pending.kind(0) === Asked.sync && pending.length > 1)
    ) {
      if (pending.kind(0) === Asked.sync) this.#surplusSyncs -= 1;
      pending.drop(1);
    }
    const kind = pending.kind(0);
    if (kind === 0) return null;
    const code = sqlState(bytes, start, end);
    const codeEnd = code === 0 ? 0 : code + 5;
    if (kind === Asked.sync) {
      // The commit that a Sync implies has failed, after the executions were told as done.
      if (this.#lastDone > 0)
        exchange.sink.outcome(this.#lastDone, 1, Outcome.error, false, 0, 0, 0, bytes, code, codeEnd);
      return null;
    }
    const bytesIn = this.#takesBulk ? this.#bulkOfFailed() : 0;
    if (kind === Asked.query || kind === Asked.call) {
      this.#tell(Outcome.error, bytesIn, this.#rows, bytes, code, codeEnd);
      return null;
    }
    const entry = pending.entry(0);
    if (entry !== null && kind !== Asked.describeStatement) entry.failed = true;
    const number = pending.number(0);
    exchange.failed = number;
    if (number > 0)
      exchange.sink.outcome(number, 0, Outcome.error, false, this.#rows, bytesIn, this.#bytesOut, bytes, code, codeEnd);
    pending.drop(1);
    this.#reset();
    this.#skipToSync();
    return null;
  }

  /** Everything up to the next Sync is passed over by the server. */
  #skipToSync(): void {
    const exchange = this.#exchange;
    const pending = exchange.pending;
    let sync = 0;
    while (sync < pending.length && pending.kind(sync) !== Asked.sync) sync += 1;
    if (sync < pending.length) exchange.skip(sync);
    else exchange.skipping = true;
  }

  /** Where the data of the COPY being answered ends in the queue; only ignored Syncs may stand before it. */
  #bulkEnd(): number {
    const pending = this.#exchange.pending;
    let at = 1;
    while (pending.kind(at) === Asked.sync) at += 1;
    return at;
  }

  /** The bytes a failed COPY had been sent, as far as is known; counts the Syncs that may have been ignored. */
  #bulkOfFailed(): number {
    const { pending, bulkIn } = this.#exchange;
    const end = this.#bulkEnd();
    this.#surplusSyncs += end - 1;
    return pending.kind(end) === Asked.copyEnd ? pending.number(end) : bulkIn;
  }

  /** Tells an outcome of what is being answered. An execution has one and is done with; others end with ReadyForQuery. */
  #tell(state: Outcome, bytesIn: number, rows: number, bytes: Uint8Array, start: number, end: number): void {
    const { pending, sink } = this.#exchange;
    const op = pending.number(0);
    const more = pending.kind(0) !== Asked.execute;
    const bytesOut = this.#bytesOut;
    const index = this.#index;
    this.#reset();
    if (more) {
      this.#index = index + 1;
      this.#ended = state === Outcome.error || pending.kind(0) === Asked.call;
    } else {
      pending.drop(1);
      this.#lastDone = op;
    }
    sink.outcome(op, more ? index : 0, state, more, rows, bytesIn, bytesOut, bytes, start, end);
  }

  #reset(): void {
    this.#rows = 0;
    this.#bytesOut = 0;
    this.#takesBulk = false;
  }
}

/** The number a tag ends with (`INSERT 0 5`); `counted`, the rows that came, where it has none (`SHOW`, `EXPLAIN`). */
function tagRows(bytes: Uint8Array, start: number, end: number, counted: number): number {
  let rows = 0;
  let scale = 1;
  for (let at = end - 1; at >= start && scale < 1e15; at--) {
    const digit = (bytes[at] as number) - 0x30;
    if (digit < 0 || digit > 9) break;
    rows += digit * scale;
    scale *= 10;
  }
  return scale === 1 ? counted : rows;
}

const DROPPING = [Buffer.from('DISCARD ALL'), Buffer.from('DEALLOCATE ALL')];

function dropsAllStatements(bytes: Uint8Array, start: number, end: number): boolean {
  // By its length first: this runs for every statement.
  for (const tag of DROPPING) {
    if (tag.length !== end - start) continue;
    let at = 0;
    while (at < tag.length && tag[at] === bytes[start + at]) at += 1;
    if (at === tag.length) return true;
  }
  return false;
}

/** Where the five characters of the SQLSTATE begin in an ErrorResponse; 0 when it has none (some poolers' don't). */
function sqlState(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start; at < end && bytes[at] !== 0; ) {
    const stop = bytes.indexOf(0, at);
    if (stop < 0 || stop >= end) return 0;
    if (bytes[at] === SQLSTATE_FIELD && stop - at === 6) return at + 1;
    at = stop + 1;
  }
  return 0;
}
