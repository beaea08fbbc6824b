/** The record. */
import { z } from 'zod';
import { page, pageQuery } from '../../shapes.ts';
import * as back from '../looking-back.ts';
import * as operate from '../operate.ts';
import type { Endpoint } from './endpoint.ts';

export const record = {
  auditEntries: {
    method: 'GET',
    path: '/v1/audit/entries',
    access: 'auditor',
    scoped: true,
    summary: 'The record, newest first',
    query: pageQuery.extend(operate.auditQuery.shape),
    answer: page(operate.auditEntry),
  },
  searchRecord: {
    method: 'GET',
    path: '/v1/audit/search',
    access: 'auditor',
    scoped: true,
    summary:
      'The record by what was done, newest first; each page looks at a bounded part of it and says how far it got',
    query: pageQuery.extend(back.searchQuery.shape),
    answer: back.searchPage,
  },
  recordSummary: {
    method: 'GET',
    path: '/v1/audit/summary',
    access: 'auditor',
    scoped: true,
    summary:
      'How much was done when, by whom, on what and with which outcome; of the last day unless `since` says more',
    query: back.summaryQuery,
    answer: back.recordSummary,
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
  scoped: true,
  summary:
    'The record as NDJSON, oldest first, with the checkpoints: what `audit verify` reads. For an auditor of some resources the lines of these alone, which prove nothing of what is left out',
  query: operate.auditQuery,
} as const satisfies Endpoint;
