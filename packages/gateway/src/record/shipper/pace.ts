/**
 * How much of a processor core uploading may take. While sessions keep the gateway busy and the spool has room, little:
 * the core is theirs. As the spool fills up, more, up to all of it; and in quiet moments there is no reason to wait.
 */

/** Below this share of the limit the backlog is small; above the second one nothing is more urgent. */
const SMALL = 0.25;
const URGENT = 0.75;
/**
 * Share of one core while sessions are busy and the backlog is small; and when nothing else wants it. The control plane
 * and its store take about three times as much again.
 */
const BUSY_SHARE = 0.002;
const QUIET_SHARE = 0.6;
/**
 * Bytes a second that the spool grows by while sessions are quiet. With more the share falls, by the square: what can be
 * kept up with (a few hundred statements a second) is; beyond that no more than a trickle is taken from those who wait
 * for answers.
 */
const QUIET_GROWTH = 48 * 1024;
const REST_MAX_MS = 2_000;
/** After the first step out of a silence: long enough for the growth to be seen. */
const LOOK_MS = 200;
/**
 * Records in one request. The longest rest bounds how little of the core can be taken, so it must be followed by little
 * work: 500 records are a tenth of a second of a core in all. And few at a time hold nobody up for long.
 */
const BUSY_RECORDS = 100;
const QUIET_RECORDS = 500;
const URGENT_RECORDS = 2_000;
/** From this share on there is little to disturb, and larger requests cost less for each record. */
const QUIET = 0.1;

/**
 * How many records to upload at once. `fullness`: the spool's share of its limit. `growth`: bytes a second that are being
 * added. `behind`: the step before left some; else the growth is that of a silence, and says nothing yet of what has
 * ended it.
 */
export function recordsAtOnce(fullness: number, growth: number, behind: boolean): number {
  if (fullness > (SMALL + URGENT) / 2) return URGENT_RECORDS;
  return !behind || shareOf(fullness, growth) < QUIET ? BUSY_RECORDS : QUIET_RECORDS;
}

/** How long to rest, in milliseconds, after work that took `usedMs` of processor time; the rest as for `recordsAtOnce`. */
export function restAfter(usedMs: number, fullness: number, growth: number, behind: boolean): number {
  if (fullness >= URGENT) return 0;
  const share = shareOf(fullness, growth);
  const rest = Math.min(REST_MAX_MS, (usedMs * (1 - share)) / share);
  return behind ? rest : Math.max(LOOK_MS, rest);
}

function shareOf(fullness: number, growth: number): number {
  const calm = Math.max(BUSY_SHARE, QUIET_SHARE * Math.min(1, QUIET_GROWTH / growth) ** 2);
  const pressed = Math.min(1, Math.max(0, fullness - SMALL) / (URGENT - SMALL));
  return calm + (1 - calm) * pressed;
}
