/**
 * Walks a response's tokens (MS-TDS 2.2.4, 2.2.7), packet by packet. Rows have no length of their own: their values are
 * passed over one by one, as their columns say. Nothing is decoded but what the record needs.
 */
import { Columns, MAX_COLUMNS } from './columns.ts';
import { int32At, uint16At, uint32At, uint64At } from './integers.ts';
import { type Stepper, Steps } from './steps.ts';
import { EnvChange, Token } from './tokens.ts';
import { longTextEnd, MALFORMED, NEEDS_MORE, Place, Sized, shortTextEnd, Type, TypeInfo } from './type-info.ts';
import { ValuesWalk } from './values-walk.ts';

/** Told of what is found, in order. */
export interface TokenListener {
  /** DONE, DONEPROC, DONEINPROC: status, command and row count. */
  done(token: number, status: number, command: number, count: number): void;
  error(number: number): void;
  changed(type: number): void;
  /** Rows of these columns may follow. */
  described(columns: Columns): void;
  /** Rows follow whose columns the client has been told before; null: nobody knows which. */
  undescribed(): Columns | null;
  /** So many rows, and their bytes as far as they have been seen. */
  rows(count: number, bytes: number): void;
  /** So many bytes more of the last row. */
  rowBytes(count: number): void;
  /** An output parameter; null where it is not an INT. */
  returned(value: number | null): void;
}

const NO_METADATA = 0xffff;
/** Results of COMPUTE clauses at once; gone since SQL Server 2012. */
const MAX_ALTERNATIVES = 64;

const State = { token: 0, column: 1, alternative: 2, values: 3, features: 4 } as const;

export class TokenWalk implements Stepper {
  readonly #listener: TokenListener;
  readonly #wide: boolean;
  readonly #steps = new Steps();
  readonly #info = new TypeInfo();
  readonly #values = new ValuesWalk();
  readonly #own = new Columns();
  readonly #single = new Columns();
  readonly #alternatives = new Map<number, Columns>();
  #columns: Columns | null = null;
  /** What is being described. */
  #describing = this.#own;
  #columnsLeft = 0;
  #state: number = State.token;
  #skip = 0;
  #nulls = new Uint8Array(0);
  /** The values at hand are a row's. */
  #ofRow = false;
  #returnsInteger: number | null = null;

  constructor(listener: TokenListener, wide: boolean) {
    this.#listener = listener;
    this.#wide = wide;
  }

  /** Every token that began has ended. */
  get between(): boolean {
    return this.#state === State.token && this.#skip === 0 && !this.#steps.waiting;
  }

  /**
   * Walks on to the next place between two tokens, or to the end. Gives how far it got; negative when the stream can't be
   * followed.
   */
  advance(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    while (at < end) {
      if (this.#skip > 0) {
        const count = Math.min(this.#skip, end - at);
        this.#skip -= count;
        at += count;
      } else {
        at = this.#steps.take(this, bytes, at, end);
        if (at < 0) return at;
      }
      if (this.#state === State.token && this.#skip === 0 && !this.#steps.waiting) return at;
    }
    return at;
  }

  step(bytes: Uint8Array, at: number, end: number): number {
    switch (this.#state) {
      case State.token:
        return this.#token(bytes, at, end);
      case State.values:
        return this.#value(bytes, at, end);
      case State.column:
        return this.#column(bytes, at, end);
      case State.alternative:
        return this.#alternative(bytes, at, end);
      default:
        return this.#feature(bytes, at, end);
    }
  }

  #token(bytes: Uint8Array, at: number, end: number): number {
    const token = bytes[at] as number;
    switch (token) {
      case Token.row:
      case Token.nullBitmapRow:
        return this.#columns === null ? MALFORMED : this.#rows(this.#columns, bytes, at, end);
      case Token.done:
      case Token.doneProcedure:
      case Token.doneInProcedure:
        return this.#done(token, bytes, at, end);
      case Token.columnMetadata:
        return this.#columnMetadata(bytes, at, end);
      case Token.error:
        if (end - at < 7) return NEEDS_MORE;
        if (uint16At(bytes, at + 1) < 4) return MALFORMED;
        this.#listener.error(int32At(bytes, at + 3));
        this.#skip = uint16At(bytes, at + 1) - 4;
        return at + 7;
      case Token.environmentChange:
        if (end - at < 4) return NEEDS_MORE;
        if (uint16At(bytes, at + 1) < 1 || isRouting(bytes[at + 3])) return MALFORMED;
        this.#listener.changed(bytes[at + 3] as number);
        this.#skip = uint16At(bytes, at + 1) - 1;
        return at + 4;
      case Token.info:
      case Token.order:
      case Token.tableName:
      case Token.columnInfo:
      case Token.loginAck:
      case Token.sspi:
        if (end - at < 3) return NEEDS_MORE;
        this.#skip = uint16At(bytes, at + 1);
        return at + 3;
      case Token.sessionState:
      case Token.fedAuthInfo:
        if (end - at < 5) return NEEDS_MORE;
        this.#skip = uint32At(bytes, at + 1);
        return at + 5;
      case Token.returnStatus:
      case Token.offset:
        return end - at < 5 ? NEEDS_MORE : at + 5;
      case Token.returnValue:
        return this.#returnValue(bytes, at, end);
      case Token.altMetadata:
        return this.#altMetadata(bytes, at, end);
      case Token.altRow: {
        if (end - at < 3) return NEEDS_MORE;
        const columns = this.#alternatives.get(uint16At(bytes, at + 1));
        return columns === undefined ? MALFORMED : this.#row(columns, null, bytes, at, at + 3, end);
      }
      case Token.featureAck:
        this.#state = State.features;
        return at + 1;
      default:
        return MALFORMED;
    }
  }

  #done(token: number, bytes: Uint8Array, at: number, end: number): number {
    const next = at + (this.#wide ? 13 : 9);
    if (next > end) return NEEDS_MORE;
    const count = this.#wide ? uint64At(bytes, at + 5) : uint32At(bytes, at + 5);
    this.#listener.done(token, uint16At(bytes, at + 1), uint16At(bytes, at + 3), count);
    return next;
  }

  /** Passes over rows that lie whole in this packet, or else begins one that doesn't. */
  #rows(columns: Columns, bytes: Uint8Array, start: number, end: number): number {
    const nullBytes = (columns.count + 7) >> 3;
    let at = start;
    let count = 0;
    while (at < end) {
      const token = bytes[at];
      let next = -1;
      if (token === Token.row) next = columns.rowEnd(bytes, at + 1, end, -1);
      else if (token !== Token.nullBitmapRow) break;
      else if (at + 1 + nullBytes <= end) next = columns.rowEnd(bytes, at + 1 + nullBytes, end, at + 1);
      if (next < 0) break;
      at = next;
      count += 1;
    }
    if (count > 0) {
      this.#listener.rows(count, at - start);
      return at;
    }
    if (bytes[start] === Token.row) return this.#row(columns, null, bytes, start, start + 1, end);
    return this.#nullBitmapRow(columns, bytes, start, end);
  }

  #row(columns: Columns, nulls: Uint8Array | null, bytes: Uint8Array, at: number, from: number, end: number): number {
    this.#listener.rows(1, from - at);
    this.#ofRow = true;
    this.#values.begin(columns, nulls);
    this.#state = State.values;
    const next = this.#value(bytes, from, end);
    return next === NEEDS_MORE ? from : next;
  }

  #nullBitmapRow(columns: Columns, bytes: Uint8Array, at: number, end: number): number {
    const length = (columns.count + 7) >> 3;
    const from = at + 1 + length;
    if (from > end) return NEEDS_MORE;
    // Copied: the row may go on in another packet.
    if (this.#nulls.length < length) this.#nulls = new Uint8Array(length);
    for (let i = 0; i < length; i++) this.#nulls[i] = bytes[at + 1 + i] as number;
    return this.#row(columns, this.#nulls, bytes, at, from, end);
  }

  /** Goes on in the values of a row or an output parameter. */
  #value(bytes: Uint8Array, at: number, end: number): number {
    const values = this.#values;
    const next = values.walk(bytes, at, end);
    this.#skip = values.skip;
    if (values.done) {
      this.#state = State.token;
      if (!this.#ofRow) this.#listener.returned(this.#returnsInteger);
    } else if (next === at && values.skip === 0) return NEEDS_MORE;
    if (this.#ofRow) this.#listener.rowBytes(next - at + values.skip);
    return next;
  }

  #columnMetadata(bytes: Uint8Array, at: number, end: number): number {
    if (end - at < 3) return NEEDS_MORE;
    const count = uint16At(bytes, at + 1);
    if (count === NO_METADATA) {
      this.#columns = this.#listener.undescribed();
      return at + 3;
    }
    if (count > MAX_COLUMNS) return MALFORMED;
    this.#own.clear();
    this.#describing = this.#own;
    this.#columns = this.#own;
    this.#columnsLeft = count;
    if (count > 0) this.#state = State.column;
    return at + 3;
  }

  #column(bytes: Uint8Array, at: number, end: number): number {
    const next = this.#describe(bytes, at, end);
    if (next < 0) return next;
    this.#columnsLeft -= 1;
    if (this.#columnsLeft === 0) {
      this.#state = State.token;
      this.#listener.described(this.#own);
    }
    return next;
  }

  #altMetadata(bytes: Uint8Array, at: number, end: number): number {
    if (end - at < 6) return NEEDS_MORE;
    const next = at + 6 + (bytes[at + 5] as number) * 2;
    if (next > end) return NEEDS_MORE;
    const count = uint16At(bytes, at + 1);
    const id = uint16At(bytes, at + 3);
    if (count === 0 || count > MAX_COLUMNS) return MALFORMED;
    if (!this.#alternatives.has(id) && this.#alternatives.size >= MAX_ALTERNATIVES) return MALFORMED;
    this.#describing = new Columns();
    this.#alternatives.set(id, this.#describing);
    this.#columnsLeft = count;
    this.#state = State.alternative;
    return next;
  }

  #alternative(bytes: Uint8Array, at: number, end: number): number {
    // Operator and operand.
    if (end - at < 3) return NEEDS_MORE;
    const next = this.#describe(bytes, at + 3, end);
    if (next < 0) return next;
    this.#columnsLeft -= 1;
    if (this.#columnsLeft === 0) this.#state = State.token;
    return next;
  }

  /** User type, flags, type, perhaps the table's name, and the column's. */
  #describe(bytes: Uint8Array, at: number, end: number): number {
    const info = this.#info;
    const typed = info.read(bytes, at + this.#headBytes, end, Place.column);
    if (typed < 0) return typed;
    const named = info.sized === Sized.pointed ? this.#tableNameEnd(bytes, typed, end) : typed;
    const next = shortTextEnd(bytes, named, end);
    if (next >= 0) this.#describing.add(info);
    return next;
  }

  /** User type and flags. */
  get #headBytes(): number {
    return this.#wide ? 6 : 4;
  }

  #tableNameEnd(bytes: Uint8Array, at: number, end: number): number {
    if (!this.#wide) return longTextEnd(bytes, at, end);
    if (at >= end) return NEEDS_MORE;
    let next = at + 1;
    for (let parts = bytes[at] as number; parts > 0 && next >= 0; parts--) next = longTextEnd(bytes, next, end);
    return next;
  }

  /** Ordinal, name, status, user type, flags, type; then the value, of which only an INT is looked at. */
  #returnValue(bytes: Uint8Array, at: number, end: number): number {
    const named = shortTextEnd(bytes, at + 3, end);
    if (named < 0) return named;
    const info = this.#info;
    const from = info.read(bytes, named + 1 + this.#headBytes, end, Place.column);
    if (from < 0) return from;
    if (info.sized === Sized.pointed) info.sized = Sized.long;
    this.#returnsInteger = null;
    if (info.type === Type.intN) {
      if (from >= end || from + 1 + (bytes[from] as number) > end) return NEEDS_MORE;
      if (bytes[from] === 4) this.#returnsInteger = int32At(bytes, from + 1);
    }
    this.#single.clear();
    this.#single.add(info);
    this.#ofRow = false;
    this.#values.begin(this.#single, null);
    this.#state = State.values;
    const next = this.#value(bytes, from, end);
    return next === NEEDS_MORE ? from : next;
  }

  #feature(bytes: Uint8Array, at: number, end: number): number {
    if (bytes[at] === 0xff) {
      this.#state = State.token;
      return at + 1;
    }
    if (end - at < 5) return NEEDS_MORE;
    this.#skip = uint32At(bytes, at + 1);
    return at + 5;
  }
}

/** Where a session goes is settled when it begins; a client that were sent elsewhere would leave the gateway behind. */
const isRouting = (type: number | undefined): boolean =>
  type === EnvChange.routing || type === EnvChange.enhancedRouting;
