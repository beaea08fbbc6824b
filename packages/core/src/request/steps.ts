/** How far a request has come: which steps are done, which are open and since when, who has approved. */
import type { PersonName } from '../ids.ts';
import type { AccessRequest, ApprovalStep, Chosen, Review } from '../model.ts';
import { approvalsNeeded, type GivenApprovals, isRequester, namedIn } from '../policy/candidates.ts';
import { countFor } from '../policy/counting.ts';
import { after, later, reached, shorter } from '../time.ts';

export interface StepProgress {
  readonly step: ApprovalStep;
  readonly approvedBy: readonly PersonName[];
  /** `open`: lacks approvals, and waits for them now; `waiting`: an earlier stage comes first, or the request is over. */
  readonly state: 'waiting' | 'open' | 'done';
  /**
   * An approval here brings the request on now. Also where the step is done: one that counts here counts for a step
   * that lacks it as soon as another comes in its place.
   */
  readonly takesMore: boolean;
  /** When it is escalated, where it is to be; null: never, or it takes nobody now. */
  readonly escalatesAt: Temporal.Instant | null;
}

/** One entry a step, in order. */
export function stepsOf(request: AccessRequest): readonly StepProgress[] {
  const counting = countingOf(request);
  const stage = openStage(request, counting);
  const since = stage === null ? null : openSince(request, stage);
  return request.steps.map((step, index) => {
    const approvedBy = Object.freeze(counting.approvers[index] ?? []);
    const isOpen = step.stage === stage;
    const takesMore = isOpen && counting.seatFor([index]) !== null;
    const state = isMet(step, approvedBy) ? 'done' : isOpen ? 'open' : 'waiting';
    const escalatesAt =
      takesMore && since !== null && step.escalate !== null ? after(since, step.escalate.after) : null;
    return Object.freeze({ step, approvedBy, state, takesMore, escalatesAt });
  });
}

export interface OpenStep {
  readonly index: number;
  readonly step: ApprovalStep;
  /** Whoever may give approvals for it at this moment. */
  readonly chosen: Chosen;
}

/** Steps that take approvals now, be it that they lack them or that one which counts there counts elsewhere then. */
export function openSteps(request: AccessRequest, now: Temporal.Instant): readonly OpenStep[] {
  const progress = stepsOf(request);
  return stepsOfOpenStage(request, now).filter(({ index }) => progress[index]?.takesMore === true);
}

/** All steps of the stage that waits for approvals now, also those that have theirs. Empty: none waits. */
export function stepsOfOpenStage(request: AccessRequest, now: Temporal.Instant): readonly OpenStep[] {
  const stage = openStage(request, countingOf(request));
  if (stage === null) return [];
  const since = openSince(request, stage);
  return request.steps.flatMap((step, index) => {
    if (step.stage !== stage) return [];
    const escalated = step.escalate !== null && reached(after(since, step.escalate.after), now);
    return [{ index, step, chosen: namedIn(step, escalated) }];
  });
}

/** The step that one more approval would count for, given those that it fits; null: it would bring the request no further. */
export function seatFor(request: AccessRequest, fits: readonly number[]): number | null {
  return countingOf(request).seatFor(fits);
}

/** True when every step has its distinct approvals, none of them the requester's. What the state says is not asked. */
export function isFullyApproved(request: AccessRequest): boolean {
  return firstUnmet(request, countingOf(request)) === null;
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

/** What was said in this round, for `couldBeApproved`. */
export function givenIn(request: AccessRequest): GivenApprovals {
  return { approvals: countingOf(request).fits, counted: countedIn(request) };
}

/** The stage that waits for approvals now; null: none does. */
function openStage(request: AccessRequest, counting: Counting): number | null {
  if (request.state !== 'pending') return null;
  return firstUnmet(request, counting);
}

/** The lowest stage with a step that lacks approvals. */
function firstUnmet(request: AccessRequest, { approvers }: Counting): number | null {
  const unmet = request.steps.flatMap((step, index) => (isMet(step, approvers[index] ?? []) ? [] : [step.stage]));
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

interface Counting {
  /** Of each step. */
  readonly approvers: readonly (readonly PersonName[])[];
  /** Of each approval that counts, the steps it fits. */
  readonly fits: readonly (readonly number[])[];
  /** Where one more approval would sit beside those. */
  readonly seatFor: (fits: readonly number[]) => number | null;
}

/** Which approval counts for which step: of all ways to tell them the one by which the most count. */
function countingOf(request: AccessRequest): Counting {
  const approvals = approvalsThatCount(request);
  const room = request.steps.map(approvalsNeeded);
  const fits = approvals.map((review) => fitsOf(request, review));
  const seats = countFor(room, fits);
  return {
    approvers: request.steps.map((_, step) =>
      approvals.flatMap(({ reviewer }, at) => (seats[at] === step ? [reviewer] : [])),
    ),
    fits,
    seatFor: (more) => countFor(room, [...fits, more]).at(-1) ?? null,
  };
}

/** Only of the stage in which it was given, whatever the list holds: no approval fills a stage ahead of its time. */
function fitsOf({ steps }: AccessRequest, { step, fits }: Review): readonly number[] {
  const stage = steps[step]?.stage;
  return fits.filter((index) => stage !== undefined && steps[index]?.stage === stage);
}

/**
 * Approvals, counted as promise 5 wants it, whatever the list holds: the requester never, nor who runs the workload that
 * asks, and nobody a second time, be it in their own right or in another's stead.
 */
function approvalsThatCount(request: AccessRequest): readonly Review[] {
  const requester = { name: request.requester, runBy: request.runBy };
  const seen = new Set<PersonName>();
  return reviewsOfRound(request).filter(({ reviewer, onBehalfOf, decision }) => {
    const hands = onBehalfOf === null ? [reviewer] : [reviewer, onBehalfOf];
    if (hands.some((hand) => seen.has(hand) || isRequester(requester, hand))) return false;
    for (const hand of hands) seen.add(hand);
    return decision === 'approve';
  });
}
