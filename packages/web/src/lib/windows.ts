/**
 * Windows that come again: when they open, by the clocks of their zone. The control plane says what counts; this is what
 * a form shows before it is asked, and is held against its arithmetic by a test. No browser is asked for `Temporal`.
 */
import { type RequestView, weekday } from '@tidegate/contract';

export type Recurrence = NonNullable<RequestView['recurrence']>;

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** 1 January 1970 was a Thursday. */
const EPOCH_WEEKDAY = 3;

const clocks = new Map<string, Intl.DateTimeFormat>();

/** Throws `RangeError` for a zone that the browser does not know. */
function clockOf(zone: string): Intl.DateTimeFormat {
  const known = clocks.get(zone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  clocks.set(zone, made);
  return made;
}

/** What the zone's clocks show at `instant`, as if they showed UTC. Milliseconds both. */
function shownAt(instant: number, zone: string): number {
  const parts = clockOf(zone).formatToParts(instant);
  const of = (wanted: Intl.DateTimeFormatPartTypes): number =>
    Number(parts.find(({ type }) => type === wanted)?.value ?? 0);
  return Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second'));
}

const offsetAt = (instant: number, zone: string): number => shownAt(instant, zone) - Math.floor(instant / 1000) * 1000;

/**
 * When the zone's clocks show `shown`. A time that a change of clocks skips is taken an hour later, one that comes twice
 * the first time.
 */
function instantOf(shown: number, zone: string): number {
  const before = offsetAt(shown - DAY, zone);
  const early = shown - before;
  if (offsetAt(early, zone) === before) return early;
  const after = offsetAt(shown + DAY, zone);
  return offsetAt(shown - after, zone) === after ? shown - after : early;
}

/** The first opening after `after`; null: none before the end. Milliseconds. */
export function nextOpening({ days, at, timeZone, until }: Recurrence, after: number): number | null {
  const [hours = 0, minutes = 0] = at.split(':').map(Number);
  const today = Math.floor(shownAt(after, timeZone) / DAY);
  // A week has every weekday, and one day more covers a time of today that is over.
  for (let day = today; day <= today + 7; day += 1) {
    const name = weekday.options[(day + EPOCH_WEEKDAY) % 7];
    if (name === undefined || !days.includes(name)) continue;
    const opening = instantOf(day * DAY + hours * HOUR + minutes * MINUTE, timeZone);
    if (opening > after) return opening < Date.parse(until) ? opening : null;
  }
  return null;
}

/** How many there are after `after`: at most one a day, for 90 days. */
export function countOpenings(windows: Recurrence, after: number): number {
  let count = 0;
  for (let at = nextOpening(windows, after); at !== null; at = nextOpening(windows, at)) count += 1;
  return count;
}

/** The end of a day (`2027-01-05`) by the zone's clocks, RFC 3339; null for what is no day. */
export function endOfDay(day: string, zone: string): string | null {
  const midnight = Date.parse(`${day}T00:00:00Z`);
  return Number.isNaN(midnight) ? null : new Date(instantOf(midnight + DAY, zone)).toISOString();
}

/** The day that the zone's clocks show: `2027-01-05`. */
export const dayOf = (instant: number, zone: string): string =>
  new Date(shownAt(instant, zone)).toISOString().slice(0, 10);

/** `Tue 24 Nov, 22:00`, by the clocks of the zone. */
export const timeIn = (instant: number, zone: string): string =>
  new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
  }).format(instant);

/** Every zone the browser knows, `UTC` first. */
export const allZones = (): readonly string[] => [
  'UTC',
  ...Intl.supportedValuesOf('timeZone').filter((zone) => zone !== 'UTC'),
];
