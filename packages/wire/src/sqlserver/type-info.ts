/**
 * Types, as far as one must know them to find where values end (MS-TDS 2.2.5.4 to 2.2.5.6): TDS gives rows and
 * parameters no length of their own.
 */
import { uint16At } from './integers.ts';

export const Type = {
  null: 0x1f,
  image: 0x22,
  text: 0x23,
  guid: 0x24,
  legacyVarBinary: 0x25,
  intN: 0x26,
  legacyVarChar: 0x27,
  date: 0x28,
  time: 0x29,
  dateTime2: 0x2a,
  dateTimeOffset: 0x2b,
  legacyBinary: 0x2d,
  legacyChar: 0x2f,
  int1: 0x30,
  bit: 0x32,
  int2: 0x34,
  legacyDecimal: 0x37,
  int4: 0x38,
  dateTime4: 0x3a,
  float4: 0x3b,
  money: 0x3c,
  dateTime: 0x3d,
  float8: 0x3e,
  legacyNumeric: 0x3f,
  variant: 0x62,
  nText: 0x63,
  bitN: 0x68,
  decimalN: 0x6a,
  numericN: 0x6c,
  floatN: 0x6d,
  moneyN: 0x6e,
  dateTimeN: 0x6f,
  money4: 0x7a,
  int8: 0x7f,
  varBinary: 0xa5,
  varChar: 0xa7,
  binary: 0xad,
  char: 0xaf,
  nVarChar: 0xe7,
  nChar: 0xef,
  udt: 0xf0,
  xml: 0xf1,
  table: 0xf3,
} as const;

/** How a value's length is told. */
export const Sized = {
  /** By its type. */
  fixed: 0,
  /** In one byte. */
  byte: 1,
  /** In two bytes; 0xFFFF is NULL. */
  short: 2,
  /** In four bytes; 0xFFFFFFFF is NULL. */
  long: 3,
  /** Behind a text pointer and a timestamp, in four bytes; an empty pointer is NULL. */
  pointed: 4,
  /** In four bytes; 0 is NULL. */
  variant: 5,
  /** In parts, each with its length (PLP). */
  parts: 6,
  /** A table-valued parameter. */
  table: 7,
} as const;

/** More bytes are needed before this can be read. */
export const NEEDS_MORE = -1;
/** This is no such thing. */
export const MALFORMED = -2;

/** Sizes of the types of fixed length. */
const FIXED = new Map<number, number>([
  [Type.null, 0],
  [Type.int1, 1],
  [Type.bit, 1],
  [Type.int2, 2],
  [Type.int4, 4],
  [Type.dateTime4, 4],
  [Type.float4, 4],
  [Type.money, 8],
  [Type.dateTime, 8],
  [Type.float8, 8],
  [Type.money4, 4],
  [Type.int8, 8],
]);

/** For each of the 256 types: how values are sized (0xFF: no such type), the fixed size, the bytes behind the type. */
const SIZED = new Uint8Array(256).fill(0xff);
const FIXED_SIZE = new Uint8Array(256);
const INFO_BYTES = new Uint8Array(256);

function define(sized: number, info: number, ...types: readonly number[]): void {
  for (const type of types) {
    SIZED[type] = sized;
    INFO_BYTES[type] = info;
  }
}

for (const [type, size] of FIXED) {
  define(Sized.fixed, 0, type);
  FIXED_SIZE[type] = size;
}
define(Sized.byte, 0, Type.date);
define(Sized.byte, 1, Type.guid, Type.intN, Type.bitN, Type.floatN, Type.moneyN, Type.dateTimeN);
define(Sized.byte, 1, Type.legacyBinary, Type.legacyVarBinary, Type.legacyChar, Type.legacyVarChar);
define(Sized.byte, 1, Type.time, Type.dateTime2, Type.dateTimeOffset);
define(Sized.byte, 3, Type.decimalN, Type.numericN, Type.legacyDecimal, Type.legacyNumeric);
define(Sized.short, 2, Type.varBinary, Type.binary);
/** Behind the length: the collation, five bytes. */
define(Sized.short, 7, Type.varChar, Type.char, Type.nVarChar, Type.nChar);
define(Sized.long, 4, Type.image);
define(Sized.long, 9, Type.text, Type.nText);
define(Sized.variant, 4, Type.variant);
define(Sized.parts, 1, Type.xml);
define(Sized.parts, 0, Type.udt);
define(Sized.table, 0, Type.table);

/** Where a type is described: columns and returned values say more of some than parameters do. */
export const Place = { column: 0, parameter: 1 } as const;

/** Reads one TYPE_INFO after the other; each leaves what it says here. */
export class TypeInfo {
  type = 0;
  /** One of `Sized`. */
  sized = 0;
  /** The size of a fixed one. */
  size = 0;

  /** Reads the one that begins at `at`. Gives where it ends, `NEEDS_MORE` or `MALFORMED`. */
  read(bytes: Uint8Array, at: number, end: number, place: number): number {
    if (at >= end) return NEEDS_MORE;
    const type = bytes[at] as number;
    const sized = SIZED[type] as number;
    if (sized === 0xff || (sized === Sized.table && place === Place.column)) return MALFORMED;
    this.type = type;
    this.sized = sized;
    this.size = FIXED_SIZE[type] as number;
    const info = at + 1;
    const next = info + (INFO_BYTES[type] as number);
    if (next > end) return NEEDS_MORE;
    switch (sized) {
      case Sized.short:
        // The longest length there is stands for `(max)`.
        if (uint16At(bytes, info) === 0xffff) {
          if (type === Type.binary || type === Type.char || type === Type.nChar) return MALFORMED;
          this.sized = Sized.parts;
        }
        return next;
      case Sized.long:
        if (place === Place.column) this.sized = Sized.pointed;
        return next;
      case Sized.parts:
        return type === Type.xml ? xmlEnd(bytes, info, end) : udtEnd(bytes, info, end, place);
      default:
        return next;
    }
  }
}

/** XML_INFO: whether there is a schema, and then its database, owner and collection. */
function xmlEnd(bytes: Uint8Array, at: number, end: number): number {
  if (bytes[at] === 0) return at + 1;
  return longTextEnd(bytes, shortTextEnd(bytes, shortTextEnd(bytes, at + 1, end), end), end);
}

/** UDT_INFO: database, schema and type; of columns also the longest length, and the assembly. */
function udtEnd(bytes: Uint8Array, at: number, end: number, place: number): number {
  const names = place === Place.column ? at + 2 : at;
  const named = shortTextEnd(bytes, shortTextEnd(bytes, shortTextEnd(bytes, names, end), end), end);
  return place === Place.column ? longTextEnd(bytes, named, end) : named;
}

/** Where a B_VARCHAR ends; passes on `NEEDS_MORE`. */
export function shortTextEnd(bytes: Uint8Array, at: number, end: number): number {
  if (at < 0 || at >= end) return NEEDS_MORE;
  const next = at + 1 + (bytes[at] as number) * 2;
  return next > end ? NEEDS_MORE : next;
}

/** Where a US_VARCHAR ends; passes on `NEEDS_MORE`. */
export function longTextEnd(bytes: Uint8Array, at: number, end: number): number {
  if (at < 0 || at + 2 > end) return NEEDS_MORE;
  const next = at + 2 + uint16At(bytes, at) * 2;
  return next > end ? NEEDS_MORE : next;
}
