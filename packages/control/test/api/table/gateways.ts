/** Gateways. */
import { administrator, nobodyElse, type Row } from './row.ts';

export const gateways = {
  gateways: { path: '/v1/gateways', as: { ...nobodyElse, audrey: 'right' } },
  createJoinToken: {
    path: '/v1/gateways/join-tokens',
    body: () => ({ name: 'far' }),
    as: { ...administrator, carol: 'right' },
  },
  revokeGateway: {
    path: '/v1/gateways/near/revoke',
    body: () => ({ reason: 'x' }),
    as: { ...administrator, carol: 'right' },
  },
  giveUpResource: {
    path: '/v1/resources/orders/give-up',
    body: () => ({ reason: 'x' }),
    as: { ...administrator, carol: 409 },
  },
  findings: { path: '/v1/findings', as: { ...nobodyElse, audrey: 'right' } },
  resolveFinding: {
    path: '/v1/findings/fnd_0/resolve',
    body: () => ({ reason: 'x' }),
    as: { ...administrator, carol: 404 },
  },
} satisfies Readonly<Record<string, Row>>;
