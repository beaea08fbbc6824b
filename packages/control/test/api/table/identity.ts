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
} satisfies Readonly<Record<string, Row>>;
