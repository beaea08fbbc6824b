/** Requests. */
import type { Row } from './row.ts';

export const requests = {
  explain: {
    path: '/v1/explain?resource=orders&role=reader&as=alice',
    as: { olga: 403, alice: 'right', audrey: 'right', carol: 'right' },
  },
  requests: { path: '/v1/requests?filter=all', as: { olga: 'right', carol: 'right' } },
  createRequest: {
    path: '/v1/requests',
    body: () => ({ resource: 'orders', role: 'reader', reason: 'x' }),
    as: { olga: 403, carol: 403, alice: 'right' },
  },
  request: {
    path: '/v1/requests/:request',
    as: { olga: 404, ivan: 404, alice: 'right', bob: 'right', audrey: 'right' },
  },
} satisfies Readonly<Record<string, Row>>;
