/** How things are: for auditors and administrators of all, for owners of what they own. */
import * as back from '../looking-back.ts';
import type { Endpoint } from './endpoint.ts';

export const overview = {
  overview: {
    method: 'GET',
    path: '/v1/overview',
    access: 'person',
    summary:
      'Open access, time to approve, break-glass, refused attempts, unused grants, people with the most access; of the last 30 days unless `since` says more',
    query: back.overviewQuery,
    answer: back.overview,
  },
} as const satisfies Readonly<Record<string, Endpoint>>;
