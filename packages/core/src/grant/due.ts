/** What time asks of a grant. Asked again and again (reconcile, don't script): the answer depends on state and now only. */
import type { Grant } from '../model.ts';
import { reached } from '../time.ts';

/**
 * `open`: its time has come, its gateway should prepare the principal (then `activate`).
 * `fail`: `openBy` is over (then `beginClose(failed(…))`). `expire`: its end is reached (then `beginClose(EXPIRED)`).
 */
export type GrantDue = 'open' | 'fail' | 'expire';

/** What is due at `now`; null: nothing. Every end is exclusive: at `expiresAt` itself a grant is over. */
export function due(grant: Grant, now: Temporal.Instant): GrantDue | null {
  switch (grant.state) {
    case 'scheduled':
      if (reached(grant.openBy, now)) return 'fail';
      return grant.notBefore === null || reached(grant.notBefore, now) ? 'open' : null;
    case 'active':
      return reached(grant.expiresAt, now) ? 'expire' : null;
    case 'closing':
    case 'closed':
      return null;
  }
}

/** The next instant after `now` at which `due` changes by time alone, for a timer; null: never. */
export function nextDue(grant: Grant, now: Temporal.Instant): Temporal.Instant | null {
  switch (grant.state) {
    case 'scheduled':
      if (grant.notBefore !== null && !reached(grant.notBefore, now)) return grant.notBefore;
      return reached(grant.openBy, now) ? null : grant.openBy;
    case 'active':
      return reached(grant.expiresAt, now) ? null : grant.expiresAt;
    case 'closing':
    case 'closed':
      return null;
  }
}

/**
 * The phase in which a grant stands in its gateway's desired state; null: not part of it. A grant that is over by the
 * clock is `close` even before that was noted.
 */
export function desiredPhase(grant: Grant, now: Temporal.Instant): 'prepare' | 'open' | 'close' | null {
  switch (grant.state) {
    case 'scheduled': {
      const next = due(grant, now);
      if (next === 'open') return 'prepare';
      // One that failed may have its principal: it leaves the desired state only once that was reported gone.
      return next === 'fail' ? 'close' : null;
    }
    case 'active':
      return due(grant, now) === 'expire' ? 'close' : 'open';
    case 'closing':
      return 'close';
    case 'closed':
      return null;
  }
}
