/**
 * Every end that time brings, with one timer for all sessions: grants that expire, and a control plane that is silent
 * for too long (promise 2). The timer is a reminder only: what is over is asked of the clocks each time, at least every
 * second, so that a clock that is set, a machine that slept or a grant that was extended changes nothing.
 */
import type { ControlClock } from './clock.ts';
import { because } from './cut.ts';
import type { Grants } from './grants.ts';
import type { Sessions } from './sessions.ts';

const AT_LEAST_EVERY_MS = 1_000;

export class Deadlines {
  readonly #grants: Grants;
  readonly #sessions: Sessions;
  readonly #clock: ControlClock;
  #timer: NodeJS.Timeout | null = null;

  constructor(grants: Grants, sessions: Sessions, clock: ControlClock) {
    this.#grants = grants;
    this.#sessions = sessions;
    this.#clock = clock;
  }

  /** Ends what is over, and looks again when the next end comes. Call it when sessions, grants or contact changed. */
  readonly check = (): void => {
    let next = AT_LEAST_EVERY_MS;
    const untilCut = this.#clock.untilCut();
    if (untilCut > 0) next = Math.min(next, untilCut);
    else void this.#sessions.cut(this.#sessions.all(), because('out_of_touch'));
    for (const id of this.#sessions.grants()) {
      const expiresAt = this.#grants.get(id)?.expiresAt;
      if (expiresAt === undefined || expiresAt === null) continue;
      const left = this.#clock.untilPassed(expiresAt);
      if (left > 0) next = Math.min(next, left);
      else void this.#sessions.cut(this.#sessions.ofGrant(id), because('grant_expired'));
    }
    if (this.#timer !== null) clearTimeout(this.#timer);
    // Timers fire up to a millisecond early by this clock's count; one that does would only look once more.
    this.#timer = setTimeout(this.check, Math.ceil(next));
  };

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
