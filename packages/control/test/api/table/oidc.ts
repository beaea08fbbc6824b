/** Signing in at identity providers: here there is none, and who asks for one is told so. */
import { administrator, nobodyElse, type Row } from './row.ts';

const terminal = { destination: { port: 50_000, challenge: 'c'.repeat(43) } };
const link = { provider: 'corp', subject: 'x' };

export const oidc = {
  signInWays: { path: '/v1/sign-in', as: { olga: 'right' } },
  startSignIn: { path: '/v1/sign-in/providers/corp/start', body: () => terminal, as: { olga: 404 } },
  startStepUp: { path: '/v1/sign-in/step-up', body: () => terminal, as: { olga: 409 } },
  redeemSignIn: {
    path: '/v1/sign-in/redeem',
    body: () => ({ code: 'x', verifier: 'v'.repeat(43) }),
    as: { olga: 403 },
  },
  startDeviceSignIn: { path: '/v1/sign-in/providers/corp/device', as: { olga: 404 } },
  pollDeviceSignIn: { path: '/v1/sign-in/device', body: () => ({ handle: 'x' }), as: { olga: 403 } },
  identities: { path: '/v1/people/olga/identities', as: { ...nobodyElse, audrey: 'right', carol: 'right' } },
  linkIdentity: { path: '/v1/people/olga/identities', body: () => link, as: { ...administrator, carol: 404 } },
  unlinkIdentity: {
    path: '/v1/people/olga/identities?provider=corp&subject=x',
    as: { ...administrator, carol: 404 },
  },
} satisfies Readonly<Record<string, Row>>;
