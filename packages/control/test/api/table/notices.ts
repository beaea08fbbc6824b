/** What people are told: each their own. */
import type { Row } from './row.ts';

export const notices = {
  notices: { path: '/v1/me/notices', as: { olga: 'right', audrey: 'right' } },
  readNotices: { path: '/v1/me/notices/read', body: () => ({ upTo: '1' }), as: { olga: 'right' } },
} satisfies Readonly<Record<string, Row>>;
