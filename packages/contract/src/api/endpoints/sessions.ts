/** Sessions. */

import { grantId, page, pageQuery, sessionId } from '../../shapes.ts';
import * as access from '../access.ts';
import { byId, type Endpoint, openOrAll } from './endpoint.ts';

export const sessions = {
  sessions: {
    method: 'GET',
    path: '/v1/sessions',
    access: 'person',
    summary: 'Sessions, newest first: the open ones, or all; yours, or for auditors and administrators everybody’s',
    query: pageQuery.extend({ state: openOrAll, grant: grantId.optional() }),
    answer: page(access.session),
  },
  cutSession: {
    method: 'POST',
    path: '/v1/sessions/:id/cut',
    access: 'person',
    summary: 'End one session now: its person, administrators, and the owners of its resource',
    params: byId(sessionId),
    body: access.cutSession,
    status: 204,
  },
} as const satisfies Readonly<Record<string, Endpoint>>;
