/** From a SQL Server client's bytes to the record: text in UTF-16, calls by name, values with their names. */
import { recordData } from '@tidegate/contract';
import { sqlserver } from '@tidegate/wire';
import { describe, expect, it } from 'vitest';
import { Decoder } from '../src/record/decode.ts';
import { Fingerprints } from '../src/record/fingerprint.ts';
import { decodeBlock, Encoder, EntryKind } from '../src/record/format.ts';
import { SpoolSession } from '../src/record/spool-session.ts';
import type { SessionInfo } from '../src/relay/recorder.ts';
import { sessionInfo } from './support/record.ts';

const { PacketType, packets } = sqlserver;
const HEADERS = Buffer.from('16000000120000000200000000000000000001000000', 'hex');
const utf16 = (text: string): Buffer => Buffer.from(text, 'utf16le');

function u16(value: number): Buffer {
  const field = Buffer.alloc(2);
  field.writeUInt16LE(value);
  return field;
}

const batch = (text: string): Buffer => packets(PacketType.batch, Buffer.concat([HEADERS, utf16(text)]));

function nvarchar(name: string, value: string): Buffer {
  const type = Buffer.from('e7401f0904d00034', 'hex');
  return Buffer.concat([Buffer.of(name.length), utf16(name), Buffer.of(0), type, u16(value.length * 2), utf16(value)]);
}

/** A call by number or name. */
function rpc(procedure: number | string, ...parameters: readonly Buffer[]): Buffer {
  const called =
    typeof procedure === 'number'
      ? Buffer.concat([u16(0xffff), u16(procedure)])
      : Buffer.concat([u16(procedure.length), utf16(procedure)]);
  return packets(PacketType.rpc, Buffer.concat([HEADERS, called, u16(0), ...parameters]));
}

/** The records of what this client says, as the resource wants its statements recorded. */
function recorded(values: SessionInfo['values'], ...messages: readonly Buffer[]) {
  const info = sessionInfo({ engine: 'sqlserver', values });
  const encoder = new Encoder();
  encoder.putJson(EntryKind.started, 1, performance.now(), info);
  const fingerprints = new Fingerprints(Buffer.alloc(32));
  const session = new SpoolSession(info, { number: 1, encoder, fingerprints, over: () => undefined });
  const walker = new sqlserver.SqlServerSession(session, { version: sqlserver.TdsVersion.v74 });
  for (const message of messages) expect(walker.fromClient(message)).toBeNull();
  const bytes = Buffer.from(encoder.finish(1, 0));
  const decoder = new Decoder();
  const records = [];
  for (let at = 0; at < bytes.length; ) {
    const block = decodeBlock(bytes, at);
    if (block === 'damaged' || 'needs' in block) throw new Error('no block');
    for (const entry of block.entries) {
      const record = decoder.decode(entry, 0);
      if (record !== null) records.push(record);
    }
    at += block.length;
  }
  for (const { kind, data } of records)
    expect(recordData[kind as keyof typeof recordData].safeParse(data).error, JSON.stringify(data)).toBeUndefined();
  return records.slice(1).map(({ kind, data }) => ({ kind, ...data }));
}

const query = rpc(10, nvarchar('', 'SELECT @nåme'), nvarchar('', '@nåme nvarchar(10)'), nvarchar('', 'Grüße 🎉'));
const called = rpc('dbo.Größe', nvarchar('@x', 'secret'));

describe('a statement of SQL Server', () => {
  it('is on record as text, with its values and their names', () => {
    expect(recorded('full', batch("SELECT N'grün 🎉'"), query, called)).toMatchObject([
      { kind: 'statement', protocol: 'simple', text: "SELECT N'grün 🎉'", bytes: 34 },
      { kind: 'statement.prepared', text: 'SELECT @nåme' },
      {
        kind: 'statement',
        protocol: 'extended',
        text: 'SELECT @nåme',
        values: [{ type: 'nvarchar', name: '@nåme', value: 'Grüße 🎉' }],
      },
      { kind: 'statement', protocol: 'call', text: 'dbo.Größe', values: [{ name: '@x', value: 'secret' }] },
    ]);
  });

  it('is on record without values where these are not wanted; what is called still is', () => {
    const records = recorded('text', query, called);
    expect(records).toMatchObject([
      { kind: 'statement.prepared', text: 'SELECT @nåme' },
      { kind: 'statement', text: 'SELECT @nåme' },
      { kind: 'statement', protocol: 'call', text: 'dbo.Größe' },
    ]);
    expect(JSON.stringify(records)).not.toMatch(/secret|Grüße/);
  });

  it('is on record as a fingerprint alone', () => {
    const records = recorded('fingerprint', batch('SELECT 1'), query, called);
    expect(records).toMatchObject([
      { fingerprint: expect.stringMatching(/^hmac:/) },
      { fingerprint: expect.stringMatching(/^hmac:/) },
      { fingerprint: expect.stringMatching(/^hmac:/) },
      { protocol: 'call' },
    ]);
    expect(JSON.stringify(records)).not.toMatch(/SELECT|secret|Grüße|Größe/);
  });

  it('that is long comes in parts; how long it is, the last one says', () => {
    const text = `SELECT '${'🎉'.repeat(40_000)}'`;
    const records = recorded('full', batch(text));
    expect(records[0]).toMatchObject({ kind: 'statement', bytes: null });
    expect(records.at(-1)).toMatchObject({ kind: 'statement.part', last: true, total: utf16(text).length });
    expect(records.map((record) => ('text' in record ? record.text : '')).join('')).toBe(text);
  });
});
