/**
 * Where values stand in the binary protocol: their sizes by type, the types that an execution declares, and the query
 * attributes in front of a statement's text.
 */
import { BULK_TYPES, Command } from './commands.ts';
import { lenencAt, lenencSize } from './integers.ts';
import type { Statement } from './prepared.ts';

/** Types of values (MySQL `enum_field_types`). */
export const Type = {
  decimal: 0,
  tiny: 1,
  short: 2,
  long: 3,
  float: 4,
  double: 5,
  null: 6,
  timestamp: 7,
  longlong: 8,
  int24: 9,
  date: 10,
  time: 11,
  datetime: 12,
  year: 13,
  varchar: 15,
  bit: 16,
  vector: 242,
  bool: 244,
  json: 245,
  newDecimal: 246,
  enum: 247,
  set: 248,
  tinyBlob: 249,
  mediumBlob: 250,
  longBlob: 251,
  blob: 252,
  varString: 253,
  string: 254,
  geometry: 255,
} as const;

/** The size of values of a type that have a fixed one; else one of these. */
export const SIZED_BY_BYTE = -1;
export const SIZED_BY_LENENC = -2;
export const NO_SUCH_TYPE = -3;

const SIZES = new Int8Array(256).fill(NO_SUCH_TYPE);
for (const type of [Type.tiny, Type.bool]) SIZES[type] = 1;
for (const type of [Type.short, Type.year]) SIZES[type] = 2;
for (const type of [Type.long, Type.int24, Type.float]) SIZES[type] = 4;
for (const type of [Type.longlong, Type.double]) SIZES[type] = 8;
SIZES[Type.null] = 0;
for (const type of [Type.date, Type.time, Type.datetime, Type.timestamp]) SIZES[type] = SIZED_BY_BYTE;
for (const type of [Type.decimal, Type.varchar, Type.bit, Type.vector]) SIZES[type] = SIZED_BY_LENENC;
for (let type: number = Type.json; type <= Type.geometry; type++) SIZES[type] = SIZED_BY_LENENC;

export function sizeOf(type: number): number {
  return SIZES[type] ?? NO_SUCH_TYPE;
}

/** What `attributesEnd` gives when the bytes at hand don't reach the end, and when they can't be attributes. */
export const CUT = -1;
export const MALFORMED = -2;

/**
 * Where the query attributes that begin at `start` end (CLIENT_QUERY_ATTRIBUTES): the statement's text follows. CUT or
 * MALFORMED when that can't be told.
 */
export function attributesEnd(bytes: Uint8Array, start: number, end: number): number {
  // Nearly always there are none: a count of 0, and one set of them.
  if (end - start >= 2 && bytes[start] === 0 && bytes[start + 1] === 1) return start + 2;
  const counts = skipLenenc(bytes, start, end);
  if (counts < 0) return counts;
  const count = lenencAt(bytes, start);
  let at = skipLenenc(bytes, counts, end);
  if (at < 0 || count === 0) return at;
  const bitmap = at;
  at += (count + 7) >> 3;
  if (count > 0xffff) return MALFORMED;
  if (at >= end) return CUT;
  if (bytes[at] !== 1) return MALFORMED;
  const types: number[] = [];
  at += 1;
  for (let i = 0; i < count; i++) {
    if (at + 2 >= end) return CUT;
    types.push(bytes[at] as number);
    at = skipText(bytes, at + 2, end);
    if (at < 0) return at;
  }
  for (let i = 0; i < count; i++) {
    if (((bytes[bitmap + (i >> 3)] as number) & (1 << (i & 7))) !== 0) continue;
    at = skipValue(types[i] as number, bytes, at, end);
    if (at < 0) return at;
  }
  return at;
}

function skipLenenc(bytes: Uint8Array, at: number, end: number): number {
  if (at >= end) return CUT;
  const size = lenencSize(bytes[at] as number);
  if (size === 0) return MALFORMED;
  return at + size > end ? CUT : at + size;
}

function skipText(bytes: Uint8Array, at: number, end: number): number {
  const begin = skipLenenc(bytes, at, end);
  if (begin < 0) return begin;
  const stop = begin + lenencAt(bytes, at);
  return stop > end ? CUT : stop;
}

function skipValue(type: number, bytes: Uint8Array, at: number, end: number): number {
  const size = sizeOf(type);
  if (size === NO_SUCH_TYPE) return MALFORMED;
  if (size === SIZED_BY_LENENC) return skipText(bytes, at, end);
  if (size === SIZED_BY_BYTE && at >= end) return CUT;
  const stop = at + (size === SIZED_BY_BYTE ? 1 + (bytes[at] as number) : size);
  return stop > end ? CUT : stop;
}

/** Where in an execution's body `TypesReader` stands. */
const At = { fixed: 0, count: 1, bitmap: 2, flag: 3, type: 4, unsigned: 5, nameLength: 6, name: 7, done: 8 } as const;

/** Before the parameters: command, statement, flags, iterations. In a bulk execution: command, statement, flags. */
const EXECUTE_FIXED = 10;
const BULK_FIXED = 7;
const BULK_FLAGS_AT = 5;

/**
 * Reads the types out of an execution as its body passes by, in however many pieces, and keeps them with the statement:
 * the next execution need not declare them again.
 */
export class TypesReader {
  /** The execution uses the types of an earlier one. */
  kept = false;

  #statement: Statement | null = null;
  #at: number = At.done;
  #named = false;
  #bulk = false;
  #left = 0;
  #index = 0;
  #count = 0;

  /** An execution of a statement that has parameters begins. `named`: each has a name (CLIENT_QUERY_ATTRIBUTES). */
  begin(statement: Statement, command: number, named: boolean): void {
    this.#statement = statement;
    this.#bulk = command === Command.bulkExecute;
    this.#named = named && !this.#bulk;
    this.#at = At.fixed;
    this.#left = this.#bulk ? BULK_FIXED : EXECUTE_FIXED;
    this.#index = 0;
    this.#count = statement.parameters;
    this.kept = false;
  }

  /** The next part of the body. */
  read(bytes: Uint8Array, start: number, end: number): void {
    for (let at = start; at < end && this.#at !== At.done; ) {
      if (this.#at === At.fixed || this.#at === At.bitmap || this.#at === At.name) {
        const count = Math.min(this.#left, end - at);
        if (this.#bulk && this.#at === At.fixed) this.#bulkFlags(bytes, at, count);
        at += count;
        this.#left -= count;
        if (this.#left === 0) this.#next();
      } else {
        this.#byte(bytes[at++] as number);
      }
    }
  }

  #bulkFlags(bytes: Uint8Array, at: number, count: number): void {
    const flags = at + this.#left - (BULK_FIXED - BULK_FLAGS_AT);
    if (flags >= at && flags < at + count) this.kept = ((bytes[flags] as number) & BULK_TYPES) === 0;
  }

  #byte(byte: number): void {
    switch (this.#at) {
      case At.count:
        this.#countByte(byte);
        break;
      case At.flag:
        this.kept = byte === 0;
        if (this.kept) this.#at = At.done;
        else this.#next();
        break;
      case At.type:
        this.#statement?.setType(this.#index * 2, byte);
        this.#at = At.unsigned;
        break;
      case At.unsigned:
        this.#statement?.setType(this.#index * 2 + 1, byte);
        this.#next();
        break;
      default: // the length of a name
        this.#left = byte;
        // Longer names are nobody's: whose types follow isn't known then.
        if (byte >= 0xfb) this.#at = At.done;
        else this.#next();
    }
  }

  /** The count of parameters, attributes included: one byte, or 0xfc and two. */
  #countByte(byte: number): void {
    if (this.#left === 0 && byte < 0xfb) {
      this.#count = byte;
      this.#next();
    } else if (this.#left === 0) {
      this.#left = byte === 0xfc ? 2 : 0;
      this.#count = 0;
      if (byte !== 0xfc) this.#at = At.done;
    } else {
      this.#count += byte * 256 ** (2 - this.#left);
      this.#left -= 1;
      if (this.#left === 0) this.#next();
    }
  }

  #next(): void {
    switch (this.#at) {
      case At.fixed:
        this.#at = this.#bulk ? (this.kept ? At.done : At.type) : this.#named ? At.count : At.bitmap;
        this.#left = this.#named || this.#bulk ? 0 : (this.#count + 7) >> 3;
        break;
      case At.count:
        this.#at = this.#count === 0 ? At.done : At.bitmap;
        this.#left = (this.#count + 7) >> 3;
        break;
      case At.bitmap:
        this.#at = At.flag;
        break;
      case At.flag:
        this.#at = At.type;
        break;
      case At.unsigned:
        if (this.#named) this.#at = At.nameLength;
        else this.#parameter();
        break;
      case At.nameLength:
        if (this.#left > 0) this.#at = At.name;
        else this.#parameter();
        break;
      default: // a name
        this.#parameter();
    }
  }

  #parameter(): void {
    this.#index += 1;
    const wanted = Math.min(this.#count, this.#statement?.parameters ?? 0);
    this.#at = this.#index < wanted ? At.type : At.done;
  }
}
