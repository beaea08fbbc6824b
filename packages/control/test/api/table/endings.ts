/** What ends something, or decides: after everything else. */
import type { Row } from './row.ts';

export const endings = {
  extendGrant: {
    path: '/v1/grants/:grant/extend',
    body: () => ({ duration: '10m' }),
    as: { olga: 404, carol: 403, ivan: 'right' },
  },
  review: {
    path: '/v1/requests/:request/reviews',
    body: () => ({ decision: 'approve' }),
    as: { olga: 404, alice: 403, carol: 403, dan: 403, bob: 'right' },
  },
  cancelRequest: { path: '/v1/requests/:request/cancel', as: { olga: 404, bob: 403, alice: 409 } },
  relinquishGrant: { path: '/v1/grants/:grant/relinquish', as: { olga: 404, carol: 403, ivan: 'right' } },
  revokeGrant: {
    path: '/v1/grants/:grant/revoke',
    body: () => ({ reason: 'x' }),
    as: { olga: 404, audrey: 403, ivan: 403, carol: 409 },
  },
  logout: { path: '/v1/logout', as: { olga: 'right' } },
} satisfies Readonly<Record<string, Row>>;
