/** How often and how long; milliseconds. Tests go faster. */
export interface Pace {
  /** Check, sweep for leftovers, look after open grants. */
  readonly roundMs: number;
  /** Rounds while the database can't be used: the first, doubled up to the last. */
  readonly downFirstMs: number;
  readonly downLastMs: number;
  /** A step that failed: the first retry, doubled up to the last. Closing is tried more eagerly than opening. */
  readonly retryFirstMs: number;
  readonly openRetryLastMs: number;
  readonly closeRetryLastMs: number;
  /** See leftovers.ts. */
  readonly sightingMs: number;
  /** The longest a timer trusts the clock: its offset may change. */
  readonly clockMs: number;
  /** How long `stop` waits for what runs. Whatever it cuts short is taken up at the next start. */
  readonly stopMs: number;
}

export const PACE: Pace = {
  roundMs: 30_000,
  downFirstMs: 1_000,
  downLastMs: 10_000,
  retryFirstMs: 250,
  openRetryLastMs: 10_000,
  closeRetryLastMs: 5_000,
  sightingMs: 5_000,
  clockMs: 5_000,
  stopMs: 1_500,
};

/** Doubles from `first` to `last`, each between half and the whole of it, so that a thousand grants don't knock at once. */
export function backoff(attempt: number, first: number, last: number): number {
  const whole = Math.min(last, first * 2 ** Math.min(attempt, 30));
  return whole * (0.5 + Math.random() / 2);
}

/** Between nine tenths and the whole. */
export const jittered = (ms: number) => ms * (0.9 + Math.random() / 10);
