/** Times as people read them, in the local zone: the day only when it is not today, and how far away. */
import { formatDuration } from '@tidegate/core';

/** `14:05:09`, or `2026-11-23 14:05` on another day; with `seconds` always to the second. */
export function clock(instant: string, seconds = false, now = Temporal.Now.zonedDateTimeISO()): string {
  const at = Temporal.Instant.from(instant).toZonedDateTimeISO(now.timeZoneId);
  const today = at.toPlainDate().equals(now.toPlainDate());
  const time = at.toPlainTime().toString({ smallestUnit: today || seconds ? 'second' : 'minute' });
  return today ? time : `${at.toPlainDate().toString()} ${time}`;
}

/** `14:05:09 (in 28 min)`; `–` for none. */
export function when(instant: string | null, now = Temporal.Now.zonedDateTimeISO()): string {
  return instant === null ? '–' : `${clock(instant, false, now)} (${away(instant, now)})`;
}

/** `in 28 min`, `3 min ago`, `now`; `–` for none. */
export function away(instant: string | null, now = Temporal.Now.zonedDateTimeISO()): string {
  return instant === null ? '–' : distance(Date.parse(instant) - now.epochMilliseconds);
}

/** `in 28 min`, `3 min ago`, `now`; two units at most, and no more exact than is of use. */
export function distance(milliseconds: number): string {
  const seconds = Math.round(Math.abs(milliseconds) / 1000);
  if (seconds === 0) return 'now';
  const unit = seconds < 120 ? 1 : seconds < 86_400 ? 60 : 3_600;
  const text = formatDuration(Temporal.Duration.from({ seconds: Math.round(seconds / unit) * unit }));
  return milliseconds > 0 ? `in ${text}` : `${text} ago`;
}

/** An ISO 8601 duration from the API, for people. */
export function length(iso: string): string {
  return formatDuration(Temporal.Duration.from(iso));
}
