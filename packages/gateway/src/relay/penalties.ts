/**
 * Slows down those who guess. A refused proof is answered late: the later, the more often it happened for the same login
 * name or from the same address. Who brings the right ticket never waits, so nobody can lock another out by failing in
 * his name. Names that exist and names that don't are treated alike.
 */

const FIRST_DELAY_MS = 100;
/** Well within the time a handshake may take. */
const MAX_DELAY_MS = 4_000;
/** Failures are forgotten when none came for so long. */
const FORGET_AFTER_MS = 10 * 60_000;
/** Names and addresses remembered; with more, the ones that failed longest ago are forgotten. */
const REMEMBERED = 10_000;

interface Failures {
  readonly count: number;
  readonly lastAt: number;
}

export class Penalties {
  readonly #now: () => number;
  /** In the order of the last failure, so that the oldest stands first. */
  readonly #failures = new Map<string, Failures>();

  /** `now`: milliseconds on the monotonic clock. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Counts a failure and says how many milliseconds its answer must wait. */
  failed(loginName: string, address: string): number {
    const count = Math.max(this.#count(`name ${loginName}`), this.#count(`from ${address}`));
    return Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(count - 1, 16));
  }

  #count(key: string): number {
    const now = this.#now();
    const before = this.#failures.get(key);
    const fresh = before !== undefined && now - before.lastAt < FORGET_AFTER_MS;
    const count = (fresh ? before.count : 0) + 1;
    this.#failures.delete(key);
    this.#failures.set(key, { count, lastAt: now });
    if (this.#failures.size > REMEMBERED) {
      const [oldest] = this.#failures.keys();
      if (oldest !== undefined) this.#failures.delete(oldest);
    }
    return count;
  }
}
