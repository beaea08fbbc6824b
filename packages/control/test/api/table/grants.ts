/** Grants. */
import type { Row } from './row.ts';

export const grants = {
  grants: { path: '/v1/grants?state=all', as: { olga: 'right' } },
  grant: { path: '/v1/grants/:grant', as: { olga: 404, alice: 404, dan: 'right', ivan: 'right', carol: 'right' } },
  grantStory: {
    path: '/v1/grants/:grant/story',
    as: { olga: 404, alice: 404, dan: 'right', audrey: 'right', ivan: 'right', carol: 'right' },
  },
  connect: {
    path: '/v1/connect',
    body: () => ({ resource: 'orders' }),
    as: { olga: 409, carol: 409, ivan: 'right' },
  },
  revokeTicket: { path: '/v1/grants/:grant/tickets/:ticket', as: { olga: 404, audrey: 403, ivan: 'right' } },
  outgrownGrants: { path: '/v1/grants/outgrown', as: { olga: 'right', carol: 'right' } },
  keepGrant: {
    path: '/v1/grants/:grant/keep',
    body: () => ({ comment: 'x' }),
    as: { olga: 404, audrey: 403, ivan: 403, carol: 409 },
  },
} satisfies Readonly<Record<string, Row>>;
