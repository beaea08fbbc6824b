/** Messages of both sides of a SQL Server session, made by hand from MS-TDS. */
import { Buffer } from 'node:buffer';
import { sqlserver } from '../../src/index.ts';

const { PacketType, packets } = sqlserver;

export const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/\s/g, ''), 'hex');
export const utf16 = (text: string): Buffer => Buffer.from(text, 'utf16le');

export function u16(value: number): Buffer {
  const field = Buffer.alloc(2);
  field.writeUInt16LE(value);
  return field;
}

export function u32(value: number): Buffer {
  const field = Buffer.alloc(4);
  field.writeUInt32LE(value >>> 0);
  return field;
}

export function u64(value: number | bigint): Buffer {
  const field = Buffer.alloc(8);
  field.writeBigUInt64LE(BigInt(value));
  return field;
}

/** ALL_HEADERS with a transaction descriptor (MS-TDS 2.2.5.3.2). */
export const HEADERS = hex('16 00 00 00 12 00 00 00 02 00 00 00 00 00 00 00 00 00 01 00 00 00');

const NAMELESS = Buffer.of(0);
const COLLATION = hex('09 04 D0 00 34');

interface Options {
  readonly packetBytes?: number;
  readonly status?: number;
  /** TDS 7.1: no headers before requests. */
  readonly old?: boolean;
}

const message = (type: number, body: Buffer, { packetBytes = 4096, status = 0 }: Options = {}): Buffer =>
  packets(type, body, packetBytes, status);

/** Parameters of calls: name, status, type, value. */
export const parameter = {
  int: (value: number | null, { name = '', out = false } = {}): Buffer =>
    Buffer.concat([
      named(name, out),
      hex('26 04'),
      value === null ? Buffer.of(0) : Buffer.concat([Buffer.of(4), u32(value)]),
    ]),
  nvarchar: (value: string | null, { name = '', out = false } = {}): Buffer =>
    Buffer.concat([
      named(name, out),
      hex('E7 40 1F'),
      COLLATION,
      value === null ? u16(0xffff) : Buffer.concat([u16(value.length * 2), utf16(value)]),
    ]),
  /** nvarchar(max), in parts of so many bytes; of unknown length in all. */
  nvarcharMax: (value: string | null, { name = '', part = 1000, unknown = true } = {}): Buffer =>
    Buffer.concat([
      named(name, false),
      hex('E7 FF FF'),
      COLLATION,
      value === null ? u64(0xffff_ffff_ffff_ffffn) : parts(utf16(value), part, unknown),
    ]),
  ntext: (value: string, { name = '' } = {}): Buffer =>
    Buffer.concat([
      named(name, false),
      hex('63'),
      u32(value.length * 2),
      COLLATION,
      u32(value.length * 2),
      utf16(value),
    ]),
  varchar: (value: string, { name = '' } = {}): Buffer =>
    Buffer.concat([named(name, false), hex('A7 40 1F'), COLLATION, u16(value.length), Buffer.from(value, 'latin1')]),
  raw: (typeAndValue: Buffer, { name = '', out = false } = {}): Buffer =>
    Buffer.concat([named(name, out), typeAndValue]),
};

function named(name: string, out: boolean): Buffer {
  return Buffer.concat([Buffer.of(name.length), utf16(name), Buffer.of(out ? 1 : 0)]);
}

/** A value in parts (PLP). */
export function parts(value: Buffer, size: number, unknown = false): Buffer {
  const pieces: Buffer[] = [unknown ? u64(0xffff_ffff_ffff_fffen) : u64(value.length)];
  for (let at = 0; at < value.length; at += size) {
    const piece = value.subarray(at, at + size);
    pieces.push(u32(piece.length), piece);
  }
  return Buffer.concat([...pieces, u32(0)]);
}

/** One call without its separator: by number or by name. */
export function call(procedure: number | string, ...parameters: readonly Buffer[]): Buffer {
  const head =
    typeof procedure === 'number'
      ? Buffer.concat([u16(0xffff), u16(procedure)])
      : Buffer.concat([u16(procedure.length), utf16(procedure)]);
  return Buffer.concat([head, u16(0), ...parameters]);
}

export const client = {
  batch: (text: string, options: Options = {}): Buffer =>
    message(PacketType.batch, Buffer.concat([options.old ? Buffer.alloc(0) : HEADERS, utf16(text)]), options),
  rpc: (calls: readonly Buffer[], options: Options = {}): Buffer => {
    const separator = Buffer.of(options.old ? 0x80 : 0xff);
    const separated = calls.flatMap((one, index) => (index === 0 ? [one] : [separator, one]));
    return message(PacketType.rpc, Buffer.concat([options.old ? Buffer.alloc(0) : HEADERS, ...separated]), options);
  },
  attention: (): Buffer => message(PacketType.attention, Buffer.alloc(0)),
  bulk: (data: Buffer, options: Options = {}): Buffer => message(PacketType.bulk, data, options),
  transaction: (request: Buffer, options: Options = {}): Buffer =>
    message(PacketType.transactionManager, Buffer.concat([HEADERS, request]), options),
  raw: (type: number, body: Buffer, options: Options = {}): Buffer => message(type, body, options),
};

const { Token, DoneStatus } = sqlserver;

export const token = {
  done: (status: number, { rows = 0, command = 0xc1, token: kind = Token.done as number, old = false } = {}): Buffer =>
    Buffer.concat([Buffer.of(kind), u16(status), u16(command), old ? u32(rows) : u64(rows)]),
  doneProc: (status = 0, { command = 0xe0 } = {}): Buffer =>
    token.done(status, { command, token: Token.doneProcedure }),
  doneInProc: (rows: number, { command = 0xc1, status = DoneStatus.more | DoneStatus.count } = {}): Buffer =>
    token.done(status, { rows, command, token: Token.doneInProcedure }),
  status: (value = 0): Buffer => Buffer.concat([Buffer.of(Token.returnStatus), u32(value)]),
  error: (number: number): Buffer =>
    sqlserver.errorToken(sqlserver.TdsVersion.v74, { number, state: 1, severity: 16, message: 'no' }),
  info: (): Buffer => sqlserver.infoToken(sqlserver.TdsVersion.v74, { number: 1, state: 1, severity: 0, message: 'i' }),
  transaction: (type: number): Buffer => {
    const data = Buffer.concat([Buffer.of(type, 8), u64(1), Buffer.of(0)]);
    return Buffer.concat([Buffer.of(Token.environmentChange), u16(data.length), data]);
  },
  /** COLMETADATA: of each column the type, and what follows it before its name. */
  columns: (...types: readonly Buffer[]): Buffer =>
    Buffer.concat([
      Buffer.of(Token.columnMetadata),
      u16(types.length),
      ...types.flatMap((type) => [u32(0), u16(0), type, Buffer.of(1), utf16('c')]),
    ]),
  noColumns: (): Buffer => Buffer.concat([Buffer.of(Token.columnMetadata), u16(0xffff)]),
  row: (...values: readonly Buffer[]): Buffer => Buffer.concat([Buffer.of(Token.row), ...values]),
  /** NBCROW: `null` for the columns that are. */
  nullableRow: (...values: readonly (Buffer | null)[]): Buffer => {
    const nulls = Buffer.alloc(Math.ceil(values.length / 8));
    values.forEach((value, index) => {
      if (value === null) nulls[index >> 3] = (nulls[index >> 3] ?? 0) | (1 << (index & 7));
    });
    return Buffer.concat([Buffer.of(Token.nullBitmapRow), nulls, ...values.filter((value) => value !== null)]);
  },
  /** An output parameter that is an INT. */
  returnInt: (value: number, ordinal = 0): Buffer =>
    Buffer.concat([
      Buffer.of(Token.returnValue),
      u16(ordinal),
      NAMELESS,
      Buffer.of(1),
      u32(0),
      u16(0),
      hex('26 04 04'),
      u32(value),
    ]),
};

export const type = {
  int: hex('38'),
  intN: hex('26 04'),
  nvarchar: Buffer.concat([hex('E7 40 1F'), COLLATION]),
  nvarcharMax: Buffer.concat([hex('E7 FF FF'), COLLATION]),
};

export const value = {
  int: u32,
  intN: (number: number | null): Buffer =>
    number === null ? Buffer.of(0) : Buffer.concat([Buffer.of(4), u32(number)]),
  nvarchar: (text: string | null): Buffer =>
    text === null ? u16(0xffff) : Buffer.concat([u16(text.length * 2), utf16(text)]),
};

export const server = {
  response: (tokens: readonly Buffer[], packetBytes = 4096): Buffer =>
    packets(PacketType.response, Buffer.concat(tokens), packetBytes),
};
