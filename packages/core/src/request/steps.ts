/** How far a request has come: which steps are done, which are open and since when, who has approved. */
import type { PersonName } from '../ids.ts';
import type { AccessRequest, ApprovalStep, Chosen, Review } from '../model.ts';
import { approvalsNeeded, type GivenApproval, isRequester, namedIn } from '../policy/candidates.ts';
import { after, later, reached, shorter } from '../time.ts';

export interface StepProgress {
  readonly step: ApprovalStep;
  readonly approvedBy: readonly PersonName[];
  /** `open`: waiting for approvals now; `waiting`: an earlier stage comes first, or the request is over. */
  readonly state: 'waiting' | 'open' | 'done';
  /** When it is escalated, where it is to be; null: never, or it does not wait yet. */
  readonly escalatesAt: Temporal.Instant | null;
}

/** One entry a step, in order. */
export function stepsOf(request: AccessRequest): readonly StepProgress[] {
  const stage = openStage(request);
  const since = stage === null ? null : openSince(request, stage);
  return request.steps.map((step, index) => {
    const approvedBy = approversOf(request, index);
    const done = isMet(step, approvedBy);
    const open = !done && step.stage === stage;
    const escalatesAt = open && since !== null && step.escalate !== null ? after(since, step.escalate.after) : null;
    return Object.freeze({ step, approvedBy, state: done ? 'done' : open ? 'open' : 'waiting', escalatesAt });
  });
}

/** Steps that wait for approvals now, with whoever may give them at this moment. Empty: none does. */
export function openSteps(
  request: AccessRequest,
  now: Temporal.Instant,
): readonly { readonly index: number; readonly step: ApprovalStep; readonly chosen: Chosen }[] {
  return stepsOf(request).flatMap(({ step, state, escalatesAt }, index) => {
    if (state !== 'open') return [];
    const escalated = escalatesAt !== null && reached(escalatesAt, now);
    return [{ index, step, chosen: namedIn(step, escalated) }];
  });
}

/** True when every step has its distinct approvals, none of them the requester's. What the state says is not asked. */
export function isFullyApproved(request: AccessRequest): boolean {
  return firstUnmet(request) === null;
}

/** The longest that was agreed to: what was asked for, or what the reviewer who was least generous left of it. */
export function agreedDuration(request: AccessRequest): Temporal.Duration {
  return reviewsOfRound(request)
    .filter(({ decision }) => decision === 'approve')
    .reduce((least, { duration }) => (duration === null ? least : shorter(least, duration)), request.duration);
}

/** Reviews that count: those of the round that is decided now. */
export function reviewsOfRound({ reviews, round }: AccessRequest): readonly Review[] {
  return reviews.filter((review) => review.round === round);
}

/** Whoever has been counted in this round: reviewers, and those in whose stead they reviewed. */
export function countedIn(request: AccessRequest): ReadonlySet<PersonName> {
  return new Set(
    reviewsOfRound(request).flatMap(({ reviewer, onBehalfOf }) =>
      onBehalfOf === null ? [reviewer] : [reviewer, onBehalfOf],
    ),
  );
}

/** Approvals that were given in this round, for `couldBeApproved`. */
export function givenIn(request: AccessRequest): readonly GivenApproval[] {
  return reviewsOfRound(request).flatMap(({ reviewer, step, decision }) =>
    decision === 'approve' ? [{ person: reviewer, step }] : [],
  );
}

/** The stage that waits for approvals now; null: none does. */
function openStage(request: AccessRequest): number | null {
  if (request.state !== 'pending') return null;
  return firstUnmet(request);
}

/** The lowest stage with a step that lacks approvals. */
function firstUnmet(request: AccessRequest): number | null {
  const unmet = request.steps.flatMap((step, index) => (isMet(step, approversOf(request, index)) ? [] : [step.stage]));
  return unmet.length === 0 ? null : Math.min(...unmet);
}

/** A stage opens with its round, or with the last approval of the stages before it. */
function openSince(request: AccessRequest, stage: number): Temporal.Instant {
  return reviewsOfRound(request)
    .filter(({ step, decision }) => decision === 'approve' && (request.steps[step]?.stage ?? stage) < stage)
    .reduce((latest, { at }) => later(latest, at), request.roundAt);
}

function isMet(step: ApprovalStep, approvedBy: readonly PersonName[]): boolean {
  return approvedBy.length >= approvalsNeeded(step);
}

/**
 * Who approved a step. Counted as promise 5 wants it, whatever the list holds: the requester never, nor who runs the
 * workload that asks, and nobody a second time, be it in their own right or in another's stead.
 */
function approversOf(request: AccessRequest, index: number): readonly PersonName[] {
  const requester = { name: request.requester, runBy: request.runBy };
  const seen = new Set<PersonName>();
  const approvers: PersonName[] = [];
  for (const { reviewer, onBehalfOf, step, decision } of reviewsOfRound(request)) {
    const hands = onBehalfOf === null ? [reviewer] : [reviewer, onBehalfOf];
    if (hands.some((hand) => seen.has(hand) || isRequester(requester, hand))) continue;
    for (const hand of hands) seen.add(hand);
    if (step === index && decision === 'approve') approvers.push(reviewer);
  }
  return Object.freeze(approvers);
}
