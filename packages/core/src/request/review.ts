/**
 * One reviewer's word on a request. Never the requester's (promise 5), steps in order, one person in one step only over
 * the whole request, any deny ends it.
 */
import { TidegateError } from '../errors.ts';
import type { AccessRequest, Person, Review } from '../model.ts';
import { isEligible } from '../policy/candidates.ts';
import { describeStep } from '../policy/describe.ts';
import { assertPending } from './end.ts';
import { isFullyApproved, openStep } from './steps.ts';

export interface ReviewInput {
  readonly request: AccessRequest;
  /** With the groups that count now, not when the request was made. */
  readonly reviewer: Person;
  readonly decision: 'approve' | 'deny';
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
 * @throws TidegateError `own_request`, `wrong_state` (over, or lapsed), `already_reviewed`, `not_a_reviewer`, `comment_required`
 */
export function reviewRequest({ request, reviewer, decision, comment, now }: ReviewInput): Reviewed {
  if (reviewer.name === request.requester) {
    throw new TidegateError(
      'own_request',
      'Nobody reviews their own request.',
      'Ask one of the reviewers; to withdraw it, cancel it.',
    );
  }
  assertPending(request, now);
  if (request.reviews.some((review) => review.reviewer === reviewer.name)) {
    throw new TidegateError(
      'already_reviewed',
      'You have already reviewed this request, and each person counts once.',
      'Somebody else has to give the next approval.',
    );
  }
  const step = openStepFor(request, reviewer);
  const said = comment?.trim() ?? '';
  if (decision === 'deny' && said === '') {
    throw new TidegateError('comment_required', 'A denial needs a comment.', 'Say why: --comment "…".');
  }

  const review: Review = Object.freeze({
    reviewer: reviewer.name,
    step,
    decision,
    comment: said === '' ? null : said,
    at: now,
  });
  const reviewed = { ...request, reviews: Object.freeze([...request.reviews, review]) };
  if (decision === 'deny') return outcome({ ...reviewed, state: 'denied' });
  return outcome(isFullyApproved(reviewed) ? { ...reviewed, state: 'approved' } : reviewed);
}

/** The step the reviewer may act on. */
function openStepFor(request: AccessRequest, reviewer: Person): number {
  const index = openStep(request);
  const step = index === null ? undefined : request.steps[index];
  if (index === null || step === undefined) {
    // A pending request with no open step is a broken row: it must not be approved by being reviewed.
    throw new TidegateError('wrong_state', 'This request has no step to review.', 'Ask an administrator.');
  }
  if (isEligible(step, request.requester, reviewer)) return index;
  const later = request.steps.slice(index + 1).some((each) => isEligible(each, request.requester, reviewer));
  throw new TidegateError(
    'not_a_reviewer',
    later
      ? `Your step comes later: step ${index + 1} (${describeStep(step)}) comes first.`
      : `You are not a reviewer of this request: it waits for ${describeStep(step)}.`,
    later ? 'Wait until it is approved.' : '',
  );
}

function outcome(request: AccessRequest): Reviewed {
  return Object.freeze({ request: Object.freeze(request), approved: request.state === 'approved' });
}
