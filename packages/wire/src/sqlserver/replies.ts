/**
 * The server's half of a session: each response is matched with the client's oldest message that has none yet, and what
 * it says of each statement in it is told to the sink. Rows that fit no request mean that we no longer know what the
 * session does: refused.
 */
import { refusal, SqlState } from '../refusal.ts';
import { Outcome, type Refusal } from '../statements.ts';
import type { Columns } from './columns.ts';
import { ASKED, Asked, type Exchange, Gives } from './exchange.ts';
import { commandTag, ErrorCode } from './outcome-words.ts';
import { Found, PacketWalk } from './packet-walk.ts';
import { HEADER_BYTES, PacketStatus, PacketType } from './packets.ts';
import { type TokenListener, TokenWalk } from './token-walk.ts';
import { DoneStatus, EnvChange, Token } from './tokens.ts';

const violation = (what: string) => refusal('server', SqlState.protocolViolation, what);
const OUT_OF_STEP = violation('the server sent an answer that fits no request');
const UNREADABLE = violation('the server sent a response that cannot be followed');

/** A loop of statements in one batch has ever so many outcomes; from here on they are summed up in one. */
const OUTCOMES_TOLD = 1000;
/** What SQL Server itself notes for a batch that its client stopped by attention; on the wire it has no number. */
const STOPPED_BY_ATTENTION = 3617;

export class Replies implements TokenListener {
  readonly packets = new PacketWalk();
  inTransaction = false;
  /** How much of the last chunk given to `walkAhead` may go before a message of our own; -1: all, and more is needed. */
  cutAt = -1;

  readonly #exchange: Exchange;
  readonly #tokens: TokenWalk;
  readonly #code = new ErrorCode();
  /** Of what is being answered: which of its outcomes comes next, and whether the one before promised another. */
  #index = 0;
  #promised = false;
  /** One of its outcomes was an error. */
  #failed = false;
  /** It had its last outcome. */
  #concluded = false;
  /** Output parameters so far. */
  #returned = 0;
  #described = false;
  /** Of the statement at hand. */
  #rows = 0;
  #bytesOut = 0;
  #error: number | null = null;
  /** Of the outcomes that are summed up. */
  #summedRows = 0;
  #summedBytes = 0;
  #summedError: number | null = null;
  /** Of the response: it answers an attention; rows came that nobody asked for. */
  #acknowledges = false;
  #unasked = false;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
    this.#tokens = new TokenWalk(this, exchange.wide);
  }

  /** The server owes nothing. */
  get settled(): boolean {
    return this.#exchange.pending.length === 0;
  }

  /** Bytes until a message of our own may be put; 0: here. Within a token nobody knows: a header's length at least. */
  get remainder(): number {
    const { remainder } = this.packets;
    return remainder === 0 && !this.#tokens.between ? HEADER_BYTES : remainder;
  }

  walk(chunk: Uint8Array): Refusal | null {
    return this.#walk(chunk, false);
  }

  /** Walks the chunk, and finds in it the first place for a message of our own: see `cutAt`. */
  walkAhead(chunk: Uint8Array): Refusal | null {
    this.cutAt = -1;
    return this.#walk(chunk, true);
  }

  #walk(chunk: Uint8Array, ahead: boolean): Refusal | null {
    const { packets } = this;
    packets.feed(chunk);
    let refused: Refusal | null = null;
    while (refused === null) {
      const found = packets.next();
      if (found === Found.nothing) break;
      if (found === Found.fault || packets.type !== PacketType.response) refused = UNREADABLE;
      else refused = this.#piece(ahead);
    }
    packets.release();
    return refused;
  }

  #piece(ahead: boolean): Refusal | null {
    const { packets } = this;
    const tokens = this.#tokens;
    const { bytes, start, end } = packets;
    if (ahead && packets.opens && packets.headerAt >= 0 && tokens.between) this.#cut(packets.headerAt);
    let at = start;
    while (at < end) {
      at = tokens.advance(bytes, at, end);
      if (at < 0) return UNREADABLE;
      if (ahead && tokens.between) this.#cutBetween(at);
    }
    if (!packets.endsMessage) return null;
    return tokens.between ? this.#endMessage() : UNREADABLE;
  }

  #cut(at: number): void {
    if (this.cutAt < 0) this.cutAt = at;
  }

  /** Between two tokens: the packet may end here, if it has not been said yet how long it is. */
  #cutBetween(at: number): void {
    const { packets } = this;
    const { bytes, headerAt } = packets;
    if (this.cutAt >= 0) return;
    if (!(packets.closes && at === packets.end)) {
      if (headerAt < 0) return;
      const length = at - headerAt;
      bytes[headerAt + 1] = packets.status & ~PacketStatus.endOfMessage;
      bytes[headerAt + 2] = length >> 8;
      bytes[headerAt + 3] = length & 0xff;
    }
    this.#cut(at);
  }

  /** The session ends: what was asked and has no outcome gets one. */
  abandon(): void {
    const exchange = this.#exchange;
    const { pending } = exchange;
    if (this.#concluded) exchange.drop();
    else if (this.#promised) {
      exchange.tell(pending.number(0), this.#index, Outcome.lost);
      exchange.drop();
    }
    while (pending.length > 0) exchange.skip(Outcome.lost);
    this.#next();
  }

  rows(count: number, bytes: number): void {
    this.#rows += count;
    this.#bytesOut += bytes;
    if (this.#asked === 0) this.#unasked = true;
  }

  rowBytes(count: number): void {
    this.#bytesOut += count;
  }

  error(number: number): void {
    // The first says what is wrong; others say what follows from it.
    this.#error ??= number;
  }

  changed(type: number): void {
    switch (type) {
      case EnvChange.beginTransaction:
      case EnvChange.enlistDtc:
        this.inTransaction = true;
        break;
      case EnvChange.commitTransaction:
      case EnvChange.rollbackTransaction:
      case EnvChange.defectTransaction:
      case EnvChange.transactionEnded:
        this.inTransaction = false;
        break;
      case EnvChange.resetAck:
        if (this.#exchange.resetsTransaction) this.inTransaction = false;
        break;
      default:
        break;
    }
  }

  described(columns: Columns): void {
    const prepared = this.#exchange.pending.entry(0);
    // What a statement's later results are made of, nobody asks for without a description.
    if (prepared !== null && this.#asked > 0 && !this.#described) this.#exchange.handles.describe(prepared, columns);
    this.#described = true;
  }

  undescribed(): Columns | null {
    return this.#asked === 0 ? null : (this.#exchange.pending.entry(0)?.columns ?? null);
  }

  /** Handles come in the order of the parameters: a prepared one before a cursor's. */
  returned(value: number | null): void {
    const { pending, handles } = this.#exchange;
    const kind = pending.kind(0);
    const prepared = pending.entry(0);
    this.#returned += 1;
    if (value === null || prepared === null || this.#asked === 0) return;
    const givesHandle = (kind & Gives.handle) !== 0;
    if (givesHandle && this.#returned === 1) handles.setStatement(value, prepared);
    if ((kind & Gives.cursor) !== 0 && this.#returned === (givesHandle ? 2 : 1)) handles.setCursor(value, prepared);
  }

  done(token: number, status: number, command: number, count: number): void {
    if (!this.#exchange.wide && (status & DoneStatus.more) === 0) {
      this.inTransaction = (status & DoneStatus.inTransaction) !== 0;
    }
    if ((status & DoneStatus.attention) !== 0) {
      this.#acknowledges = true;
      this.#error ??= STOPPED_BY_ATTENTION;
    }
    if ((status & (DoneStatus.error | DoneStatus.serverError)) !== 0) {
      this.#error ??= this.#attentionAt() < 0 ? 0 : STOPPED_BY_ATTENTION;
    }
    const kind = this.#asked;
    if (kind !== 0 && !this.#concluded) this.#outcome(kind, token, status, command, count);
    this.#rows = 0;
    this.#bytesOut = 0;
    this.#error = null;
    if (kind !== 0 && (status & DoneStatus.rpcInBatch) !== 0) this.#conclude();
  }

  /** What is being answered, as `Asked`; 0 when nothing is. */
  get #asked(): number {
    const kind = this.#exchange.pending.kind(0) & ASKED;
    return kind === Asked.end || kind === Asked.attention ? 0 : kind;
  }

  #outcome(kind: number, token: number, status: number, command: number, count: number): void {
    if (kind === Asked.quiet || (kind === Asked.prepare && this.#error === null)) return;
    const stopped = (status & DoneStatus.attention) !== 0;
    const counted = (status & DoneStatus.count) !== 0;
    const ofProcedure = token === Token.doneProcedure || kind === Asked.call || kind === Asked.execute;
    const within = token === Token.doneInProcedure;
    const ends = stopped || (status & DoneStatus.rpcInBatch) !== 0 || (status & DoneStatus.more) === 0;
    const more = kind !== Asked.prepare && (!ends || (within && !stopped));
    const nothingNew = this.#error === null || (this.#error === 0 && this.#failed);
    if (ofProcedure && !within && this.#promised && nothingNew && !counted && this.#rows === 0) {
      // The end of a procedure whose statements have told all there is.
      if (!more && !this.#summed) this.#finish();
      if (!more && this.#summed) this.#tell(kind, false, command, 0);
      return;
    }
    this.#tell(kind, more, command, counted ? count : this.#rows);
  }

  get #summed(): boolean {
    return this.#index >= OUTCOMES_TOLD;
  }

  #tell(kind: number, more: boolean, command: number, rows: number): void {
    const { pending, sink } = this.#exchange;
    const number = pending.number(0);
    if (this.#index >= OUTCOMES_TOLD - 1) {
      this.#summedRows += rows;
      this.#summedBytes += this.#bytesOut;
      this.#summedError ??= this.#error;
      this.#index = OUTCOMES_TOLD;
      this.#promised = true;
      if (more) return;
      this.#tellSum(number);
      return;
    }
    // Bulk data have their outcome behind that of the statement which asked for them.
    const bulk = kind === Asked.bulk;
    const index = this.#index + (bulk ? 1 : 0);
    const bytesIn = bulk && (pending.kind(1) & ASKED) === Asked.end ? pending.number(1) : 0;
    this.#index += 1;
    this.#promised = more;
    this.#concluded = !more;
    const error = this.#error;
    this.#failed ||= error !== null;
    const bytesOut = this.#bytesOut;
    if (error === null) {
      const tag = commandTag(command);
      sink.outcome(number, index, Outcome.done, more, rows, bytesIn, bytesOut, tag, 0, tag.length);
      return;
    }
    const { bytes, start, end } = this.#coded(error);
    sink.outcome(number, index, Outcome.error, more, rows, bytesIn, bytesOut, bytes, start, end);
  }

  #tellSum(number: number): void {
    const { sink } = this.#exchange;
    const state = this.#summedError === null ? Outcome.done : Outcome.error;
    const { bytes, start, end } = this.#coded(this.#summedError ?? 0);
    this.#promised = false;
    this.#concluded = true;
    sink.outcome(number, OUTCOMES_TOLD - 1, state, false, this.#summedRows, 0, this.#summedBytes, bytes, start, end);
  }

  /** The range of an error's number; empty where the server told none. */
  #coded(error: number): { bytes: Uint8Array; start: number; end: number } {
    const code = this.#code;
    code.set(error);
    const end = code.bytes.length;
    return { bytes: code.bytes, start: error === 0 ? end : code.start, end };
  }

  #finish(): void {
    const { pending, sink } = this.#exchange;
    this.#promised = false;
    this.#concluded = true;
    sink.finished(pending.number(0));
  }

  /** Nothing more comes of what is being answered. */
  #conclude(): void {
    const exchange = this.#exchange;
    const { pending } = exchange;
    const kind = this.#asked;
    if (this.#concluded || kind === Asked.quiet || kind === Asked.prepare) exchange.drop();
    else if (this.#promised && this.#summed) {
      this.#tellSum(pending.number(0));
      exchange.drop();
    } else if (this.#promised) {
      this.#finish();
      exchange.drop();
    } else exchange.skip();
    this.#next();
  }

  #endMessage(): Refusal | null {
    const exchange = this.#exchange;
    const { pending } = exchange;
    const acknowledged = this.#acknowledges ? this.#attentionAt() : -1;
    const unasked = this.#unasked;
    this.#acknowledges = false;
    this.#unasked = false;
    if (acknowledged >= 0) {
      const left = pending.length - acknowledged - 1;
      if (this.#asked !== 0) this.#conclude();
      while (pending.length > left) exchange.skip();
    } else if (this.#asked !== 0 || pending.kind(0) === Asked.end) {
      this.#answered();
    } else {
      // The server speaks unasked when it ends a session; but rows have to be somebody's.
      if (unasked) return OUT_OF_STEP;
      if (pending.length === 0) exchange.answeredEarly = exchange.sending;
    }
    this.#next();
    return null;
  }

  /** The oldest message has its response. */
  #answered(): void {
    const exchange = this.#exchange;
    if (this.#asked !== 0) this.#conclude();
    while (this.#asked !== 0) exchange.skip();
    if (exchange.pending.kind(0) === Asked.end) exchange.drop();
    else exchange.answeredEarly = exchange.sending;
  }

  /** A message may have been answered before its end: when that has come, it is done with. */
  settleEarly(): void {
    const exchange = this.#exchange;
    const { pending } = exchange;
    for (let at = 0; at < pending.length; at++) {
      if (pending.kind(at) !== Asked.end) continue;
      exchange.answeredEarly = false;
      this.#answered();
      this.#next();
      return;
    }
  }

  /** Where in the queue the oldest attention stands; -1: nowhere (the gateway's own is not queued). */
  #attentionAt(): number {
    const { pending } = this.#exchange;
    for (let at = 0; at < pending.length; at++) if (pending.kind(at) === Asked.attention) return at;
    return -1;
  }

  #next(): void {
    this.#index = 0;
    this.#promised = false;
    this.#concluded = false;
    this.#failed = false;
    this.#returned = 0;
    this.#described = false;
    this.#rows = 0;
    this.#bytesOut = 0;
    this.#error = null;
    this.#summedRows = 0;
    this.#summedBytes = 0;
    this.#summedError = null;
  }
}
