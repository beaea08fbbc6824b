/** Types for the record: their names, what describes them, and how their values read (MS-TDS 2.2.5.4 to 2.2.5.6). */
import { Buffer } from 'node:buffer';
import type { Scalar } from '../../values.ts';
import { Type } from '../type-info.ts';
import { characters, wideCharacters } from './characters.ts';
import { type Cursor, Unreadable } from './cursor.ts';
import { decimal, float, integer, money } from './numbers.ts';
import { date, dateTime, dateTime2, dateTimeOffset, smallDateTime, time } from './times.ts';

/** How long a value is, is told where it stands: see `type-info.ts`. */
export type Sizing = 'byte' | 'short' | 'long' | 'variant' | 'parts' | number;

export interface TypeSaid {
  readonly type: number;
  readonly name: string;
  readonly sizing: Sizing;
  /** Of decimals and times. */
  readonly scale: number;
  /** Five bytes; empty where there is none. */
  readonly collation: Buffer;
}

const NO_COLLATION: Buffer = Buffer.alloc(0);
const COLLATION_BYTES = 5;
const MAX = 0xffff;

const FIXED = new Map<number, readonly [name: string, size: number]>([
  [Type.null, ['null', 0]],
  [Type.int1, ['tinyint', 1]],
  [Type.bit, ['bit', 1]],
  [Type.int2, ['smallint', 2]],
  [Type.int4, ['int', 4]],
  [Type.int8, ['bigint', 8]],
  [Type.float4, ['real', 4]],
  [Type.float8, ['float', 8]],
  [Type.money4, ['smallmoney', 4]],
  [Type.money, ['money', 8]],
  [Type.dateTime4, ['smalldatetime', 4]],
  [Type.dateTime, ['datetime', 8]],
]);

/** Types that come in several sizes, and the name of each. */
const BY_SIZE = new Map<number, Readonly<Record<number, string>>>([
  [Type.intN, { 1: 'tinyint', 2: 'smallint', 4: 'int', 8: 'bigint' }],
  [Type.bitN, { 1: 'bit' }],
  [Type.floatN, { 4: 'real', 8: 'float' }],
  [Type.moneyN, { 4: 'smallmoney', 8: 'money' }],
  [Type.dateTimeN, { 4: 'smalldatetime', 8: 'datetime' }],
  [Type.guid, { 16: 'uniqueidentifier' }],
]);

const NAMES = new Map<number, string>([
  [Type.decimalN, 'decimal'],
  [Type.numericN, 'numeric'],
  [Type.legacyDecimal, 'decimal'],
  [Type.legacyNumeric, 'numeric'],
  [Type.date, 'date'],
  [Type.time, 'time'],
  [Type.dateTime2, 'datetime2'],
  [Type.dateTimeOffset, 'datetimeoffset'],
  [Type.legacyBinary, 'binary'],
  [Type.legacyVarBinary, 'varbinary'],
  [Type.legacyChar, 'char'],
  [Type.legacyVarChar, 'varchar'],
  [Type.varBinary, 'varbinary'],
  [Type.binary, 'binary'],
  [Type.varChar, 'varchar'],
  [Type.char, 'char'],
  [Type.nVarChar, 'nvarchar'],
  [Type.nChar, 'nchar'],
  [Type.image, 'image'],
  [Type.text, 'text'],
  [Type.nText, 'ntext'],
  [Type.variant, 'sql_variant'],
  [Type.xml, 'xml'],
]);

/** Reads a type as a parameter or a table's column has it; not that of a table itself. */
export function readType(cursor: Cursor): TypeSaid {
  const type = cursor.uint8();
  const said = (sizing: Sizing, { name = NAMES.get(type) ?? '', scale = 0, collation = NO_COLLATION } = {}) => ({
    type,
    name,
    sizing,
    scale,
    collation,
  });
  const fixed = FIXED.get(type);
  if (fixed !== undefined) return said(fixed[1], { name: fixed[0] });
  const bySize = BY_SIZE.get(type);
  if (bySize !== undefined) return said('byte', { name: bySize[cursor.uint8()] ?? 'unknown' });
  switch (type) {
    case Type.date:
      return said('byte');
    case Type.time:
    case Type.dateTime2:
    case Type.dateTimeOffset:
      return said('byte', { scale: cursor.uint8() });
    case Type.decimalN:
    case Type.numericN:
    case Type.legacyDecimal:
    case Type.legacyNumeric:
      cursor.take(2);
      return said('byte', { scale: cursor.uint8() });
    case Type.legacyBinary:
    case Type.legacyVarBinary:
    case Type.legacyChar:
    case Type.legacyVarChar:
      cursor.take(1);
      return said('byte');
    case Type.varBinary:
    case Type.binary:
      return said(cursor.uint16() === MAX ? 'parts' : 'short');
    case Type.varChar:
    case Type.char:
    case Type.nVarChar:
    case Type.nChar: {
      const sizing = cursor.uint16() === MAX ? 'parts' : 'short';
      return said(sizing, { collation: cursor.take(COLLATION_BYTES) });
    }
    case Type.image:
      cursor.take(4);
      return said('long');
    case Type.text:
    case Type.nText:
      cursor.take(4);
      return said('long', { collation: cursor.take(COLLATION_BYTES) });
    case Type.variant:
      cursor.take(4);
      return said('variant');
    case Type.xml:
      if (cursor.uint8() !== 0) {
        cursor.shortText();
        cursor.shortText();
        cursor.longText();
      }
      return said('parts');
    case Type.udt: {
      const names = [cursor.shortText(), cursor.shortText(), cursor.shortText()];
      return said('parts', { name: names.filter((name) => name !== '').join('.') });
    }
    default:
      throw new Unreadable('unknown type');
  }
}

const hexOf = (bytes: Buffer): string => `0x${bytes.toString('hex').toUpperCase()}`;

/** The value; undefined when the bytes are none of the type. */
export function decode({ type, scale, collation }: TypeSaid, bytes: Buffer): Scalar | undefined {
  switch (type) {
    case Type.intN:
    case Type.int1:
    case Type.int2:
    case Type.int4:
    case Type.int8:
      return integer(bytes);
    case Type.bit:
    case Type.bitN:
      return bytes.length === 1 ? bytes[0] !== 0 : undefined;
    case Type.floatN:
    case Type.float4:
    case Type.float8:
      return float(bytes);
    case Type.moneyN:
    case Type.money:
    case Type.money4:
      return money(bytes);
    case Type.decimalN:
    case Type.numericN:
    case Type.legacyDecimal:
    case Type.legacyNumeric:
      return decimal(bytes, scale);
    case Type.dateTime:
    case Type.dateTime4:
    case Type.dateTimeN:
      if (bytes.length === 4) return smallDateTime(bytes);
      return bytes.length === 8 ? dateTime(bytes) : undefined;
    case Type.date:
      return bytes.length === 3 ? date(bytes) : undefined;
    case Type.time:
      return bytes.length >= 3 && bytes.length <= 5 && scale <= 7 ? time(bytes, scale) : undefined;
    case Type.dateTime2:
      return bytes.length <= 8 && scale <= 7 ? dateTime2(bytes, scale) : undefined;
    case Type.dateTimeOffset:
      return bytes.length <= 10 && scale <= 7 ? dateTimeOffset(bytes, scale) : undefined;
    case Type.guid:
      return bytes.length === 16 ? guid(bytes) : undefined;
    case Type.nVarChar:
    case Type.nChar:
    case Type.nText:
      return wideCharacters(bytes);
    case Type.xml:
      // With a byte order mark or without.
      return wideCharacters(bytes)?.replace(/^\uFEFF/, '');
    case Type.varChar:
    case Type.char:
    case Type.text:
    case Type.legacyChar:
    case Type.legacyVarChar:
      return characters(bytes, collation);
    default:
      return hexOf(bytes);
  }
}

/** The first three groups are numbers, little-endian; the others bytes. */
function guid(bytes: Buffer): string {
  const group = (start: number, end: number): string =>
    Buffer.from(bytes.subarray(start, end)).reverse().toString('hex');
  const tail = bytes.toString('hex', 8);
  return `${group(0, 4)}-${group(4, 6)}-${group(6, 8)}-${tail.slice(0, 4)}-${tail.slice(4)}`.toUpperCase();
}

/** True of types whose beginning can be shown as text. */
export function isText(type: number): boolean {
  return isWideText(type) || type === Type.varChar || type === Type.char || type === Type.text;
}

export function isWideText(type: number): boolean {
  return type === Type.nVarChar || type === Type.nChar || type === Type.nText || type === Type.xml;
}
