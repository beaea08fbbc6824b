/** Record. */
import { nobodyElse, type Row } from './row.ts';

export const record = {
  auditEntries: { path: '/v1/audit/entries', as: { ...nobodyElse, audrey: 'right' } },
  searchRecord: { path: '/v1/audit/search?text=orders', as: { ...nobodyElse, audrey: 'right', carol: 'right' } },
  recordSummary: { path: '/v1/audit/summary', as: { ...nobodyElse, audrey: 'right', carol: 'right' } },
  auditStreams: { path: '/v1/audit/streams', as: { ...nobodyElse, audrey: 'right' } },
  auditCheckpoints: { path: '/v1/audit/checkpoints', as: { ...nobodyElse, audrey: 'right' } },
  auditKey: { path: '/v1/audit/key', as: { ...nobodyElse, audrey: 'right' } },
} satisfies Readonly<Record<string, Row>>;
