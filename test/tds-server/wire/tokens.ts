/** The tokens of a response (MS-TDS 2.2.7), each as one function that returns its bytes. */
import { Buffer } from 'node:buffer';
import { loweredType, writeTypeInfo } from '../types/type-info.ts';
import type { SqlType, SqlValue } from '../types/types.ts';
import { writeValue } from '../types/values.ts';
import { SERVER_VERSION } from './prelogin.ts';
import { isSince } from './versions.ts';
import { Writer } from './writer.ts';

const Token = {
  returnStatus: 0x79,
  columns: 0x81,
  order: 0xa9,
  error: 0xaa,
  info: 0xab,
  returnValue: 0xac,
  loginAck: 0xad,
  featureAck: 0xae,
  row: 0xd1,
  envChange: 0xe3,
  federatedInfo: 0xee,
  done: 0xfd,
  doneProc: 0xfe,
  doneInProc: 0xff,
} as const;

export type DoneKind = 'done' | 'doneProc' | 'doneInProc';
const DONE_TOKEN: Record<DoneKind, number> = {
  done: Token.done,
  doneProc: Token.doneProc,
  doneInProc: Token.doneInProc,
};

export interface Done {
  readonly more?: boolean;
  readonly error?: boolean;
  readonly inTransaction?: boolean;
  readonly attention?: boolean;
  /** Rows returned or changed; null: the statement counts none. */
  readonly count?: bigint | null;
  /** What kind of statement it was: 0xc1 SELECT, 0xc3 INSERT, … */
  readonly command?: number;
}

/** An error or a message. `severity` of 10 and less is a message. */
export interface Notice {
  readonly number: number;
  readonly state: number;
  readonly severity: number;
  readonly message: string;
  readonly procedure?: string;
  readonly line?: number;
}

export interface Column {
  readonly name: string;
  readonly type: SqlType;
  readonly nullable: boolean;
  readonly identity: boolean;
  readonly table: string | null;
  /** Not for the person's eyes: cursors add such. */
  readonly hidden?: boolean;
}

/** Their shape depends on the version that client and server have agreed on. */
export class Tokens {
  readonly #version: number;
  readonly #serverName: string;

  constructor(tdsVersion: number, serverName: string) {
    this.#version = tdsVersion;
    this.#serverName = serverName;
  }

  get #since72(): boolean {
    return isSince(this.#version, 0x72000000);
  }

  done(kind: DoneKind, done: Done): Buffer {
    const { more, error, inTransaction, attention, count = null, command = 0 } = done;
    const status =
      (more ? 0x01 : 0) |
      (error ? 0x02 : 0) |
      (inTransaction ? 0x04 : 0) |
      (count === null ? 0 : 0x10) |
      (attention ? 0x20 : 0);
    const out = new Writer().u8(DONE_TOKEN[kind]).u16(status).u16(command);
    if (this.#since72) out.u64(count ?? 0n);
    else out.u32(Number(count ?? 0n));
    return out.bytes();
  }

  notice(notice: Notice): Buffer {
    const body = new Writer()
      .i32(notice.number)
      .u8(notice.state)
      .u8(notice.severity)
      .longText(notice.message)
      .shortText(this.#serverName)
      .shortText(notice.procedure ?? '');
    const line = notice.line ?? 1;
    if (this.#since72) body.u32(line);
    else body.u16(line);
    return sized(notice.severity > 10 ? Token.error : Token.info, body);
  }

  /** ENVCHANGE with texts: 1 database, 2 language, 4 packet size. */
  textChange(type: 1 | 2 | 4, now: string, before: string): Buffer {
    return sized(Token.envChange, new Writer().u8(type).shortText(now).shortText(before));
  }

  /** ENVCHANGE with bytes: 7 collation; 8, 9, 10 a transaction begun, committed, rolled back; 18 reset done. */
  byteChange(type: 7 | 8 | 9 | 10 | 18, now: Uint8Array, before: Uint8Array): Buffer {
    return sized(Token.envChange, new Writer().u8(type).u8(now.length).raw(now).u8(before.length).raw(before));
  }

  /** ENVCHANGE 20: log in there instead. Protocol 0 is TCP. */
  routing(host: string, port: number): Buffer {
    const value = new Writer().u8(0).u16(port).longText(host);
    return sized(Token.envChange, new Writer().u8(20).u16(value.length).raw(value.bytes()).u16(0));
  }

  loginAck(): Buffer {
    const body = new Writer().u8(1).u32be(this.#version).shortText('Microsoft SQL Server').raw(SERVER_VERSION_BYTES);
    return sized(Token.loginAck, body);
  }

  featureAck(features: readonly (readonly [id: number, data: Uint8Array])[]): Buffer {
    const out = new Writer().u8(Token.featureAck);
    for (const [id, data] of features) out.u8(id).u32(data.length).raw(data);
    return out.u8(0xff).bytes();
  }

  /** Where to get a token, and for whom (2.2.7.12). Offsets count from the number of them. */
  federatedInfo(stsUrl: string, spn: string): Buffer {
    const values = [
      { id: 1, bytes: Buffer.from(stsUrl, 'utf16le') },
      { id: 2, bytes: Buffer.from(spn, 'utf16le') },
    ];
    const body = new Writer().u32(values.length);
    let offset = 4 + values.length * 9;
    for (const { id, bytes } of values) {
      body.u8(id).u32(bytes.length).u32(offset);
      offset += bytes.length;
    }
    for (const { bytes } of values) body.raw(bytes);
    return new Writer().u8(Token.federatedInfo).u32(body.length).raw(body.bytes()).bytes();
  }

  /** The types of columns as they are sent, which for an older client are others than the database's. */
  lowered(columns: readonly Column[]): Column[] {
    return columns.map((column) => ({ ...column, type: loweredType(column.type, this.#version) }));
  }

  columns(columns: readonly Column[]): Buffer {
    const out = new Writer().u8(Token.columns).u16(columns.length);
    for (const column of columns) {
      const flags = (column.nullable ? 0x01 : 0) | (column.identity ? 0x10 : 0x08) | (column.hidden ? 0x2000 : 0);
      this.#userType(out).u16(flags);
      writeTypeInfo(out, column.type);
      if ('lob' in column.type && column.type.lob) this.#tableName(out, column.table ?? '');
      out.shortText(column.name);
    }
    return out.bytes();
  }

  row(columns: readonly Column[], values: readonly SqlValue[]): Buffer {
    const out = new Writer().u8(Token.row);
    for (const [index, column] of columns.entries()) writeValue(out, column.type, values[index] ?? null);
    return out.bytes();
  }

  returnStatus(status: number): Buffer {
    return new Writer().u8(Token.returnStatus).i32(status).bytes();
  }

  /** An output parameter; `ordinal` is its place in the call. */
  returnValue(ordinal: number, name: string, type: SqlType, value: SqlValue): Buffer {
    const lowered = loweredType(type, this.#version);
    const out = new Writer().u8(Token.returnValue).u16(ordinal).shortText(name).u8(0x01);
    this.#userType(out).u16(0x01);
    writeTypeInfo(out, lowered);
    writeValue(out, lowered, value);
    return out.bytes();
  }

  #userType(out: Writer): Writer {
    return this.#since72 ? out.u32(0) : out.u16(0);
  }

  #tableName(out: Writer, table: string): void {
    if (this.#since72) out.u8(1);
    out.longText(table);
  }
}

const SERVER_VERSION_BYTES = Uint8Array.from(SERVER_VERSION);

function sized(token: number, body: Writer): Buffer {
  return new Writer().u8(token).u16(body.length).raw(body.bytes()).bytes();
}
