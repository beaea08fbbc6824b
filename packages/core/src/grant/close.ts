/** A grant's end: `closing` is over for every client at once, `closed` is when its principal was seen gone. */
import { TidegateError } from '../errors.ts';
import type { PersonName } from '../ids.ts';
import type { Closing, Grant } from '../model.ts';
import { reached } from '../time.ts';
import { type ClosedGrant, type ClosingGrant, wrongState } from './states.ts';

/** Ended by a person: `relinquished` by its holder, `revoked` by anybody else. */
export function closedBy(grant: Grant, by: PersonName, comment: string | null): Closing {
  return Object.freeze({ reason: by === grant.person ? 'relinquished' : 'revoked', by, comment });
}

/** Ended by the clock: see `due`. */
export const EXPIRED: Closing = Object.freeze({ reason: 'expired', by: null, comment: null });

/** Could not be opened, or its resource went away; `comment` says what happened, in words fit for the person. */
export function failed(comment: string): Closing {
  return Object.freeze({ reason: 'failed', by: null, comment });
}

/**
 * Ends a grant for every client.
 *
 * @throws TidegateError `wrong_state` when it is over already, or is said to have expired and has not; `forbidden` when
 *   the reason does not fit who did it; `comment_required` for a revoke without one.
 */
export function beginClose(grant: Grant, because: Closing, now: Temporal.Instant): ClosingGrant {
  if (grant.state !== 'scheduled' && grant.state !== 'active') throw wrongState(grant, because.reason);
  assertFits(grant, because, now);
  const ran = grant.state === 'active';
  return Object.freeze({
    ...grant,
    state: 'closing',
    startsAt: ran ? grant.startsAt : null,
    expiresAt: ran ? grant.expiresAt : null,
    because,
  });
}

/**
 * The gateway has seen the principal gone.
 *
 * @throws TidegateError `wrong_state` unless it is closing.
 */
export function finishClose(grant: Grant, now: Temporal.Instant): ClosedGrant {
  if (grant.state !== 'closing') throw wrongState(grant, 'reported gone');
  return Object.freeze({ ...grant, state: 'closed', closedAt: now });
}

function assertFits(grant: Grant, because: Closing, now: Temporal.Instant): void {
  switch (because.reason) {
    case 'expired':
      if (grant.state !== 'active' || !reached(grant.expiresAt, now)) {
        throw new TidegateError('wrong_state', `Grant ${grant.id} has not expired.`);
      }
      return;
    case 'relinquished':
      if (because.by !== grant.person) {
        throw new TidegateError('forbidden', 'Only its holder can relinquish a grant.', 'Revoke it instead.');
      }
      return;
    case 'revoked':
      if (because.by === null || because.by === grant.person) {
        throw new TidegateError('forbidden', 'A grant is revoked by somebody else than its holder.', 'Relinquish it.');
      }
      if ((because.comment?.trim() ?? '') === '') {
        throw new TidegateError('comment_required', 'A revoke needs a reason.', 'Say why: --reason "…".');
      }
      return;
    case 'failed':
      return;
  }
}
