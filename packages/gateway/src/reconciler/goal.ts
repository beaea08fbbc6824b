/** Where a grant's principal should be, now: from the desired state and the clocks alone. */
import type { DesiredGrant } from '@tidegate/contract';
import type { ReconcilerClock } from './ports.ts';

export type Goal =
  | { readonly phase: 'prepared' }
  | { readonly phase: 'open'; readonly until: Temporal.Instant }
  | { readonly phase: 'closed' };

/**
 * A grant's end by two clocks, the earlier wins: the control plane's as the link knows it, and this machine's steady
 * clock from the moment the end was heard. So neither a clock that is set back nor a lost link keeps a door open.
 */
export class End {
  readonly at: Temporal.Instant;
  readonly #clock: ReconcilerClock;
  readonly #steady: number;

  constructor(at: Temporal.Instant, clock: ReconcilerClock) {
    this.at = at;
    this.#clock = clock;
    this.#steady = performance.now() + (at.epochMilliseconds - clock.controlNow());
  }

  /** Milliseconds that are left; 0 or less: it is over. */
  left(): number {
    return Math.min(this.at.epochMilliseconds - this.#clock.controlNow(), this.#steady - performance.now());
  }
}

export function endOf(grant: DesiredGrant, clock: ReconcilerClock, before: End | null): End | null {
  if (grant.expiresAt === null) return null;
  const at = Temporal.Instant.from(grant.expiresAt);
  return before?.at.equals(at) ? before : new End(at, clock);
}

/** Over by the clock is closed, whatever the control plane, which may be gone, has said last (promise 2). */
export function goalOf(grant: DesiredGrant, end: End | null): Goal {
  if (grant.phase === 'close' || (end !== null && end.left() <= 0)) return { phase: 'closed' };
  // `open` without an end would be a door for ever: not opened.
  return grant.phase === 'open' && end !== null ? { phase: 'open', until: end.at } : { phase: 'prepared' };
}

export function sameGoal(a: Goal, b: Goal): boolean {
  return a.phase === 'open' && b.phase === 'open' ? a.until.equals(b.until) : a.phase === b.phase;
}
