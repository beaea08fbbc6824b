/** What the form holds beyond resource, role, time and reason, and how the API is told of it. */
import type { RequestView } from '@tidegate/contract';
import { zone } from '../../lib/time.ts';
import { countOpenings, dayOf, endOfDay, nextOpening, type Recurrence } from '../../lib/windows.ts';

/** Windows as they are typed. */
export interface Windows {
  readonly days: Recurrence['days'];
  /** `22:00` */
  readonly at: string;
  readonly timeZone: string;
  /** `2027-01-05`; empty until it is chosen. */
  readonly lastDay: string;
}

export interface Wanted {
  /** Tables and views, with their schema; none: all that the role gives. */
  readonly only: readonly string[];
  readonly start: 'now' | 'later' | 'again';
  /** RFC 3339, for `later`; null while it is half typed. */
  readonly startsAt: string | null;
  readonly windows: Windows;
  readonly breakGlass: boolean;
}

const DAY = 24 * 3_600_000;
/** Approved once, windows go on for so long at most (`core/request/recurrence`). */
export const WINDOWS_MAX_MS = 90 * DAY;
const USUALLY_MS = 28 * DAY;

export const plain = (): Wanted => ({
  only: [],
  start: 'now',
  startsAt: null,
  windows: { days: [], at: '22:00', timeZone: zone, lastDay: dayOf(Date.now() + USUALLY_MS, zone) },
  breakGlass: false,
});

/** Again as it was asked before: the same tables, the same windows, for as long. */
export function asBefore({ only, recurrence, createdAt }: RequestView): Wanted {
  const narrowed = { ...plain(), only: only ?? [] };
  if (recurrence === null) return narrowed;
  const { days, at, timeZone, until } = recurrence;
  const span = Math.min(Date.parse(until) - Date.parse(createdAt), WINDOWS_MAX_MS) - DAY;
  return {
    ...narrowed,
    start: 'again',
    windows: { days, at, timeZone, lastDay: dayOf(Date.now() + Math.max(span, 0), timeZone) },
  };
}

/** As the API takes them; null while something is missing. */
export function recurrenceOf({ days, at, timeZone, lastDay }: Windows): Recurrence | null {
  const until = endOfDay(lastDay, timeZone);
  return days.length === 0 || at === '' || until === null ? null : { days, at, timeZone, until };
}

export interface Openings {
  readonly windows: Recurrence;
  /** Milliseconds; null: there is none before the end. */
  readonly first: number | null;
  readonly count: number;
}

/** null while something is missing. */
export function openingsOf(windows: Windows, now = Date.now()): Openings | null {
  const whole = recurrenceOf(windows);
  if (whole === null) return null;
  return { windows: whole, first: nextOpening(whole, now), count: countOpenings(whole, now) };
}

/** When access would begin, which conditions of the policy may ask; null: at once. */
export function beginning({ start, startsAt, windows, breakGlass }: Wanted): string | null {
  if (breakGlass || start === 'now') return null;
  if (start === 'later') return startsAt;
  const first = openingsOf(windows)?.first ?? null;
  return first === null ? null : new Date(first).toISOString();
}

/** Nothing is missing that was begun. */
export const isWhole = ({ start, startsAt, windows, breakGlass }: Wanted): boolean =>
  breakGlass || start === 'now' || (start === 'later' ? startsAt !== null : (openingsOf(windows)?.count ?? 0) > 0);

/** The members of a request that say it. */
export function asAsked(wanted: Wanted) {
  const { only, start, startsAt, windows, breakGlass } = wanted;
  const narrowed = only.length === 0 ? {} : { only: [...only] };
  if (breakGlass) return { ...narrowed, breakGlass: true };
  const recurrence = start === 'again' ? recurrenceOf(windows) : null;
  return {
    ...narrowed,
    ...(start === 'later' && startsAt !== null ? { startsAt } : {}),
    ...(recurrence === null ? {} : { recurrence }),
  };
}
