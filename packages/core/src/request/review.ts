/**
 * One reviewer's word on a request. Never the requester's (promise 5), stages in order, one person in one step only over
 * the whole round, any deny ends it. Who is away may have somebody stand in: that counts as both of them.
 */
import { TidegateError } from '../errors.ts';
import type { AccessRequest, Person, Review } from '../model.ts';
import { approvalsNeeded, isEligible, isRequester, namedIn } from '../policy/candidates.ts';
import { describeSteps } from '../policy/describe.ts';
import { compareDurations, durationProblem, formatDuration } from '../time.ts';
import { assertPending } from './end.ts';
import { agreedDuration, countedIn, isFullyApproved, seatFor, stepsOf, stepsOfOpenStage } from './steps.ts';

export interface ReviewInput {
  readonly request: AccessRequest;
  /** With the groups that count now, not when the request was made. */
  readonly reviewer: Person;
  /** People who are away now and have asked the reviewer to stand in for them. */
  readonly standsInFor: readonly Person[];
  readonly decision: 'approve' | 'deny';
  /** Approve for this long only; null: for as long as was asked for. */
  readonly duration: Temporal.Duration | null;
  readonly comment: string | null;
  readonly now: Temporal.Instant;
}

export interface Reviewed {
  readonly request: AccessRequest;
  /** True when this was the last approval it took: now a grant may be made. */
  readonly approved: boolean;
}

/**
 * Adds one review and moves the request on.
 *
 * @throws TidegateError `own_request`, `wrong_state` (over, or lapsed), `already_reviewed`, `not_a_reviewer`,
 *   `comment_required`, `duration_too_long`, `invalid_input`
 */
export function reviewRequest(input: ReviewInput): Reviewed {
  const { request, reviewer, decision, now } = input;
  assertAnotherPerson(request, reviewer);
  assertPending(request, now);
  if (countedIn(request).has(reviewer.name)) throw alreadyReviewed();
  const seat = reviewSeat(input);
  if (seat === null) throw notAReviewer(input);
  const said = input.comment?.trim() ?? '';
  if (decision === 'deny' && said === '') {
    throw new TidegateError('comment_required', 'A denial needs a comment.', 'Say why: --comment "…".');
  }

  const review: Review = Object.freeze({
    reviewer: reviewer.name,
    ...seat,
    round: request.round,
    decision,
    duration: decision === 'approve' ? shortened(request, input.duration) : null,
    comment: said === '' ? null : said,
    at: now,
  });
  const reviewed = { ...request, reviews: Object.freeze([...request.reviews, review]) };
  if (decision === 'deny') return outcome({ ...reviewed, state: 'denied' });
  return outcome(isFullyApproved(reviewed) ? { ...reviewed, state: 'approved' } : reviewed);
}

function assertAnotherPerson(request: AccessRequest, reviewer: Person): void {
  if (!isRequester({ name: request.requester, runBy: request.runBy }, reviewer.name)) return;
  throw new TidegateError(
    'own_request',
    reviewer.name === request.requester
      ? 'Nobody reviews their own request.'
      : `Nobody reviews what a workload of theirs asks for, and ${request.requester} is yours.`,
    'Ask one of the reviewers; to withdraw it, cancel it.',
  );
}

const alreadyReviewed = (): TidegateError =>
  new TidegateError(
    'already_reviewed',
    'You have already reviewed this request, and each person counts once.',
    'Somebody else has to give the next approval.',
  );

export type Seat = Pick<Review, 'step' | 'fits' | 'onBehalfOf'>;

/**
 * Where the reviewer may act now: in their own right where that brings the request on, else in the stead of
 * the first of the absent for whom it does.
 * null: nowhere, or they have been counted already.
 */
export function reviewSeat({
  request,
  reviewer,
  standsInFor,
  now,
}: Omit<ReviewInput, 'decision' | 'duration' | 'comment'>): Seat | null {
  const requester = { name: request.requester, runBy: request.runBy };
  const counted = countedIn(request);
  if (reviewer.kind !== 'person' || isRequester(requester, reviewer.name) || counted.has(reviewer.name)) return null;
  const open = stepsOfOpenStage(request, now);
  const seatOf = (person: Person): Omit<Seat, 'onBehalfOf'> | null => {
    const fits = open.flatMap(({ index, chosen }) => (isEligible(chosen, requester, person) ? [index] : []));
    const step = seatFor(request, fits);
    return step === null ? null : { step, fits: Object.freeze(fits) };
  };
  const own = seatOf(reviewer);
  if (own !== null) return { ...own, onBehalfOf: null };
  for (const absent of standsInFor) {
    const seat = counted.has(absent.name) ? null : seatOf(absent);
    if (seat !== null) return { ...seat, onBehalfOf: absent.name };
  }
  return null;
}

function notAReviewer({ request, reviewer }: ReviewInput): TidegateError {
  const steps = stepsOf(request);
  const lacking = steps.filter(({ state }) => state === 'open');
  if (lacking.length === 0) {
    // A pending request with no open step is a broken row: it must not be approved by being reviewed.
    return new TidegateError('wrong_state', 'This request has no step to review.', 'Ask an administrator.');
  }
  const requester = { name: request.requester, runBy: request.runBy };
  const waits = describeSteps(
    lacking.map(({ step, approvedBy }) => ({ ...step, count: approvalsNeeded(step) - approvedBy.length })),
  );
  const named = steps.filter(({ step }) => isEligible(namedIn(step, true), requester, reviewer));
  if (named.some(({ state }) => state === 'waiting')) {
    const what = `Your step comes later: it waits for ${waits} first.`;
    return new TidegateError('not_a_reviewer', what, 'Wait until it is your turn.');
  }
  return new TidegateError(
    'not_a_reviewer',
    named.some(({ state }) => state === 'done')
      ? `Your step has its approvals: it waits for ${waits}.`
      : `You are not a reviewer of this request: it waits for ${waits}.`,
  );
}

/** A reviewer may give less time than was asked for, never more. */
function shortened(request: AccessRequest, duration: Temporal.Duration | null): Temporal.Duration | null {
  if (duration === null) return null;
  const problem = durationProblem(duration);
  if (problem !== null) throw new TidegateError('invalid_input', `The duration ${problem}.`, 'Approve for 30m, or 1h.');
  const agreed = agreedDuration(request);
  if (compareDurations(duration, agreed) > 0) {
    throw new TidegateError(
      'duration_too_long',
      `A review can shorten the time, not lengthen it: ${formatDuration(agreed)} is what there is to agree to.`,
      `Approve for ${formatDuration(agreed)} or less.`,
    );
  }
  return duration;
}

function outcome(request: AccessRequest): Reviewed {
  return Object.freeze({ request: Object.freeze(request), approved: request.state === 'approved' });
}
