/** Builds MySQL packets byte by byte from the protocol's own pages, independently of the code under test. */
import { Buffer } from 'node:buffer';

export const uint = (value: number, bytes: number): Buffer =>
  Buffer.from(Array.from({ length: bytes }, (_, i) => Math.floor(value / 256 ** i) % 256));

/** A length-encoded integer. */
export function lenenc(value: number): Buffer {
  if (value < 251) return Buffer.of(value);
  if (value < 2 ** 16) return Buffer.concat([Buffer.of(0xfc), uint(value, 2)]);
  if (value < 2 ** 24) return Buffer.concat([Buffer.of(0xfd), uint(value, 3)]);
  return Buffer.concat([Buffer.of(0xfe), uint(value, 8)]);
}

export const counted = (value: string | Uint8Array): Buffer =>
  Buffer.concat([lenenc(Buffer.byteLength(value)), Buffer.from(value)]);

export type Field = Uint8Array | string | number;
const body = (fields: readonly Field[]): Buffer =>
  Buffer.concat(fields.map((field) => (typeof field === 'number' ? Buffer.of(field) : Buffer.from(field))));

/** One message: a packet, or several when it is 16 MiB or more. Strings are sent as they are, numbers are bytes. */
export function message(sequence: number, ...fields: readonly Field[]): Buffer {
  const whole = body(fields);
  const packets: Buffer[] = [];
  let at = 0;
  let number = sequence;
  for (let full = true; full; number++) {
    const part = whole.subarray(at, at + 0xffffff);
    packets.push(uint(part.length, 3), Buffer.of(number & 255), part);
    at += part.length;
    full = part.length === 0xffffff;
  }
  return Buffer.concat(packets);
}

/** A parameter of the binary protocol: its type and, unless NULL, its value as sent. */
export interface Parameter {
  readonly type: number;
  readonly unsigned?: boolean;
  readonly name?: string;
  readonly value: Uint8Array | null;
}

export const string = (value: string, name?: string): Parameter => ({
  type: 253,
  value: counted(value),
  ...(name === undefined ? {} : { name }),
});
export const long = (value: number): Parameter => ({ type: 3, value: uint(value >>> 0, 4) });

function bitmap(given: readonly Parameter[]): Buffer {
  const bits = Buffer.alloc((given.length + 7) >> 3);
  given.forEach(({ value }, i) => {
    if (value === null) bits[i >> 3] = (bits[i >> 3] ?? 0) | (1 << (i & 7));
  });
  return bits;
}

export interface Binding {
  /** Types are in the packet. */
  readonly types?: boolean;
  /** With names, as CLIENT_QUERY_ATTRIBUTES has it. */
  readonly named?: boolean;
  /** Values of these were sent ahead. */
  readonly ahead?: readonly number[];
}

/** NULL bitmap, types, values. */
export function parameters(
  given: readonly Parameter[],
  { types = true, named = false, ahead = [] }: Binding = {},
): Buffer {
  if (given.length === 0) return Buffer.alloc(0);
  return Buffer.concat([
    bitmap(given),
    Buffer.of(types ? 1 : 0),
    ...(types
      ? given.map(({ type, unsigned, name }) =>
          Buffer.concat([Buffer.of(type, unsigned === true ? 0x80 : 0), named ? counted(name ?? '') : Buffer.alloc(0)]),
        )
      : []),
    ...given.map(({ value }, i) => (value === null || ahead.includes(i) ? Buffer.alloc(0) : value)),
  ]);
}

/** What a client sends. */
export const client = {
  quit: () => message(0, 0x01),
  initDb: (name: string) => message(0, 0x02, name),
  query: (sql: string | Uint8Array) => message(0, 0x03, sql),
  attributed: (sql: string, ...given: readonly Parameter[]) =>
    message(0, 0x03, lenenc(given.length), 1, parameters(given, { named: true }), sql),
  fieldList: (table: string, wildcard = '') => message(0, 0x04, table, 0, wildcard),
  statistics: () => message(0, 0x09),
  processInfo: () => message(0, 0x0a),
  processKill: (id: number) => message(0, 0x0c, uint(id, 4)),
  debug: () => message(0, 0x0d),
  ping: () => message(0, 0x0e),
  changeUser: (user: string) => message(0, 0x11, user, 0, 0, 'db', 0),
  prepare: (sql: string) => message(0, 0x16, sql),
  execute: (id: number, given: readonly Parameter[] = [], binding: Binding = {}, flags = 0) =>
    message(
      0,
      0x17,
      uint(id, 4),
      flags,
      uint(1, 4),
      binding.named === true ? lenenc(given.length) : '',
      parameters(given, binding),
    ),
  longData: (id: number, parameter: number, data: string | Uint8Array) =>
    message(0, 0x18, uint(id, 4), uint(parameter, 2), data),
  close: (id: number) => message(0, 0x19, uint(id, 4)),
  reset: (id: number) => message(0, 0x1a, uint(id, 4)),
  setOption: (option: number) => message(0, 0x1b, uint(option, 2)),
  fetch: (id: number, rows: number) => message(0, 0x1c, uint(id, 4), uint(rows, 4)),
  resetConnection: () => message(0, 0x1f),
  /** Rows of parameters; each cell a value, or an indicator: 1 NULL, 2 default, 3 ignore. */
  bulk: (id: number, types: readonly number[], rows: readonly (readonly (Uint8Array | number)[])[], send = true) =>
    message(
      0,
      0xfa,
      uint(id, 4),
      uint(send ? 128 : 0, 2),
      ...(send ? types.map((type) => uint(type, 2)) : []),
      ...rows.flat().map((cell) => (typeof cell === 'number' ? Buffer.of(cell) : Buffer.concat([Buffer.of(0), cell]))),
    ),
};

export const Status = { inTransaction: 1, autocommit: 2, more: 8, cursor: 0x40, lastRow: 0x80 };

/** What a server answers; the first argument is the packet's number. */
export const server = {
  ok: (sequence: number, affected = 0, status = Status.autocommit, info = '') =>
    message(sequence, 0, lenenc(affected), lenenc(0), uint(status, 2), uint(0, 2), info),
  /** The OK that ends rows where EOF is deprecated. */
  end: (sequence: number, status = Status.autocommit) =>
    message(sequence, 0xfe, lenenc(0), lenenc(0), uint(status, 2), uint(0, 2)),
  eof: (sequence: number, status = Status.autocommit) => message(sequence, 0xfe, uint(0, 2), uint(status, 2)),
  error: (sequence: number, code = 1064, state = '42000') => message(sequence, 0xff, uint(code, 2), '#', state, 'no'),
  columns: (sequence: number, count: number) => message(sequence, lenenc(count)),
  /** MariaDB's, with metadata caching. */
  columnsCached: (sequence: number, count: number, follow: boolean) => message(sequence, lenenc(count), follow ? 1 : 0),
  definition: (sequence: number, name = 'a') =>
    message(
      sequence,
      ...['def', '', '', '', name, ''].map(counted),
      0x0c,
      uint(33, 2),
      uint(4, 4),
      3,
      uint(0, 2),
      0,
      uint(0, 2),
    ),
  row: (sequence: number, ...cells: readonly (string | null)[]) =>
    message(sequence, ...cells.map((cell) => (cell === null ? 0xfb : counted(cell)))),
  binaryRow: (sequence: number, value: number) => message(sequence, 0, 0, uint(value, 4)),
  file: (sequence: number, name: string) => message(sequence, 0xfb, name),
  prepared: (sequence: number, id: number, columns: number, params: number) =>
    message(sequence, 0, uint(id, 4), uint(columns, 2), uint(params, 2), 0, uint(0, 2)),
  progress: (sequence: number) =>
    message(sequence, 0xff, uint(0xffff, 2), 1, 1, 2, uint(50_000, 3), counted('altering')),
  statistics: (sequence: number) => message(sequence, 'Uptime: 1'),
};
