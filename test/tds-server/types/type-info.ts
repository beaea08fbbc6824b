/** TYPE_INFO (MS-TDS 2.2.5.6): how a column or parameter says its type. */
import type { Reader } from '../wire/reader.ts';
import { Malformed } from '../wire/reader.ts';
import { isSince } from '../wire/versions.ts';
import type { Writer } from '../wire/writer.ts';
import type { SqlType } from './types.ts';

/** Latin1_General_CI_AS, code page 1252. */
export const COLLATION = Uint8Array.from([0x09, 0x04, 0xd0, 0x00, 0x34]);
export const MAX_LENGTH = 0xffff;

export const Code = {
  guid: 0x24,
  int: 0x26,
  date: 0x28,
  time: 0x29,
  datetime2: 0x2a,
  datetimeoffset: 0x2b,
  text: 0x23,
  image: 0x22,
  ntext: 0x63,
  bit: 0x68,
  decimal: 0x6a,
  numeric: 0x6c,
  float: 0x6d,
  money: 0x6e,
  datetime: 0x6f,
  varbinary: 0xa5,
  varchar: 0xa7,
  binary: 0xad,
  char: 0xaf,
  nvarchar: 0xe7,
  nchar: 0xef,
  xml: 0xf1,
} as const;

/** Types whose length is in their code (2.2.5.4.1); rows of them are never null. */
const FIXED: ReadonlyMap<number, SqlType> = new Map<number, SqlType>([
  [0x30, { kind: 'int', bytes: 1 }],
  [0x32, { kind: 'bit' }],
  [0x34, { kind: 'int', bytes: 2 }],
  [0x38, { kind: 'int', bytes: 4 }],
  [0x3a, { kind: 'datetime', bytes: 4 }],
  [0x3b, { kind: 'float', bytes: 4 }],
  [0x3c, { kind: 'money', bytes: 8 }],
  [0x3d, { kind: 'datetime', bytes: 8 }],
  [0x3e, { kind: 'float', bytes: 8 }],
  [0x7a, { kind: 'money', bytes: 4 }],
  [0x7f, { kind: 'int', bytes: 8 }],
]);

/** What a client of an older version is given instead of a type that its version doesn't have (2.2.5.4). */
export function loweredType(type: SqlType, tdsVersion: number): SqlType {
  const newTimes = type.kind === 'date' || type.kind === 'time' || type.kind === 'datetime2';
  if (!isSince(tdsVersion, 0x730a0003) && (newTimes || type.kind === 'datetimeoffset')) {
    return { kind: 'chars', wide: true, fixed: false, length: 34 };
  }
  if (isSince(tdsVersion, 0x72000000)) return type;
  if ((type.kind === 'chars' || type.kind === 'binary') && type.length === 0) return { ...type, lob: true };
  return type;
}

export function writeTypeInfo(out: Writer, type: SqlType): void {
  switch (type.kind) {
    case 'int':
    case 'float':
    case 'money':
    case 'datetime':
      out.u8(Code[type.kind]).u8(type.bytes);
      return;
    case 'bit':
      out.u8(Code.bit).u8(1);
      return;
    case 'guid':
      out.u8(Code.guid).u8(16);
      return;
    case 'decimal':
      out
        .u8(Code.numeric)
        .u8(decimalBytes(type.precision) + 1)
        .u8(type.precision)
        .u8(type.scale);
      return;
    case 'date':
      out.u8(Code.date);
      return;
    case 'time':
    case 'datetime2':
    case 'datetimeoffset':
      out.u8(Code[type.kind]).u8(type.scale);
      return;
    case 'chars':
      if (type.lob) out.u8(type.wide ? Code.ntext : Code.text).u32(0x7fffffff);
      else {
        const code = type.wide ? (type.fixed ? Code.nchar : Code.nvarchar) : type.fixed ? Code.char : Code.varchar;
        out.u8(code).u16(type.length === 0 ? MAX_LENGTH : type.length * (type.wide ? 2 : 1));
      }
      out.raw(COLLATION);
      return;
    case 'binary':
      if (type.lob) out.u8(Code.image).u32(0x7fffffff);
      else out.u8(type.fixed ? Code.binary : Code.varbinary).u16(type.length === 0 ? MAX_LENGTH : type.length);
  }
}

/** A type as read, and whether its values come without a length, as those of FIXED do. */
export interface ReadType {
  readonly type: SqlType;
  readonly fixed: boolean;
  /** varchar(max) and its like, and xml: values come in parts (PLP). */
  readonly inParts: boolean;
}

export function readTypeInfo(reader: Reader): ReadType {
  const code = reader.u8();
  const fixed = FIXED.get(code);
  if (fixed !== undefined) return { type: fixed, fixed: true, inParts: false };
  const plain = (type: SqlType): ReadType => ({ type, fixed: false, inParts: false });
  switch (code) {
    case Code.int:
      return plain({ kind: 'int', bytes: oneOf(reader.u8(), [1, 2, 4, 8]) });
    case Code.float:
      return plain({ kind: 'float', bytes: oneOf(reader.u8(), [4, 8]) });
    case Code.money:
      return plain({ kind: 'money', bytes: oneOf(reader.u8(), [4, 8]) });
    case Code.datetime:
      return plain({ kind: 'datetime', bytes: oneOf(reader.u8(), [4, 8]) });
    case Code.bit:
      reader.u8();
      return plain({ kind: 'bit' });
    case Code.guid:
      reader.u8();
      return plain({ kind: 'guid' });
    case Code.decimal:
    case Code.numeric:
      reader.u8();
      return plain({ kind: 'decimal', precision: reader.u8(), scale: reader.u8() });
    case Code.date:
      return plain({ kind: 'date' });
    case Code.time:
      return plain({ kind: 'time', scale: reader.u8() });
    case Code.datetime2:
      return plain({ kind: 'datetime2', scale: reader.u8() });
    case Code.datetimeoffset:
      return plain({ kind: 'datetimeoffset', scale: reader.u8() });
    case Code.nvarchar:
    case Code.nchar:
    case Code.varchar:
    case Code.char: {
      const length = reader.u16();
      reader.take(COLLATION.length);
      const wide = code === Code.nvarchar || code === Code.nchar;
      const inParts = length === MAX_LENGTH;
      const isFixed = code === Code.nchar || code === Code.char;
      const characters = inParts ? 0 : wide ? length / 2 : length;
      return { type: { kind: 'chars', wide, fixed: isFixed, length: characters }, fixed: false, inParts };
    }
    case Code.varbinary:
    case Code.binary: {
      const length = reader.u16();
      const inParts = length === MAX_LENGTH;
      return {
        type: { kind: 'binary', fixed: code === Code.binary, length: inParts ? 0 : length },
        fixed: false,
        inParts,
      };
    }
    case Code.text:
    case Code.ntext:
      reader.u32();
      reader.take(COLLATION.length);
      return plain({ kind: 'chars', wide: code === Code.ntext, fixed: false, length: 0, lob: true });
    case Code.image:
      reader.u32();
      return plain({ kind: 'binary', fixed: false, length: 0, lob: true });
    case Code.xml:
      if (reader.u8() === 1) {
        reader.shortText();
        reader.shortText();
        reader.longText();
      }
      return { type: { kind: 'chars', wide: true, fixed: false, length: 0 }, fixed: false, inParts: true };
    default:
      throw new Malformed(`data type 0x${code.toString(16)} is not known here`);
  }
}

function oneOf<T extends number>(value: number, allowed: readonly T[]): T {
  const found = allowed.find((one) => one === value);
  if (found === undefined) throw new Malformed(`a length of ${value}, where ${allowed.join(', ')} can be`);
  return found;
}

/** Of the number itself, without its sign. */
export function decimalBytes(precision: number): number {
  if (precision <= 9) return 4;
  if (precision <= 19) return 8;
  return precision <= 28 ? 12 : 16;
}
