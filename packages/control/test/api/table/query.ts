/** SQL from the browser: under one's own open grant alone; here no gateway listens. */
import type { Row } from './row.ts';

const UNKNOWN = '/v1/query/qry_0123456789abcdef';

export const queries = {
  openQuery: {
    path: '/v1/query',
    body: () => ({ resource: 'orders' }),
    as: { olga: 409, carol: 409, audrey: 409, ivan: 503 },
  },
  querySchema: { path: `${UNKNOWN}/schema`, as: { olga: 404, carol: 404, ivan: 404 } },
  cancelQuery: { path: `${UNKNOWN}/cancel`, as: { olga: 404, carol: 404, ivan: 404 } },
  exportQuery: {
    path: `${UNKNOWN}/exports`,
    body: () => ({ format: 'csv', rows: 1 }),
    as: { olga: 404, carol: 404, ivan: 404 },
  },
  closeQuery: { path: UNKNOWN, as: { olga: 404, carol: 404, ivan: 404 } },
} satisfies Readonly<Record<string, Row>>;
