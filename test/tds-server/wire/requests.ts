/** What clients ask: SQLBatch (2.2.6.7), RPC (2.2.6.6), transaction manager (2.2.6.9). */
import type { Buffer } from 'node:buffer';
import { type ReadType, readTypeInfo } from '../types/type-info.ts';
import type { SqlType, SqlValue } from '../types/types.ts';
import { readValue } from '../types/values.ts';
import { Malformed, Reader } from './reader.ts';
import { isSince } from './versions.ts';

/** ALL_HEADERS (2.2.5.3): since TDS 7.2. Nothing in them matters here but that they are well formed. */
function skipHeaders(reader: Reader, tdsVersion: number): void {
  if (!isSince(tdsVersion, 0x72000000)) return;
  const headers = new Reader(reader.take(reader.u32() - 4));
  while (headers.left > 0) {
    const length = headers.u32();
    if (length < 6) throw new Malformed(`a header of ${length} bytes`);
    headers.take(length - 4);
  }
}

export function parseBatch(payload: Buffer, tdsVersion: number): string {
  const reader = new Reader(payload);
  skipHeaders(reader, tdsVersion);
  return reader.rest().toString('utf16le');
}

export interface Parameter {
  /** With its `@`, or empty. */
  readonly name: string;
  readonly output: boolean;
  /** Left out: the procedure's own default counts. */
  readonly byDefault: boolean;
  readonly type: SqlType;
  readonly value: SqlValue;
}

export interface Call {
  /** A procedure by its name, or one of the server's own by its number. */
  readonly procedure: string | number;
  readonly noMetadata: boolean;
  readonly parameters: readonly Parameter[];
}

const BY_NUMBER = 0xffff;
const BATCH_SEPARATORS = new Set([0x80, 0xff, 0xfe]);

/** One request may hold several calls. */
export function parseCalls(payload: Buffer, tdsVersion: number): Call[] {
  const reader = new Reader(payload);
  skipHeaders(reader, tdsVersion);
  const calls: Call[] = [];
  do {
    const length = reader.u16();
    const procedure = length === BY_NUMBER ? reader.u16() : reader.text(length);
    const flags = reader.u16();
    const parameters: Parameter[] = [];
    while (reader.left > 0 && !BATCH_SEPARATORS.has(reader.peek() ?? 0)) parameters.push(parseParameter(reader));
    calls.push({ procedure, noMetadata: (flags & 0x02) !== 0, parameters });
    if (reader.left > 0) reader.u8();
  } while (reader.left > 0);
  return calls;
}

function parseParameter(reader: Reader): Parameter {
  const name = reader.shortText();
  const flags = reader.u8();
  const read: ReadType = readTypeInfo(reader);
  const value = readValue(reader, read, false);
  return { name, output: (flags & 0x01) !== 0, byDefault: (flags & 0x02) !== 0, type: read.type, value };
}

export type TransactionAsk =
  | { readonly ask: 'begin'; readonly isolation: number; readonly name: string }
  | { readonly ask: 'commit' | 'rollback'; readonly name: string; readonly begin: boolean }
  | { readonly ask: 'save'; readonly name: string }
  | { readonly ask: 'other'; readonly number: number };

export function parseTransactionAsk(payload: Buffer, tdsVersion: number): TransactionAsk {
  const reader = new Reader(payload);
  skipHeaders(reader, tdsVersion);
  const number = reader.u16();
  const name = () => reader.take(reader.u8()).toString('utf16le');
  switch (number) {
    case 5:
      return { ask: 'begin', isolation: reader.u8(), name: name() };
    case 7:
    case 8: {
      const ended = name();
      return { ask: number === 7 ? 'commit' : 'rollback', name: ended, begin: (reader.u8() & 1) === 1 };
    }
    case 9:
      return { ask: 'save', name: name() };
    default:
      return { ask: 'other', number };
  }
}

export interface BulkColumn {
  readonly name: string;
  readonly read: ReadType;
}

export interface BulkData {
  readonly columns: readonly BulkColumn[];
  readonly rows: Iterable<readonly SqlValue[]>;
}

const BulkToken = { columns: 0x81, row: 0xd1, rowWithNulls: 0xd2, done: 0xfd } as const;

/** Bulk load (2.2.6.1): COLMETADATA, rows and DONE, as a server sends them, sent by the client. */
export function parseBulk(payload: Buffer, tdsVersion: number): BulkData {
  const reader = new Reader(payload);
  const columns: BulkColumn[] = [];
  if (reader.left > 0) {
    if (reader.u8() !== BulkToken.columns) throw new Malformed('a bulk load that starts without its columns');
    const count = reader.u16();
    for (let i = 0; i < count; i++) columns.push(parseBulkColumn(reader, tdsVersion));
  }
  return { columns, rows: parseBulkRows(reader, columns) };
}

function parseBulkColumn(reader: Reader, tdsVersion: number): BulkColumn {
  reader.take(isSince(tdsVersion, 0x72000000) ? 4 : 2);
  reader.take(2);
  const read = readTypeInfo(reader);
  if ('lob' in read.type && read.type.lob) {
    const parts = isSince(tdsVersion, 0x72000000) ? reader.u8() : 1;
    for (let i = 0; i < parts; i++) reader.longText();
  }
  return { name: reader.shortText(), read };
}

function* parseBulkRows(reader: Reader, columns: readonly BulkColumn[]): Generator<readonly SqlValue[]> {
  while (reader.left > 0) {
    const token = reader.u8();
    if (token === BulkToken.done) return;
    if (token === BulkToken.row) yield columns.map(({ read }) => readValue(reader, read, true));
    else if (token === BulkToken.rowWithNulls) {
      const nulls = reader.take(Math.ceil(columns.length / 8));
      const isNull = (index: number) => ((nulls[index >> 3] ?? 0) & (1 << (index & 7))) !== 0;
      yield columns.map(({ read }, index) => (isNull(index) ? null : readValue(reader, read, true)));
    } else throw new Malformed(`token 0x${token.toString(16)} in a bulk load`);
  }
}
