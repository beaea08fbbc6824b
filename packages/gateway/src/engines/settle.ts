/** Ending a principal's sessions: told to end, and seen gone. */

/** Sessions that will not end by then are tried again by the reconciler. */
const WITHIN_MS = 5_000;
/**
 * A login that had passed its checks when the account was shut is seen a moment later, so "none" must be seen twice, this
 * far apart.
 */
const SETTLE_MS = 100;

/** Relays are given so long to hang up before the database is told to end what is left; and looked at so often. */
const HANG_UPS_MS = 400;
const LOOK_EVERY_MS = 100;

/**
 * Our relays are ending these sessions at this moment, and tell their clients why. Hundreds of server processes told to
 * end at once would take the processor from that, so they are waited for: not for long, and only while there are any.
 *
 * @param count how many there are
 */
export async function hangUpsFirst(count: () => Promise<number>): Promise<void> {
  for (let waited = 0; waited < HANG_UPS_MS && (await count()) > 0; waited += LOOK_EVERY_MS) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

/**
 * @param tell tells all that are there to end, and says how many they were
 * @returns how many are still there; 0: none was seen twice
 */
export async function untilGone(tell: () => Promise<number>): Promise<number> {
  const until = performance.now() + WITHIN_MS;
  for (let quiet = 0; ; ) {
    const there = await tell();
    quiet = there === 0 ? quiet + 1 : 0;
    if (quiet === 2) return 0;
    if (there > 0 && performance.now() > until) return there;
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  }
}
