/**
 * One parameter of a procedure call (MS-TDS 2.2.6.6 ParameterData): name, status, type and value. Only what is needed to
 * find its end is read, and integers, since handles are such. Tables (2.2.5.5.5.4) are walked row by row.
 */
import { Columns, MAX_COLUMNS } from './columns.ts';
import { int32At, uint16At, uint32At } from './integers.ts';
import { MALFORMED, NEEDS_MORE, Place, Sized, shortTextEnd, Type, TypeInfo } from './type-info.ts';
import { ValuesWalk } from './values-walk.ts';

const NULL_SHORT = 0xffff;
const NULL_LENGTH = 0xffff_ffff;
/** Columns of a table that its rows have no values for. */
const DEFAULT_COLUMN = 0x0200;
const TABLE_END = 0x00;
const TABLE_ROW = 0x01;
const TABLE_ORDER_UNIQUE = 0x10;
const TABLE_COLUMN_ORDERING = 0x11;
/** User type and flags of a column. */
const COLUMN_HEAD_BYTES = 6;

const Phase = {
  length: 0,
  part: 1,
  tableNames: 2,
  tableCount: 3,
  tableColumns: 4,
  tableOptions: 5,
  tableRows: 6,
  tableRow: 7,
  done: 8,
} as const;

export class Parameter {
  /** Bytes of the value that follow. */
  skip = 0;
  /** A stretch of the value's own bytes begins: `skip` is its length. Whoever has seen it sets it back. */
  opens = false;
  /** NULL, as far as it is known. */
  isNull = false;
  /** The value, of one that is an INT; else null. */
  integer: number | null = null;

  readonly #info = new TypeInfo();
  readonly #columns = new Columns();
  readonly #values = new ValuesWalk();
  #phase: number = Phase.done;
  #columnsLeft = 0;

  get type(): number {
    return this.#info.type;
  }

  /** It ends after `skip`. */
  get done(): boolean {
    return this.#phase === Phase.done;
  }

  /** Passes over the value's bytes; gives how far it got. */
  pass(at: number, end: number): number {
    const count = Math.min(this.skip, end - at);
    this.skip -= count;
    return at + count;
  }

  /** Reads name, status and type. */
  header(bytes: Uint8Array, at: number, end: number): number {
    const named = shortTextEnd(bytes, at, end);
    if (named < 0 || named >= end) return NEEDS_MORE;
    const info = this.#info;
    const next = info.read(bytes, named + 1, end, Place.parameter);
    if (next < 0) return next;
    this.skip = 0;
    this.opens = false;
    this.isNull = info.type === Type.null;
    this.integer = null;
    this.#phase = info.sized === Sized.table ? Phase.tableNames : this.isNull ? Phase.done : Phase.length;
    return next;
  }

  /** Reads on in the value, until it is `done` or there is something to pass over. */
  value(bytes: Uint8Array, at: number, end: number): number {
    switch (this.#phase) {
      case Phase.length:
        return this.#length(bytes, at, end);
      case Phase.part:
        return this.#part(bytes, at, end);
      case Phase.tableNames: {
        const named = shortTextEnd(bytes, shortTextEnd(bytes, shortTextEnd(bytes, at, end), end), end);
        if (named >= 0) this.#phase = Phase.tableCount;
        return named;
      }
      case Phase.tableCount:
        return this.#tableCount(bytes, at, end);
      case Phase.tableColumns:
        return this.#tableColumn(bytes, at, end);
      case Phase.tableOptions:
        return this.#tableOption(bytes, at, end);
      case Phase.tableRows:
        return this.#tableNext(bytes, at, end);
      case Phase.tableRow:
        return this.#tableRow(bytes, at, end);
      default:
        return MALFORMED;
    }
  }

  #length(bytes: Uint8Array, at: number, end: number): number {
    const { sized, size, type } = this.#info;
    const left = end - at;
    switch (sized) {
      case Sized.fixed:
        if (left < size) return NEEDS_MORE;
        if (type === Type.int4) this.integer = int32At(bytes, at);
        this.#phase = Phase.done;
        return at + size;
      case Sized.byte: {
        const length = bytes[at] as number;
        if (type !== Type.intN) return this.#data(at + 1, length, length === 0);
        if (left <= length) return NEEDS_MORE;
        if (length === 4) this.integer = int32At(bytes, at + 1);
        this.isNull = length === 0;
        this.#phase = Phase.done;
        return at + 1 + length;
      }
      case Sized.short: {
        if (left < 2) return NEEDS_MORE;
        const length = uint16At(bytes, at);
        return this.#data(at + 2, length === NULL_SHORT ? 0 : length, length === NULL_SHORT);
      }
      case Sized.parts:
        if (left < 8) return NEEDS_MORE;
        if (uint32At(bytes, at) === NULL_LENGTH && uint32At(bytes, at + 4) === NULL_LENGTH) {
          return this.#data(at + 8, 0, true);
        }
        this.#phase = Phase.part;
        return at + 8;
      default: {
        if (left < 4) return NEEDS_MORE;
        const length = uint32At(bytes, at);
        const isNull = sized === Sized.variant ? length === 0 : length === NULL_LENGTH;
        return this.#data(at + 4, isNull ? 0 : length, isNull);
      }
    }
  }

  #part(bytes: Uint8Array, at: number, end: number): number {
    if (end - at < 4) return NEEDS_MORE;
    const length = uint32At(bytes, at);
    this.skip = length;
    this.opens = length > 0;
    if (length === 0) this.#phase = Phase.done;
    return at + 4;
  }

  #data(next: number, length: number, isNull: boolean): number {
    this.skip = length;
    this.opens = length > 0;
    this.isNull = isNull;
    this.#phase = Phase.done;
    return next;
  }

  #tableCount(bytes: Uint8Array, at: number, end: number): number {
    if (end - at < 2) return NEEDS_MORE;
    const count = uint16At(bytes, at);
    this.isNull = count === NULL_SHORT;
    if (!this.isNull && count > MAX_COLUMNS) return MALFORMED;
    this.#columns.clear();
    this.#columnsLeft = this.isNull ? 0 : count;
    this.#phase = this.#columnsLeft > 0 ? Phase.tableColumns : Phase.tableOptions;
    return at + 2;
  }

  #tableColumn(bytes: Uint8Array, at: number, end: number): number {
    const info = at + COLUMN_HEAD_BYTES;
    if (info > end) return NEEDS_MORE;
    const next = this.#info.read(bytes, info, end, Place.parameter);
    if (next < 0) return next;
    if (this.#info.sized === Sized.table) return MALFORMED;
    const named = shortTextEnd(bytes, next, end);
    if (named < 0) return named;
    if ((uint16At(bytes, at + 4) & DEFAULT_COLUMN) === 0) this.#columns.add(this.#info);
    else this.#columns.addAbsent();
    this.#columnsLeft -= 1;
    if (this.#columnsLeft === 0) this.#phase = Phase.tableOptions;
    return named;
  }

  #tableOption(bytes: Uint8Array, at: number, end: number): number {
    const option = bytes[at];
    if (option === TABLE_END) {
      this.#phase = Phase.tableRows;
      return at + 1;
    }
    if (option !== TABLE_ORDER_UNIQUE && option !== TABLE_COLUMN_ORDERING) return MALFORMED;
    if (end - at < 3) return NEEDS_MORE;
    this.skip = uint16At(bytes, at + 1) * (option === TABLE_ORDER_UNIQUE ? 3 : 2);
    return at + 3;
  }

  #tableNext(bytes: Uint8Array, at: number, end: number): number {
    const token = bytes[at];
    if (token === TABLE_END) {
      this.#phase = Phase.done;
      return at + 1;
    }
    if (token !== TABLE_ROW) return MALFORMED;
    this.#phase = Phase.tableRow;
    this.#values.begin(this.#columns, null);
    const next = this.#tableRow(bytes, at + 1, end);
    return next === NEEDS_MORE ? at + 1 : next;
  }

  #tableRow(bytes: Uint8Array, at: number, end: number): number {
    const values = this.#values;
    const next = values.walk(bytes, at, end);
    this.skip = values.skip;
    if (values.done) this.#phase = Phase.tableRows;
    else if (next === at && values.skip === 0) return NEEDS_MORE;
    return next;
  }
}
