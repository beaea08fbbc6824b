/** SQL Server's bound values and calls, for the record. */
import { Buffer } from 'node:buffer';
import type { RecordEngine } from '../engine.ts';

export const sqlserverRecord: RecordEngine = {
  encoding: 'utf16le',
  values: (bytes) => [{ type: 'unknown', hex: Buffer.from(bytes).toString('hex') }],
  call: (bytes) => ({ text: 'call', values: [{ type: 'unknown', hex: Buffer.from(bytes).toString('hex') }] }),
};
