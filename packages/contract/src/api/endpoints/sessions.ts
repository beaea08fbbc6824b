/** Sessions. */

import { z } from 'zod';
import { grantId, page, pageQuery, sessionId } from '../../shapes.ts';
import * as access from '../access.ts';
import * as back from '../looking-back.ts';
import { byId, type Endpoint, openOrAll } from './endpoint.ts';

export const sessions = {
  sessions: {
    method: 'GET',
    path: '/v1/sessions',
    access: 'person',
    summary: 'Sessions, newest first: the open ones, or all; yours, or for auditors and administrators everybody’s',
    query: pageQuery.extend({ state: openOrAll, grant: grantId.optional(), ...back.sessionFilter.shape }),
    answer: page(access.session),
  },
  session: {
    method: 'GET',
    path: '/v1/sessions/:id',
    access: 'person',
    summary: 'One session',
    params: byId(sessionId),
    answer: back.sessionDetail,
  },
  sessionStatements: {
    method: 'GET',
    path: '/v1/sessions/:id/statements',
    access: 'person',
    summary:
      'What was done in a session, oldest first, each with its values, its outcome and its time: what a replay shows',
    params: byId(sessionId),
    query: pageQuery,
    answer: page(back.sessionStatement),
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

/**
 * Server-sent events, each a `sessionStatement`: once as it is on record and again with its outcome; then `ended`. Resumed
 * by `Last-Event-ID`. Not in the table, because its answer is a stream.
 */
export const sessionLive = {
  method: 'GET',
  path: '/v1/sessions/:id/live',
  access: 'person',
  summary: 'What is done in an open session, as it comes on record',
  params: byId(sessionId),
  query: z.object({ after: z.string().max(512).optional() }),
} as const satisfies Endpoint;
