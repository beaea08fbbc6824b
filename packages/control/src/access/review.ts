/** One reviewer's word on a request; the last approval it takes makes the grant, or moves its end. */
import type { RequestView } from '@tidegate/contract';
import {
  type AccessRequest,
  decide,
  extendGrant,
  type RequestId,
  type Review,
  reviewRequest as review,
  TidegateError,
} from '@tidegate/core';
import { currentConfig } from '../config/current.ts';
import type { Context } from '../context.ts';
import type { Caller } from '../identity/caller.ts';
import { assertFreshMfa } from '../identity/mfa.ts';
import { loadPerson } from '../identity/people.ts';
import { appendEvent, type ControlEvent } from '../record/events.ts';
import { recorded } from '../refusals.ts';
import type { Tx } from '../store/schema.ts';
import { grantExtended, requestReviewed } from './events.ts';
import { type InForce, resourceNamed } from './in-force.ts';
import { assertAllowed, makeGrant } from './request.ts';
import { lockGrant, lockRequest } from './rows.ts';
import { assertGivesTheSame } from './same-given.ts';
import { saveActive, saveDecision } from './save.ts';
import { assertMaySeeRequest, showRequest } from './show.ts';

export interface NewReview {
  readonly decision: Review['decision'];
  readonly comment: string | null;
}

/**
 * Reviews. The request's row is locked: of two reviewers at once the second sees what the first decided. Throws
 * `not_found`, `own_request`, `not_a_reviewer`, `already_reviewed`, `comment_required`, `wrong_state`, `mfa_required`.
 */
export async function reviewRequest(
  context: Context,
  caller: Caller,
  id: RequestId,
  { decision, comment }: NewReview,
): Promise<RequestView> {
  const tried = { person: caller.name, request: id, decision };
  return recorded(context, { kind: 'review.refused', data: tried }, () =>
    context.store.transaction(async (tx) => {
      const { request, row } = await lockRequest(tx, id);
      await assertMaySeeRequest(tx, caller, request);
      const now = context.now();
      const reviewer = await loadPerson(tx, caller.name);
      const reviewed = review({ request, reviewer, decision, comment, now });
      assertFreshMfa(row.mfa, 'review', caller, now);
      await saveDecision(tx, request, reviewed.request, now);
      const followed = reviewed.approved ? [await followUp(context, tx, reviewed.request, now)] : [];
      await appendEvent(tx, ...newReviews(request, reviewed.request, now), ...followed);
      return showRequest(tx, id);
    }),
  );
}

const newReviews = (before: AccessRequest, after: AccessRequest, now: Temporal.Instant): ControlEvent[] =>
  after.reviews.slice(before.reviews.length).map((each) => requestReviewed(after, each, now));

async function followUp(
  context: Context,
  tx: Tx,
  request: AccessRequest,
  now: Temporal.Instant,
): Promise<ControlEvent> {
  const inForce = await currentConfig(tx);
  return request.extends === null ? makeGrant(context, tx, request, inForce, now) : moveEnd(tx, request, inForce, now);
}

/** The open grant goes on: same principal, same sessions, a later end. */
export async function moveEnd(
  tx: Tx,
  request: AccessRequest,
  inForce: InForce,
  now: Temporal.Instant,
): Promise<ControlEvent> {
  if (request.extends === null) throw new TidegateError('internal', `Request ${request.id} extends nothing.`);
  const grant = await lockGrant(tx, request.extends);
  const { maxDuration } = await longestNow(tx, request, inForce, now);
  await assertGivesTheSame(tx, inForce, request, grant.id);
  const extended = extendGrant(grant, request, maxDuration, now);
  await saveActive(tx, extended);
  const before = grant.state === 'active' ? grant.expiresAt : now;
  return grantExtended(extended, before, request, now);
}

/** What today's policy gives this person at most: an extension must not outgrow a policy that was tightened since. */
async function longestNow(tx: Tx, request: AccessRequest, inForce: InForce, now: Temporal.Instant) {
  const { requester, role, duration, reason, ticket } = request;
  const person = await loadPerson(tx, requester);
  const resource = resourceNamed(inForce, request.resource);
  return assertAllowed(decide({ policy: inForce.policy, person, resource, role, duration, reason, ticket, now }));
}
