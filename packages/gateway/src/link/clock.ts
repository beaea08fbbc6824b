/**
 * The control plane's clock as seen from here, by pings that carry our time there and back. Of several answers the one
 * that took the shortest time is trusted: its offset can be wrong by half of that at most. Everything is on the monotonic
 * clock, so that a step of this machine's wall clock changes nothing.
 */

interface Sample {
  readonly roundTripMs: number;
  /** Control plane's clock (ms since the epoch) minus our monotonic clock. */
  readonly offset: number;
}

const REMEMBERED = 8;
/** Beyond what their round trips explain, two offsets may differ by this before one clock must have been set. */
const TOLERANCE_MS = 50;

export class LinkClock {
  #samples: Sample[] = [];

  /** An answer to a ping: sent and received by our monotonic clock, `controlNow` by the control plane's own. */
  add(sentAt: number, receivedAt: number, controlNow: number): void {
    const roundTripMs = Math.max(0, receivedAt - sentAt);
    const sample = { roundTripMs, offset: controlNow - (sentAt + receivedAt) / 2 };
    const best = this.#best();
    // Somebody set the control plane's clock (or this machine slept): what we knew is of no use.
    if (best !== null && Math.abs(best.offset - sample.offset) > (best.roundTripMs + roundTripMs) / 2 + TOLERANCE_MS) {
      this.#samples = [];
    }
    this.#samples.push(sample);
    if (this.#samples.length > REMEMBERED) this.#samples.shift();
  }

  /** Milliseconds since the epoch; null before the first answer. */
  controlNow(): number | null {
    const best = this.#best();
    return best === null ? null : performance.now() + best.offset;
  }

  #best(): Sample | null {
    let best: Sample | null = null;
    for (const sample of this.#samples) if (best === null || sample.roundTripMs <= best.roundTripMs) best = sample;
    return best;
  }
}
