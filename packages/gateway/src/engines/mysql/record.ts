/** MySQL's bound values, for the record. */
import { Buffer } from 'node:buffer';
import type { RecordEngine } from '../engine.ts';

export const mysqlRecord: RecordEngine = {
  encoding: 'utf8',
  values: (bytes) => [{ type: 'unknown', hex: Buffer.from(bytes).toString('hex') }],
  call: (bytes) => ({ text: 'call', values: [{ type: 'unknown', hex: Buffer.from(bytes).toString('hex') }] }),
};
