/** One parameter after the other: name, status, type, value. */
import { Buffer } from 'node:buffer';
import type { BoundValue, Plain } from '../../values.ts';
import { Type } from '../type-info.ts';
import { type Cursor, Unreadable } from './cursor.ts';
import { decode, isText, isWideText, readType, type TypeSaid } from './types.ts';

const OUTPUT = 0x01;
const DEFAULT = 0x02;
const DEFAULT_COLUMN = 0x0200;
const NULL_SHORT = 0xffff;
const NULL_LENGTH = 0xffff_ffff;
const NULL_PARTS = 0xffff_ffff_ffff_ffffn;
const TABLE_ROW = 0x01;
const TABLE_ORDER_UNIQUE = 0x10;
const TABLE_COLUMN_ORDERING = 0x11;

/** A parameter's value as sent. */
interface Raw {
  /** As much of it as is there, up to a limit. */
  readonly bytes: Buffer;
  /** Of the whole, as far as that is known. */
  readonly length: number;
}

export interface Limits {
  readonly maxBytes: number;
  /** The bytes are only the beginning. */
  readonly partial: boolean;
}

/** Reads the parameter at the cursor. `name`: what it is called where it doesn't say so itself. */
export function readParameter(cursor: Cursor, name: string, limits: Limits): BoundValue {
  const own = cursor.shortText();
  const status = cursor.uint8();
  const called = own === '' ? name : own;
  const named = { ...(called === '' ? {} : { name: called }), ...((status & OUTPUT) === 0 ? {} : { output: true }) };
  if (cursor.rest()[0] === Type.table) return { ...table(cursor, limits), ...named };
  const type = readType(cursor);
  const raw = readRaw(cursor, type, limits);
  if ((status & DEFAULT) !== 0) return { type: 'default', ...named };
  return { ...shown(type, raw), ...named };
}

function shown(type: TypeSaid, raw: Raw | null): BoundValue {
  if (raw === null) return { type: type.name, value: null };
  if (raw.bytes.length < raw.length) return { type: type.name, ...beginning(type, raw.bytes), truncated: raw.length };
  if (type.type === Type.variant) return variant(raw.bytes);
  const value = decode(type, raw.bytes);
  return value === undefined ? { type: type.name, hex: raw.bytes.toString('hex') } : { type: type.name, value };
}

/** The beginning of a value: text up to the last whole character, else bytes. */
function beginning(type: TypeSaid, bytes: Buffer): { value: string } | { hex: string } {
  if (isText(type.type)) {
    const step = isWideText(type.type) ? 2 : 1;
    const even = bytes.length - (bytes.length % step);
    for (let less = 0; less <= 3 && less * step <= even; less++) {
      const value = decode(type, bytes.subarray(0, even - less * step));
      if (typeof value === 'string') return { value };
    }
  }
  return { hex: bytes.toString('hex') };
}

/** The value's bytes; null when it is NULL. */
function readRaw(cursor: Cursor, { sizing }: TypeSaid, { maxBytes, partial }: Limits): Raw | null {
  const sized = (length: number): Raw => {
    if (length > cursor.left && !partial) throw new Unreadable('cut short');
    const bytes = cursor.upTo(length);
    return { bytes: bytes.subarray(0, maxBytes), length };
  };
  switch (sizing) {
    case 'byte': {
      const length = cursor.uint8();
      return length === 0 ? null : sized(length);
    }
    case 'short': {
      const length = cursor.uint16();
      return length === NULL_SHORT ? null : sized(length);
    }
    case 'long': {
      const length = cursor.uint32();
      return length === NULL_LENGTH ? null : sized(length);
    }
    case 'variant': {
      const length = cursor.uint32();
      return length === 0 ? null : sized(length);
    }
    case 'parts':
      return cursor.uint64() === NULL_PARTS ? null : inParts(cursor, maxBytes, partial);
    default:
      return sizing === 0 ? null : sized(sizing);
  }
}

function inParts(cursor: Cursor, maxBytes: number, partial: boolean): Raw {
  const pieces: Buffer[] = [];
  let kept = 0;
  let length = 0;
  for (;;) {
    // What follows stands in other records.
    if (partial && cursor.left < 4) return { bytes: Buffer.concat(pieces), length: length + 1 };
    const size = cursor.uint32();
    if (size === 0) return { bytes: Buffer.concat(pieces), length };
    if (size > cursor.left && !partial) throw new Unreadable('cut short');
    const piece = cursor.upTo(size);
    const keep = piece.subarray(0, maxBytes - kept);
    pieces.push(keep);
    kept += keep.length;
    length += size;
  }
}

/** A value that brings its own type (MS-TDS 2.2.5.5.4): type, length of what describes it, that, and the value. */
function variant(bytes: Buffer): BoundValue {
  const unreadable = { type: 'sql_variant', hex: bytes.toString('hex') };
  if (bytes.length < 2) return unreadable;
  const type = bytes.readUInt8(0);
  const from = 2 + bytes.readUInt8(1);
  if (from > bytes.length) return unreadable;
  const says = bytes.subarray(2, from);
  const collation = says.subarray(0, 5);
  const decimals = type === Type.decimalN || type === Type.numericN;
  const scale = decimals ? (says[1] ?? 0) : (says[0] ?? 0);
  const value = decode({ type, name: '', sizing: 0, scale, collation }, bytes.subarray(from));
  return value === undefined ? unreadable : { type: 'sql_variant', value };
}

interface TableColumn {
  readonly said: TypeSaid;
  /** The rows have no values for it. */
  readonly absent: boolean;
}

/** A table: its columns' types, how many rows it has, and as many of these as the limit lets be shown. */
function table(cursor: Cursor, limits: Limits): BoundValue {
  const start = cursor.at;
  cursor.uint8();
  const name = [cursor.shortText(), cursor.shortText(), cursor.shortText()].filter((part) => part !== '').join('.');
  const type = `table ${name}`.trimEnd();
  const columns = tableColumns(cursor);
  tableOptions(cursor);
  const rows: Plain[] = [];
  let count = 0;
  let shownAll = true;
  try {
    while (cursor.uint8() === TABLE_ROW) {
      const row = tableRow(cursor, columns ?? [], limits);
      count += 1;
      if (cursor.at - start <= limits.maxBytes) rows.push(row);
      else shownAll = false;
    }
  } catch (error) {
    if (!(error instanceof Unreadable) || !limits.partial) throw error;
    shownAll = false;
  }
  if (columns === null) return { type, value: null };
  const value = { columns: columns.map(({ said }) => said.name), rows, count };
  return shownAll ? { type, value } : { type, value, truncated: cursor.at - start };
}

function tableColumns(cursor: Cursor): TableColumn[] | null {
  const count = cursor.uint16();
  if (count === NULL_SHORT) return null;
  return Array.from({ length: count }, () => {
    cursor.uint32();
    const absent = (cursor.uint16() & DEFAULT_COLUMN) !== 0;
    const said = readType(cursor);
    cursor.shortText();
    return { said, absent };
  });
}

function tableOptions(cursor: Cursor): void {
  for (;;) {
    const option = cursor.uint8();
    if (option === TABLE_ORDER_UNIQUE) cursor.take(cursor.uint16() * 3);
    else if (option === TABLE_COLUMN_ORDERING) cursor.take(cursor.uint16() * 2);
    else if (option === 0) return;
    else throw new Unreadable('no table');
  }
}

function tableRow(cursor: Cursor, columns: readonly TableColumn[], limits: Limits): Plain {
  return columns.map(({ said, absent }) => {
    if (absent) return null;
    const value = shown(said, readRaw(cursor, said, { ...limits, partial: false }));
    return value.value ?? (value.hex === undefined ? null : { hex: value.hex });
  });
}
