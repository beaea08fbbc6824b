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
  afterReviews: { path: '/v1/after-reviews?state=all', as: { olga: 'right', audrey: 'right' } },
  // No break-glass was asked for: there is nothing of it to see.
  afterReview: {
    path: '/v1/requests/:request/after-review',
    body: () => ({ verdict: 'justified', comment: 'x' }),
    as: { olga: 404, alice: 404, carol: 404 },
  },
  delegations: { path: '/v1/delegations', as: { olga: 'right', audrey: 'right' } },
  createDelegation: {
    path: '/v1/delegations',
    body: () => ({ person: 'lea', delegate: 'dan', endsAt: '2100-01-01T00:00:00Z' }),
    as: { olga: 403, bob: 403, audrey: 403, carol: 400 },
  },
  endDelegation: { path: '/v1/delegations/dlg_none', as: { olga: 404, carol: 404 } },
} satisfies Readonly<Record<string, Row>>;
