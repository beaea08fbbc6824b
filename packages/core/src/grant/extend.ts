/** Moving a grant's end while it is open, so that no session has to be reopened. */
import { TidegateError } from '../errors.ts';
import type { AccessRequest, Grant } from '../model.ts';
import { agreedDuration } from '../request/steps.ts';
import { after, compareDurations, durationProblem, formatDuration, milliseconds, reached } from '../time.ts';
import { assertApproved } from './open.ts';
import { type ActiveGrant, wrongState } from './states.ts';

/**
 * How much longer a grant could be made: what is left of `maxDuration`, counted from its start. Zero when nothing is, or
 * when it is not active.
 *
 * @param maxDuration the longest that today's policy gives for this grant's person, role and resource
 */
export function longestExtension(grant: Grant, maxDuration: Temporal.Duration): Temporal.Duration {
  if (grant.state !== 'active') return new Temporal.Duration();
  const used = grant.expiresAt.since(grant.startsAt, { largestUnit: 'hour' });
  const left = milliseconds(maxDuration) - milliseconds(used);
  return Temporal.Duration.from({ milliseconds: Math.max(0, Math.trunc(left)) }).round({ largestUnit: 'hour' });
}

/**
 * Adds an approved extension's duration to the end. The whole, from `startsAt`, stays within the maximum: an extension
 * is never a way around it.
 *
 * @param maxDuration the longest that today's policy gives
 * @throws TidegateError `wrong_state` unless the grant is active, not yet over, and the request is an approved extension
 *   of it; `duration_too_long` naming what is left.
 */
export function extendGrant(
  grant: Grant,
  request: AccessRequest,
  maxDuration: Temporal.Duration,
  now: Temporal.Instant,
): ActiveGrant {
  assertApproved(request);
  if (
    request.extends !== grant.id ||
    request.requester !== grant.person ||
    request.resource !== grant.resource ||
    request.role !== grant.role
  ) {
    throw new TidegateError('wrong_state', `Request ${request.id} is not an extension of grant ${grant.id}.`);
  }
  const duration = agreedDuration(request);
  assertExtendable(grant, duration, maxDuration, now);
  return Object.freeze({ ...grant, expiresAt: after(grant.expiresAt, duration) });
}

/**
 * What `extendGrant` checks of the grant itself, for use when an extension is asked for.
 *
 * @throws TidegateError `wrong_state`, `invalid_input`, `duration_too_long`
 */
export function assertExtendable(
  grant: Grant,
  duration: Temporal.Duration,
  maxDuration: Temporal.Duration,
  now: Temporal.Instant,
): asserts grant is ActiveGrant {
  if (grant.state !== 'active') throw wrongState(grant, 'extended');
  if (reached(grant.expiresAt, now)) {
    throw new TidegateError('wrong_state', `Grant ${grant.id} has ended.`, 'Make a new request.');
  }
  const problem = durationProblem(duration);
  if (problem !== null) throw new TidegateError('invalid_input', `The duration ${problem}.`, 'Ask for 30m, or 1h.');
  const left = longestExtension(grant, maxDuration);
  if (compareDurations(duration, left) <= 0) return;
  throw new TidegateError(
    'duration_too_long',
    `${formatDuration(duration)} more is too long: a grant like this lasts at most ${formatDuration(maxDuration)} from its start.`,
    left.blank ? 'Make a new request when it ends.' : `Extend it by ${formatDuration(left)} or less.`,
  );
}
