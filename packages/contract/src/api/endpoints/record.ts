/** The record. */
import { z } from 'zod';
import { page, pageQuery } from '../../shapes.ts';
import * as operate from '../operate.ts';
import type { Endpoint } from './endpoint.ts';

export const record = {
  auditEntries: {
    method: 'GET',
    path: '/v1/audit/entries',
    access: 'auditor',
    summary: 'The record, newest first',
    query: pageQuery.extend(operate.auditQuery.shape),
    answer: page(operate.auditEntry),
  },
  auditStreams: {
    method: 'GET',
    path: '/v1/audit/streams',
    access: 'auditor',
    summary: 'Every stream of the record and where it stands',
    query: pageQuery,
    answer: page(operate.auditStream),
  },
  auditCheckpoints: {
    method: 'GET',
    path: '/v1/audit/checkpoints',
    access: 'auditor',
    summary: 'Signed checkpoints, newest first',
    query: pageQuery.extend({ stream: z.string().max(128).optional() }),
    answer: page(operate.checkpoint),
  },
  auditKey: {
    method: 'GET',
    path: '/v1/audit/key',
    access: 'auditor',
    summary: 'The public key that checks checkpoints',
    answer: operate.auditKey,
  },
} as const satisfies Readonly<Record<string, Endpoint>>;

/** NDJSON, one line an entry or checkpoint: not in the table, because its answer is a stream. */
export const auditExport = {
  method: 'GET',
  path: '/v1/audit/export',
  access: 'auditor',
  summary: 'The record as NDJSON, oldest first, with the checkpoints and the public key: what `audit verify` reads',
  query: operate.auditQuery,
} as const satisfies Endpoint;
