/** Identity. */
import { PASSWORD } from '../../support/api.ts';
import { person, type Row } from './row.ts';

export const identity = {
  setup: { path: '/v1/setup', body: () => ({ token: 'x', people: [person('eve')] }), as: { olga: 409 } },
  login: { path: '/v1/login', body: () => ({ user: 'olga', password: PASSWORD }), as: { olga: 'right' } },
  me: { path: '/v1/me', as: { olga: 'right' } },
  changePassword: {
    path: '/v1/me/password',
    body: () => ({ current: PASSWORD, password: PASSWORD }),
    as: { dan: 'right' },
  },
  enrolTotp: { path: '/v1/me/mfa/totp', body: () => ({ password: PASSWORD }), as: { olga: 'right' } },
  confirmTotp: { path: '/v1/me/mfa/totp/confirm', body: () => ({ code: '000000' }), as: { olga: 403 } },
  verifyTotp: { path: '/v1/me/mfa/totp/verify', body: () => ({ code: '000000' }), as: { olga: 403 } },
  removeTotp: { path: '/v1/me/mfa/totp', as: { olga: 403 } },
} satisfies Readonly<Record<string, Row>>;
