/** Grants. */
import { z } from 'zod';
import { grantId, page, pageQuery, personName, resourceName, ticketId } from '../../shapes.ts';
import * as access from '../access.ts';
import * as back from '../looking-back.ts';
import { byId, type Endpoint, openOrAll, wait } from './endpoint.ts';

export const grants = {
  grants: {
    method: 'GET',
    path: '/v1/grants',
    access: 'person',
    summary: 'Grants, newest first: the open ones, or all; yours, or for auditors and administrators everybody’s',
    query: pageQuery.extend({
      state: openOrAll,
      person: personName.optional(),
      resource: resourceName.optional(),
    }),
    answer: page(access.grant),
  },
  grant: {
    method: 'GET',
    path: '/v1/grants/:id',
    access: 'person',
    summary:
      'One grant; with `wait`, as soon as it changes, at once when it is neither on its way to open nor to close',
    params: byId(grantId),
    query: z.object({ wait }),
    answer: access.grant,
  },
  grantStory: {
    method: 'GET',
    path: '/v1/grants/:id/story',
    access: 'person',
    summary: 'Everything about one grant in order: request, reviews, opening, sessions, statements, end',
    params: byId(grantId),
    query: pageQuery,
    answer: back.grantStory,
  },
  extendGrant: {
    method: 'POST',
    path: '/v1/grants/:id/extend',
    access: 'person',
    summary: 'Ask for more time; the grant’s end moves when that is approved',
    params: byId(grantId),
    body: access.extendGrant,
    status: 201,
    answer: access.request,
  },
  relinquishGrant: {
    method: 'POST',
    path: '/v1/grants/:id/relinquish',
    access: 'person',
    summary: 'Give your grant back before its end',
    params: byId(grantId),
    answer: access.grant,
  },
  revokeGrant: {
    method: 'POST',
    path: '/v1/grants/:id/revoke',
    access: 'person',
    summary: 'Take a grant away: administrators, and the owners of its resource',
    params: byId(grantId),
    body: access.revokeGrant,
    answer: access.grant,
  },
  connect: {
    method: 'POST',
    path: '/v1/connect',
    access: 'person',
    summary: 'Get a ticket for your active grant; answered once a gateway lets it in',
    body: access.connect,
    answer: access.connection,
  },
  revokeTicket: {
    method: 'DELETE',
    path: '/v1/grants/:id/tickets/:ticket',
    access: 'person',
    summary: 'Make one ticket worthless',
    params: z.object({ id: grantId, ticket: ticketId }),
    status: 204,
  },
  outgrownGrants: {
    method: 'GET',
    path: '/v1/grants/outgrown',
    access: 'person',
    summary: 'Open grants that today’s policy would not give, for owners, auditors and administrators to decide on',
    answer: page(access.outgrownGrant),
  },
  keepGrant: {
    method: 'POST',
    path: '/v1/grants/:id/keep',
    access: 'person',
    summary: 'Let a grant go on that today’s policy would not give: administrators, and the owners of its resource',
    params: byId(grantId),
    body: access.keepGrant,
    answer: access.outgrownGrant,
  },
} as const satisfies Readonly<Record<string, Endpoint>>;
