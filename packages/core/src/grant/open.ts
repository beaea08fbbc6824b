/**
 * A grant's beginning. Approval makes it `scheduled`; its clock starts when its door opens, not when it was asked for
 * (docs/adr/0001): no minute is lost to a slow approval or a slow database.
 */
import { TidegateError } from '../errors.ts';
import { type GrantId, loginName } from '../ids.ts';
import type { AccessRequest, Grant } from '../model.ts';
import { agreedDuration, isFullyApproved } from '../request/steps.ts';
import { after, later, reached } from '../time.ts';
import type { ActiveGrant, ScheduledGrant } from './states.ts';
import { wrongState } from './states.ts';

/** A grant whose door could not be opened for this long is closed as failed: nobody waits for it any more. */
export const OPEN_WITHIN = Temporal.Duration.from({ hours: 8 });

/**
 * Makes the grant of an approved request, for as long as was agreed to.
 *
 * @param now when it was approved
 * @param opening which window, of a request whose windows come again; null: its only one
 * @throws TidegateError `wrong_state` unless it is approved, with every approval it needs, and is not an extension.
 */
export function scheduleGrant(
  request: AccessRequest,
  now: Temporal.Instant,
  id: GrantId,
  opening: Temporal.Instant | null = null,
): ScheduledGrant {
  assertApproved(request);
  if (request.extends !== null) {
    throw new TidegateError('wrong_state', 'An extension moves the end of its grant; it makes no new one.');
  }
  if ((request.recurrence === null) !== (opening === null)) {
    throw new TidegateError('wrong_state', 'Windows that come again have a grant each, and others have one alone.');
  }
  const duration = agreedDuration(request);
  const startsAt = opening ?? request.startsAt;
  return Object.freeze({
    id,
    request: request.id,
    person: request.requester,
    resource: request.resource,
    role: request.role,
    loginName: loginName(request.requester, id),
    duration,
    notBefore: startsAt,
    opening,
    openBy: opening === null ? after(later(now, startsAt ?? now), OPEN_WITHIN) : after(opening, duration),
    state: 'scheduled',
  });
}

/**
 * Starts the clock: the principal is prepared, and the door opens now.
 *
 * @throws TidegateError `wrong_state` unless it is scheduled, its time has come, and `openBy` is not over.
 */
export function activate(grant: Grant, now: Temporal.Instant): ActiveGrant {
  if (grant.state !== 'scheduled') throw wrongState(grant, 'opened');
  if (grant.notBefore !== null && !reached(grant.notBefore, now)) {
    throw new TidegateError(
      'wrong_state',
      `Grant ${grant.id} is not to be opened before ${grant.notBefore.toString()}.`,
    );
  }
  if (reached(grant.openBy, now)) {
    throw new TidegateError(
      'wrong_state',
      `Grant ${grant.id} was to be opened by ${grant.openBy.toString()}, which is over.`,
    );
  }
  const expiresAt = after(grant.opening ?? now, grant.duration);
  return Object.freeze({ ...grant, state: 'active', startsAt: now, expiresAt });
}

/**
 * Holds promise 5 a second time, where it counts: a request said to be approved without its approvals (a changed row, a
 * mistake elsewhere) opens nothing.
 */
export function assertApproved(request: AccessRequest): void {
  if (request.state !== 'approved') {
    throw new TidegateError('wrong_state', `Request ${request.id} is ${request.state}, not approved.`);
  }
  if (!isFullyApproved(request)) {
    throw new TidegateError('wrong_state', `Request ${request.id} does not have every approval that it needs.`);
  }
}
