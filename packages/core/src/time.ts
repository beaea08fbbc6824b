/**
 * Durations as people type, read and keep them. Every duration in Tidegate has a fixed length: a day is 24 hours, and
 * months and years, whose length depends on the calendar, are refused.
 */
import { TidegateError } from './errors.ts';

/** No duration may be longer: access that outlives a month is standing access. */
export const LONGEST_DURATION = Temporal.Duration.from({ hours: 30 * 24 });

const MS = { day: 86_400_000, hour: 3_600_000, minute: 60_000, second: 1_000 } as const;

/** `1d2h30m10s`, any part left out, in this order. */
const TYPED = /^(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?$/i;
/** The part of ISO 8601 whose length is fixed. */
const ISO = /^P(?:(\d{1,9})D)?(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})S)?)?$/i;

/**
 * Reads `30m`, `2h`, `1h30m`, `90s`, `1d`, and ISO 8601's `PT2H`, whatever the case.
 * The result is balanced to hours (`1d` is `PT24H`), so that it can be added to an instant as it is.
 *
 * @throws TidegateError `invalid_input` for anything else, and for zero and more than 30 days.
 */
export function parseDuration(text: string): Temporal.Duration {
  const shown = text.length > 40 ? `${text.slice(0, 40)}…` : text;
  const found = text.length > 40 ? null : (TYPED.exec(text) ?? ISO.exec(text));
  const parts = found?.slice(1);
  if (parts === undefined || parts.every((part) => part === undefined)) {
    const calendar = /^P[^T]*[YMW]/i.test(text) || /^\d+(y|w|mo)/i.test(text);
    throw new TidegateError(
      'invalid_input',
      calendar
        ? `“${shown}” is not of a fixed length: weeks, months and years can't be used.`
        : `“${shown}” is not a duration.`,
      'Write it like 30m, 2h, 1h30m, 1d or PT2H.',
    );
  }
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = parts.map((part) => Number(part ?? 0));
  const total = days * MS.day + hours * MS.hour + minutes * MS.minute + seconds * MS.second;
  if (total === 0) {
    throw new TidegateError('invalid_input', 'A duration must be longer than nothing.', 'Write it like 30m or 2h.');
  }
  if (total > milliseconds(LONGEST_DURATION)) {
    throw new TidegateError(
      'invalid_input',
      `“${shown}” is longer than 30 days, the longest that can be asked for.`,
      'Ask for a shorter time; access can be extended, or asked for again.',
    );
  }
  return fromMilliseconds(total);
}

/** What is wrong with a duration that was not made by `parseDuration`, as the end of a sentence; null: nothing. */
export function durationProblem(duration: Temporal.Duration): string | null {
  if (duration.years !== 0 || duration.months !== 0 || duration.weeks !== 0) return 'must not use calendar units';
  if (duration.sign <= 0) return 'must be longer than nothing';
  if (compareDurations(duration, LONGEST_DURATION) > 0) return 'must not be longer than 30 days';
  return null;
}

/** For people: `1 h 30 min`, `2 d`, `45 s`. Parts of a second are left out. */
export function formatDuration(duration: Temporal.Duration): string {
  let rest = Math.trunc(Math.abs(milliseconds(duration)) / MS.second);
  const days = Math.trunc(rest / 86_400);
  rest -= days * 86_400;
  const hours = Math.trunc(rest / 3_600);
  rest -= hours * 3_600;
  const minutes = Math.trunc(rest / 60);
  rest -= minutes * 60;
  const parts = [
    [days, 'd'],
    [hours, 'h'],
    [minutes, 'min'],
    [rest, 's'],
  ] as const;
  const text = parts
    .filter(([amount]) => amount !== 0)
    .map(([amount, unit]) => `${amount} ${unit}`)
    .join(' ');
  return `${duration.sign < 0 ? '−' : ''}${text === '' ? '0 s' : text}`;
}

/** For machines: ISO 8601 balanced to hours, the same text for the same length (`PT1H30M`, never `PT90M`). */
export function durationText(duration: Temporal.Duration): string {
  return fixed(duration).toString();
}

/** Length in milliseconds. @throws RangeError for calendar units. */
export function milliseconds(duration: Temporal.Duration): number {
  return duration.total('millisecond');
}

/** Negative, zero or positive, as `a` is shorter, the same or longer. @throws RangeError for calendar units. */
export function compareDurations(a: Temporal.Duration, b: Temporal.Duration): number {
  return Temporal.Duration.compare(a, b);
}

export function shorter(a: Temporal.Duration, b: Temporal.Duration): Temporal.Duration {
  return compareDurations(a, b) <= 0 ? a : b;
}

/** `instant + duration`, a day being 24 hours (`Temporal.Instant` itself refuses days). */
export function after(instant: Temporal.Instant, duration: Temporal.Duration): Temporal.Instant {
  return instant.add(fixed(duration));
}

/** True when `now` has reached `instant`: every end in Tidegate is exclusive, every beginning inclusive. */
export function reached(instant: Temporal.Instant, now: Temporal.Instant): boolean {
  return Temporal.Instant.compare(now, instant) >= 0;
}

export function later(a: Temporal.Instant, b: Temporal.Instant): Temporal.Instant {
  return Temporal.Instant.compare(a, b) >= 0 ? a : b;
}

function fixed(duration: Temporal.Duration): Temporal.Duration {
  return duration.round({ largestUnit: 'hour', smallestUnit: 'nanosecond' });
}

function fromMilliseconds(total: number): Temporal.Duration {
  return fixed(Temporal.Duration.from({ milliseconds: total }));
}
