/** One reviewer's word on a request; the last approval it takes makes the grant, or moves its end. */
import type { RequestView } from '@tidegate/contract';
import {
  type AccessRequest,
  extendGrant,
  nextOpening,
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
import { assertAllowed, decideNow } from './decision.ts';
import { standsInFor } from './delegations.ts';
import { grantExtended, requestReviewed, windowsScheduled } from './events.ts';
import { type InForce, ruleOnExport } from './in-force.ts';
import { makeGrant } from './request.ts';
import { lockGrant, lockRequest } from './rows.ts';
import { assertGivesTheSame } from './same-given.ts';
import { saveActive, saveDecision, saveMayExport, saveNextOpening } from './save.ts';
import { assertMaySeeRequest, showRequest } from './show.ts';

export interface NewReview {
  readonly decision: Review['decision'];
  /** Approve for this long only; null: for as long as was asked for. */
  readonly duration: Temporal.Duration | null;
  readonly comment: string | null;
}

/**
 * Reviews. The request's row is locked: of two reviewers at once the second sees what the first decided. Throws
 * `not_found`, `own_request`, `not_a_reviewer`, `already_reviewed`, `comment_required`, `duration_too_long`,
 * `wrong_state`, `mfa_required`.
 */
export async function reviewRequest(
  context: Context,
  caller: Caller,
  id: RequestId,
  given: NewReview,
): Promise<RequestView> {
  const tried = { person: caller.name, request: id, decision: given.decision };
  return recorded(context, { kind: 'review.refused', data: tried }, () =>
    context.store.transaction(async (tx) => {
      const { request, row } = await lockRequest(tx, id);
      const now = context.now();
      const absent = await standsInFor(tx, caller.name, now);
      await assertMaySeeRequest(tx, caller, request, absent);
      const reviewer = await loadPerson(tx, caller.name);
      const reviewed = review({ ...given, request, reviewer, standsInFor: absent, now });
      assertFreshMfa(row.mfa, 'review', caller, now);
      await saveDecision(tx, request, reviewed.request, now);
      const followed = reviewed.approved ? [await followUp(context, tx, reviewed.request, now)] : [];
      const view = await showRequest(tx, id, now);
      await appendEvent(tx, ...newReviews(request, reviewed.request, now), ...followed);
      return view;
    }),
  );
}

const newReviews = (before: AccessRequest, after: AccessRequest, now: Temporal.Instant): ControlEvent[] =>
  after.reviews.slice(before.reviews.length).map((each) => requestReviewed(after, each, now));

/** What an approved request becomes: a grant, a later end of one, or windows that open when they are due. */
export async function followUp(
  context: Context,
  tx: Tx,
  request: AccessRequest,
  now: Temporal.Instant,
): Promise<ControlEvent> {
  const inForce = await currentConfig(tx);
  if (request.extends !== null) return moveEnd(tx, request, inForce, now);
  if (request.recurrence === null) return makeGrant(context, tx, request, inForce, now);
  const first = nextOpening(request.recurrence, now);
  await saveNextOpening(tx, request, first);
  return windowsScheduled(request, first, now);
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
  // An extension must not outgrow a policy that was tightened since it was asked for.
  const { decision } = await decideNow(tx, inForce, { ...request, extension: true }, now);
  await assertGivesTheSame(tx, inForce, request, grant.id);
  const { maxDuration, rule } = assertAllowed(decision);
  const extended = extendGrant(grant, request, maxDuration, now);
  await saveActive(tx, extended);
  await saveMayExport(tx, extended, ruleOnExport(inForce, rule));
  const before = grant.state === 'active' ? grant.expiresAt : now;
  return grantExtended(extended, before, request, now);
}
