/**
 * What a worker knows of time and of the control plane: how long ago it was heard, and what its clock says. Anchored to
 * the monotonic clock, so that setting this machine's clock neither shortens nor prolongs anything by itself.
 */
import { performance } from 'node:perf_hooks';
import type { Contact } from '../worker-protocol.ts';

/** Milliseconds: `monotonic` from any origin, `wall` since the epoch. */
export interface Clock {
  monotonic(): number;
  wall(): number;
}

/** `performance` is imported, because the global is a getter that costs more than the clock. */
export const systemClock: Clock = { monotonic: () => performance.now(), wall: () => Date.now() };

export class ControlClock {
  readonly #clock: Clock;
  /** On the monotonic clock; null: the control plane was never heard. */
  #heardAt: number | null = null;
  /** Control plane's clock minus monotonic clock; null while unknown. */
  #ahead: number | null = null;
  #staleAfterMs = 0;
  #cutAfterMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  update(contact: Contact): void {
    const now = this.#clock.monotonic();
    this.#heardAt = contact.agoMs === null ? null : now - contact.agoMs;
    this.#ahead = contact.controlNow === null ? null : contact.controlNow - now;
    this.#staleAfterMs = contact.staleAfterMs;
    this.#cutAfterMs = contact.cutAfterMs;
  }

  /** The control plane's clock; this machine's while that is unknown. */
  now(): number {
    return this.#ahead === null ? this.#clock.wall() : this.#clock.monotonic() + this.#ahead;
  }

  /**
   * Milliseconds until the instant `end` has passed on either clock: the earlier of two wins (DESIGN, promises), so that
   * neither a wrong offset nor a wrong local clock can keep a door open. 0 or less: it has passed.
   */
  untilPassed(end: number): number {
    return end - Math.max(this.#clock.wall(), this.now());
  }

  /** Since the control plane was last heard; Infinity: never. */
  get silentMs(): number {
    return this.#heardAt === null ? Number.POSITIVE_INFINITY : this.#clock.monotonic() - this.#heardAt;
  }

  /** Too long without a word to let anybody in. */
  get stale(): boolean {
    return this.silentMs > this.#staleAfterMs;
  }

  /** Milliseconds until open sessions must end for lack of contact; 0 or less: they must. */
  untilCut(): number {
    return this.#cutAfterMs - this.silentMs;
  }
}
