/** Values of rows and parameters (MS-TDS 2.2.5.5), to and from the form SQLite keeps them in. */
import { Buffer } from 'node:buffer';
import type { Reader } from '../wire/reader.ts';
import { Malformed } from '../wire/reader.ts';
import type { Writer } from '../wire/writer.ts';
import { decimalText, decimalUnits } from './decimals.ts';
import { DAY_1900, dateText, offsetText, parseMoment, shift, timeText } from './times.ts';
import { decimalBytes, type ReadType } from './type-info.ts';
import type { SqlType, SqlValue } from './types.ts';

const NULL_U16 = 0xffff;
const PLP_NULL = 0xffffffffffffffffn;
const PLP_UNKNOWN = 0xfffffffffffffffen;
/** Of one part of a value that goes in parts. */
const PART_BYTES = 8000;
/** 24 bytes that once said where the value lies; clients only count them. */
const TEXT_POINTER = Buffer.alloc(24, 0x64);

export function writeValue(out: Writer, type: SqlType, value: SqlValue): void {
  if (type.kind === 'chars' || type.kind === 'binary') {
    writeBytes(out, type, value === null ? null : bytesOf(type, value));
    return;
  }
  if (value === null) {
    out.u8(0);
    return;
  }
  switch (type.kind) {
    case 'int':
      out.u8(type.bytes).unsigned(BigInt.asUintN(type.bytes * 8, integer(value)), type.bytes);
      return;
    case 'bit':
      out.u8(1).u8(integer(value) === 0n ? 0 : 1);
      return;
    case 'float':
      out.u8(type.bytes);
      if (type.bytes === 4) out.f32(Number(value));
      else out.f64(Number(value));
      return;
    case 'money':
      writeMoney(out.u8(type.bytes), type.bytes, decimalUnits(String(value), 4));
      return;
    case 'decimal': {
      const units = decimalUnits(String(value), type.scale);
      const bytes = decimalBytes(type.precision);
      out.u8(bytes + 1).u8(units < 0n ? 0 : 1);
      out.unsigned(units < 0n ? -units : units, bytes);
      return;
    }
    case 'guid':
      out.u8(16).raw(guidBytes(String(value)));
      return;
    default:
      writeTime(out, type, String(value));
  }
}

type TimeType = Extract<SqlType, { kind: 'date' | 'datetime' | 'time' | 'datetime2' | 'datetimeoffset' }>;

function writeTime(out: Writer, type: TimeType, text: string): void {
  const moment = parseMoment(text);
  if (type.kind === 'date') {
    out.u8(3).unsigned(BigInt(moment.day), 3);
    return;
  }
  if (type.kind === 'datetime') {
    out.u8(type.bytes);
    if (type.bytes === 4) out.u16(moment.day - DAY_1900).u16(Number(moment.ticks / 600_000_000n));
    else out.i32(moment.day - DAY_1900).u32(Math.round(Number(moment.ticks) * 300e-7));
    return;
  }
  const length = timeBytes(type.scale);
  const utc = type.kind === 'datetimeoffset' ? shift(moment, -moment.offsetMinutes) : moment;
  const units = utc.ticks / 10n ** BigInt(7 - type.scale);
  const extra = type.kind === 'time' ? 0 : type.kind === 'datetime2' ? 3 : 5;
  out.u8(length + extra).unsigned(units, length);
  if (type.kind !== 'time') out.unsigned(BigInt(utc.day), 3);
  if (type.kind === 'datetimeoffset') out.i16(moment.offsetMinutes);
}

function timeBytes(scale: number): number {
  return scale <= 2 ? 3 : scale <= 4 ? 4 : 5;
}

type BytesType = Extract<SqlType, { kind: 'chars' | 'binary' }>;

function bytesOf(type: BytesType, value: SqlValue): Uint8Array {
  if (type.kind === 'binary') return typeof value === 'string' ? Buffer.from(value, 'utf16le') : asBytes(value);
  const text = value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : String(value);
  const padded = type.fixed ? text.slice(0, type.length).padEnd(type.length) : text;
  const cut = type.length === 0 ? padded : padded.slice(0, type.length);
  return Buffer.from(cut, type.wide ? 'utf16le' : 'latin1');
}

function asBytes(value: SqlValue): Uint8Array {
  if (value instanceof Uint8Array) return value;
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(integer(value));
  return bytes;
}

function writeBytes(out: Writer, type: BytesType, bytes: Uint8Array | null): void {
  if (type.lob) {
    if (bytes === null) out.u8(0);
    else out.u8(16).raw(TEXT_POINTER).u32(bytes.length).raw(bytes);
  } else if (type.length === 0) {
    if (bytes === null) {
      out.u64(PLP_NULL);
      return;
    }
    out.u64(BigInt(bytes.length));
    for (let at = 0; at < bytes.length; at += PART_BYTES) {
      const part = bytes.subarray(at, at + PART_BYTES);
      out.u32(part.length).raw(part);
    }
    out.u32(0);
  } else if (bytes === null) out.u16(NULL_U16);
  else out.u16(bytes.length).raw(bytes);
}

/** The higher half comes first (2.2.5.5.1.4). */
function writeMoney(out: Writer, bytes: 4 | 8, units: bigint): void {
  if (bytes === 4) out.i32(Number(units));
  else out.i32(Number(units >> 32n)).u32(Number(units & 0xffffffffn));
}

function integer(value: SqlValue): bigint {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number') return BigInt(Math.trunc(value));
  if (typeof value === 'string' && /^\s*[+-]?\d+\s*$/.test(value)) return BigInt(value.trim());
  throw new RangeError(`not a whole number: ${String(value)}`);
}

/** `inRow`: as rows carry it, where text, ntext and image are preceded by their pointer; else as parameters do. */
export function readValue(reader: Reader, { type, fixed, inParts }: ReadType, inRow: boolean): SqlValue {
  if (type.kind === 'chars' || type.kind === 'binary') {
    const bytes = readBytes(reader, type, inParts, inRow);
    if (bytes === null || type.kind === 'binary') return bytes === null ? null : Uint8Array.from(bytes);
    return bytes.toString(type.wide ? 'utf16le' : 'latin1');
  }
  const length = fixed ? ('bytes' in type ? type.bytes : 1) : reader.u8();
  if (length === 0) return null;
  return readScalar(reader, type, length);
}

function readScalar(reader: Reader, type: Exclude<SqlType, BytesType>, length: number): SqlValue {
  switch (type.kind) {
    case 'int':
      if (length === 1) return BigInt(reader.u8());
      if (length === 2) return BigInt(reader.i16());
      return length === 4 ? BigInt(reader.i32()) : reader.i64();
    case 'bit':
      return BigInt(reader.u8());
    case 'float':
      return length === 4 ? reader.take(4).readFloatLE() : reader.take(8).readDoubleLE();
    case 'money': {
      const units = length === 4 ? BigInt(reader.i32()) : (BigInt(reader.i32()) << 32n) + BigInt(reader.u32());
      return decimalText(units, 4);
    }
    case 'decimal': {
      const positive = reader.u8() === 1;
      const units = unsigned(reader.take(length - 1));
      return decimalText(positive ? units : -units, type.scale);
    }
    case 'guid':
      return guidText(reader.take(16));
    case 'date':
      return dateText(Number(unsigned(reader.take(3))));
    case 'datetime':
      if (length === 4)
        return `${dateText(reader.u16() + DAY_1900)} ${timeText(BigInt(reader.u16()) * 600_000_000n, 0)}`;
      return `${dateText(reader.i32() + DAY_1900)} ${timeText(BigInt(Math.round((reader.u32() * 10) / 3)) * 10_000n, 3)}`;
    default:
      return readFineTime(reader, type, length);
  }
}

type FineTime = Extract<SqlType, { kind: 'time' | 'datetime2' | 'datetimeoffset' }>;

function readFineTime(reader: Reader, type: FineTime, length: number): string {
  const clock = length - (type.kind === 'time' ? 0 : type.kind === 'datetime2' ? 3 : 5);
  const ticks = unsigned(reader.take(clock)) * 10n ** BigInt(7 - type.scale);
  if (type.kind === 'time') return timeText(ticks, type.scale);
  const day = Number(unsigned(reader.take(3)));
  if (type.kind === 'datetime2') return `${dateText(day)} ${timeText(ticks, type.scale)}`;
  const offsetMinutes = reader.i16();
  const local = shift({ day, ticks, offsetMinutes }, offsetMinutes);
  return `${dateText(local.day)} ${timeText(local.ticks, type.scale)} ${offsetText(offsetMinutes)}`;
}

function readBytes(reader: Reader, type: BytesType, inParts: boolean, inRow: boolean): Buffer | null {
  if (type.lob) {
    if (inRow) {
      const pointer = reader.u8();
      if (pointer === 0) return null;
      reader.take(pointer + 8);
    }
    const length = reader.i32();
    return length < 0 ? null : reader.take(length);
  }
  if (!inParts) {
    const length = reader.u16();
    return length === NULL_U16 ? null : reader.take(length);
  }
  const total = reader.u64();
  if (total === PLP_NULL) return null;
  const parts: Buffer[] = [];
  for (let length = reader.u32(); length !== 0; length = reader.u32()) parts.push(reader.take(length));
  const bytes = Buffer.concat(parts);
  if (total !== PLP_UNKNOWN && BigInt(bytes.length) !== total) {
    throw new Malformed(`${bytes.length} bytes in parts, ${total} were announced`);
  }
  return bytes;
}

function unsigned(bytes: Buffer): bigint {
  return bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}

/** The first three groups are little-endian numbers, the rest are bytes. */
function guidBytes(text: string): Buffer {
  const hex = text.replace(/[{}-]/g, '');
  if (!/^[0-9a-f]{32}$/i.test(hex)) throw new RangeError(`no uniqueidentifier: ${text}`);
  const bytes = Buffer.from(hex, 'hex');
  bytes.subarray(0, 4).reverse();
  bytes.subarray(4, 6).reverse();
  bytes.subarray(6, 8).reverse();
  return bytes;
}

function guidText(wire: Buffer): string {
  const bytes = Buffer.from(wire);
  bytes.subarray(0, 4).reverse();
  bytes.subarray(4, 6).reverse();
  bytes.subarray(6, 8).reverse();
  const hex = bytes.toString('hex').toUpperCase();
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
