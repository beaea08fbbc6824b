/** Sessions. */
import type { Row } from './row.ts';

export const sessions = {
  sessions: { path: '/v1/sessions', as: { olga: 'right', ivan: 'right', audrey: 'right' } },
  session: {
    path: '/v1/sessions/:session',
    as: { olga: 404, alice: 404, audrey: 'right', dan: 'right', ivan: 'right', carol: 'right' },
  },
  sessionStatements: {
    path: '/v1/sessions/:session/statements',
    as: { olga: 404, alice: 404, audrey: 'right', dan: 'right', ivan: 'right', carol: 'right' },
  },
  cutSession: {
    path: '/v1/sessions/:session/cut',
    body: () => ({ reason: 'x' }),
    as: { olga: 404, alice: 404, audrey: 403, dan: 'right', ivan: 'right', carol: 'right' },
  },
} satisfies Readonly<Record<string, Row>>;
