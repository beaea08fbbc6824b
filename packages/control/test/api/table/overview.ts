/** Overview: auditors and administrators of all, owners of what is theirs. */
import { nobodyElse, type Row } from './row.ts';

export const overview = {
  overview: { path: '/v1/overview', as: { ...nobodyElse, ivan: 403, dan: 'right', audrey: 'right', carol: 'right' } },
} satisfies Readonly<Record<string, Row>>;
