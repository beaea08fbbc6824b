/** The live stream. Not in the table, because its answer does not end. */
import type { Endpoint } from './endpoint.ts';

export const liveStream = {
  method: 'GET',
  path: '/v1/stream',
  access: 'person',
  summary:
    'Server-sent events: which requests, grants and sessions that you may see have changed, and whether you are told anything new',
} as const satisfies Endpoint;
