/** Builds protocol messages byte by byte from the protocol's own page, independently of the code under test. */
import { Buffer } from 'node:buffer';

export const text = (value: string): Buffer => Buffer.from(`${value}\0`, 'utf8');
export const int16 = (value: number): Buffer => Buffer.of((value >> 8) & 255, value & 255);
export const int32 = (value: number): Buffer =>
  Buffer.of((value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);

/** A message of type `type` with the given fields; strings are sent as they are, without a NUL. */
export function craft(type: string, ...fields: readonly (Uint8Array | string)[]): Buffer {
  const body = Buffer.concat(fields.map((field) => (typeof field === 'string' ? Buffer.from(field) : field)));
  return Buffer.concat([Buffer.from(type, 'latin1'), int32(body.length + 4), body]);
}

export type Value = string | Uint8Array | null;

/** The part of Bind that holds formats and values. `formats`: 0 text, 1 binary. */
export function values(given: readonly Value[], formats: readonly number[] = []): Buffer {
  return Buffer.concat([
    int16(formats.length),
    ...formats.map(int16),
    int16(given.length),
    ...given.flatMap((value) => (value === null ? [int32(-1)] : [int32(Buffer.byteLength(value)), Buffer.from(value)])),
    int16(0),
  ]);
}

/** What a client sends. */
export const client = {
  parse: (name: string, sql: string, types: readonly number[] = []) =>
    craft('P', text(name), text(sql), int16(types.length), ...types.map(int32)),
  bind: (portal: string, statement: string, given: readonly Value[] = [], formats: readonly number[] = []) =>
    craft('B', text(portal), text(statement), values(given, formats)),
  execute: (portal = '', maxRows = 0) => craft('E', text(portal), int32(maxRows)),
  describeStatement: (name: string) => craft('D', 'S', text(name)),
  describePortal: (name = '') => craft('D', 'P', text(name)),
  closeStatement: (name: string) => craft('C', 'S', text(name)),
  closePortal: (name: string) => craft('C', 'P', text(name)),
  query: (sql: string) => craft('Q', text(sql)),
  functionCall: (oid: number, given: readonly Value[]) => craft('F', int32(oid), values(given)),
  copyData: (data: string | Uint8Array) => craft('d', data),
  copyDone: () => craft('c'),
  copyFail: (why: string) => craft('f', text(why)),
  flush: () => craft('H'),
  sync: () => craft('S'),
  terminate: () => craft('X'),
};

/** What a server answers. */
export const server = {
  parseComplete: () => craft('1'),
  bindComplete: () => craft('2'),
  closeComplete: () => craft('3'),
  noData: () => craft('n'),
  rowDescription: (name = 'a') => craft('T', int16(1), text(name), Buffer.alloc(18)),
  parameterDescription: (types: readonly number[]) => craft('t', int16(types.length), ...types.map(int32)),
  dataRow: (value: string) => craft('D', int16(1), int32(value.length), value),
  complete: (tag: string) => craft('C', text(tag)),
  suspended: () => craft('s'),
  empty: () => craft('I'),
  copyIn: () => craft('G', Buffer.of(0, 0, 0)),
  copyOut: () => craft('H', Buffer.of(0, 0, 0)),
  copyData: (data: string) => craft('d', data),
  copyDone: () => craft('c'),
  functionResult: (value: string) => craft('V', int32(value.length), value),
  error: (code: string, severity = 'ERROR') =>
    craft('E', text(`S${severity}`), text(`V${severity}`), text(`C${code}`), text('Mno'), Buffer.of(0)),
  notice: () => craft('N', text('SNOTICE'), text('C00000'), text('Mhello'), Buffer.of(0)),
  notification: () => craft('A', int32(1), text('channel'), text('payload')),
  parameterStatus: () => craft('S', text('TimeZone'), text('UTC')),
  ready: (status = 'I') => craft('Z', status),
};
