/** How a pending request ends without a decision: its requester cancels it, or its time is over. */
import { TidegateError } from '../errors.ts';
import type { PersonName } from '../ids.ts';
import type { AccessRequest } from '../model.ts';
import { reached } from '../time.ts';

/**
 * The requester takes the request back.
 *
 * @throws TidegateError `forbidden` for anybody else, `wrong_state` when it is over or has lapsed.
 */
export function cancelRequest(request: AccessRequest, by: PersonName, now: Temporal.Instant): AccessRequest {
  if (by !== request.requester) {
    throw new TidegateError(
      'forbidden',
      'Only the person who made a request can cancel it.',
      'A reviewer can deny it instead.',
    );
  }
  assertPending(request, now);
  return Object.freeze({ ...request, state: 'cancelled' });
}

/** True when nobody decided in time and `lapseRequest` should be called. */
export function isLapseDue(request: AccessRequest, now: Temporal.Instant): boolean {
  return request.state === 'pending' && reached(request.lapsesAt, now);
}

/**
 * Ends a request that nobody decided in time.
 *
 * @throws TidegateError `wrong_state` when it is over already, or its time is not yet over.
 */
export function lapseRequest(request: AccessRequest, now: Temporal.Instant): AccessRequest {
  if (!isLapseDue(request, now)) {
    throw new TidegateError(
      'wrong_state',
      request.state === 'pending' ? 'This request has not lapsed yet.' : `This request is already ${request.state}.`,
    );
  }
  return Object.freeze({ ...request, state: 'lapsed' });
}

/** A request can be moved only while it is pending and its time is not over, whether or not that was noted yet. */
export function assertPending(request: AccessRequest, now: Temporal.Instant): void {
  if (request.state !== 'pending') {
    throw new TidegateError('wrong_state', `This request is already ${request.state}.`, 'Make a new one if needed.');
  }
  if (isLapseDue(request, now)) {
    throw new TidegateError('wrong_state', 'This request has lapsed: nobody decided in time.', 'Make a new one.');
  }
}
