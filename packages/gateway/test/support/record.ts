/** Sessions to record, and what stands in a spool's folder. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Engine, GrantId, PersonName, ResourceName, RoleName, SessionId, StreamId } from '@tidegate/core';
import { Outcome } from '@tidegate/wire';
import { onTestFinished } from 'vitest';
import { type DecodedRecord, Decoder } from '../../src/record/decode.ts';
import { SegmentReader } from '../../src/record/reader.ts';
import { Spool, type SpoolOptions } from '../../src/record/spool.ts';
import type { SessionInfo, SessionRecord } from '../../src/relay/recorder.ts';

export const STREAM = 'gw_0123456789abcdef.boot.w0' as StreamId;

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-record-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function sessionInfo(change: Partial<SessionInfo> = {}): SessionInfo {
  return {
    session: 'ses_0123456789abcdef' as SessionId,
    engine: 'postgres' as Engine,
    grant: 'g0123456' as GrantId,
    person: 'alice' as PersonName,
    principal: 'alice.g0123456',
    resource: 'orders' as ResourceName,
    role: 'reader' as RoleName,
    database: 'shop',
    clientAddress: '127.0.0.1',
    application: 'psql',
    values: 'full',
    ...change,
  };
}

export function spoolOptions(folder: string, change: Partial<SpoolOptions> = {}): SpoolOptions {
  return {
    folder,
    stream: STREAM,
    durability: 'process',
    allowanceBytes: 1 << 30,
    hashKey: Buffer.alloc(32, 7),
    controlNow: () => Date.now(),
    ...change,
  };
}

export const openSpool = (folder: string, change: Partial<SpoolOptions> = {}): Spool =>
  new Spool(spoolOptions(folder, change));

export function simple(session: SessionRecord, op: number, text: string | Buffer): void {
  const bytes = Buffer.from(text);
  session.simple(op, bytes, 0, bytes.length, bytes.length);
}

export function done(session: SessionRecord, op: number, tag = 'SELECT 1', rows = 1): void {
  const bytes = Buffer.from(tag);
  session.outcome(op, 0, Outcome.done, false, rows, 0, 10, bytes, 0, bytes.length);
}

/** All that can be read from a stream's folder. `seqs` are what the blocks say. */
export function readAll(folder: string): { records: DecodedRecord[]; seqs: number[]; segments: number; torn: number } {
  const reader = new SegmentReader(folder);
  const decoder = new Decoder();
  const records: DecodedRecord[] = [];
  const seqs: number[] = [];
  let segments = 0;
  for (;;) {
    const read = reader.next();
    if (read.is === 'end') {
      reader.close();
      return { records, seqs, segments, torn: read.torn };
    }
    if (read.is === 'segment') {
      segments += 1;
      continue;
    }
    let seq = read.block.firstSeq;
    for (const entry of read.block.entries) {
      const record = decoder.decode(entry, read.block.offset);
      if (record === null) continue;
      records.push(record);
      seqs.push(seq);
      seq += 1;
    }
  }
}

export const countTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);
