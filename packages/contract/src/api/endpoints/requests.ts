/** Asking and agreeing. */
import { z } from 'zod';
import { page, pageQuery, requestId } from '../../shapes.ts';
import * as access from '../access.ts';
import { byId, type Endpoint, openOrAll, wait } from './endpoint.ts';

export const requests = {
  explain: {
    method: 'GET',
    path: '/v1/explain',
    access: 'person',
    summary: 'What would be decided, by which rule and why; for others than yourself as auditor or administrator',
    query: access.explainQuery,
    answer: access.explanation,
  },
  requests: {
    method: 'GET',
    path: '/v1/requests',
    access: 'person',
    summary: 'Requests, newest first: yours, those you can review, or all you may see',
    query: pageQuery.extend({ filter: access.requestFilter.default('mine') }),
    answer: page(access.request),
  },
  createRequest: {
    method: 'POST',
    path: '/v1/requests',
    access: 'person',
    summary: 'Ask for access',
    body: access.newRequest,
    status: 201,
    answer: access.request,
  },
  request: {
    method: 'GET',
    path: '/v1/requests/:id',
    access: 'person',
    summary: 'One request; with `wait`, as soon as it or its grant changes, at once when nothing is on its way',
    params: byId(requestId),
    query: z.object({ wait }),
    answer: access.request,
  },
  review: {
    method: 'POST',
    path: '/v1/requests/:id/reviews',
    access: 'person',
    summary: 'Approve or deny',
    params: byId(requestId),
    body: access.newReview,
    answer: access.request,
  },
  cancelRequest: {
    method: 'POST',
    path: '/v1/requests/:id/cancel',
    access: 'person',
    summary: 'Take your request back',
    params: byId(requestId),
    answer: access.request,
  },

  // After break-glass
  afterReviews: {
    method: 'GET',
    path: '/v1/after-reviews',
    access: 'person',
    summary: 'Break-glass requests that are to be looked at afterwards, by when: those you can look at, or may see',
    query: pageQuery.extend({ state: openOrAll }),
    answer: page(access.afterReview),
  },
  afterReview: {
    method: 'POST',
    path: '/v1/requests/:id/after-review',
    access: 'person',
    summary: 'Say whether a break-glass was justified: who was told of it, never who asked',
    params: byId(requestId),
    body: access.newAfterReview,
    answer: access.afterReview,
  },

  // Standing in
  delegations: {
    method: 'GET',
    path: '/v1/delegations',
    access: 'person',
    summary: 'Who stands in for whom: yours, or for auditors and administrators everybody’s',
    query: pageQuery.extend({ state: openOrAll }),
    answer: page(access.delegation),
  },
  createDelegation: {
    method: 'POST',
    path: '/v1/delegations',
    access: 'person',
    summary: 'Have somebody review in your stead while you are away',
    body: access.newDelegation,
    status: 201,
    answer: access.delegation,
  },
  endDelegation: {
    method: 'DELETE',
    path: '/v1/delegations/:id',
    access: 'person',
    summary: 'End it: whoever is stood in for, and administrators',
    params: byId(z.string().max(64)),
    status: 204,
  },
} as const satisfies Readonly<Record<string, Endpoint>>;
