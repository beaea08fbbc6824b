/** Times as people read them: the day only when it is not today, and how far away. */
import { formatDuration } from '@tidegate/core';

const time = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});
const day = new Intl.DateTimeFormat(undefined, { year: 'numeric', month: 'short', day: 'numeric' });

/** `14:05:09 (in 28 min)`, in the local zone. */
export function when(instant: string | null, now = Date.now()): string {
  if (instant === null) return '–';
  const at = Date.parse(instant);
  const today = day.format(at) === day.format(now);
  return `${today ? '' : `${day.format(at)} `}${time.format(at)} (${distance(at - now)})`;
}

/** `in 28 min`, `3 min ago`, `now`; two units at most. */
export function distance(milliseconds: number): string {
  const seconds = Math.round(Math.abs(milliseconds) / 1000);
  if (seconds === 0) return 'now';
  const rounded = seconds < 120 ? seconds : Math.round(seconds / 60) * 60;
  const text = formatDuration(Temporal.Duration.from({ seconds: rounded }))
    .split(' ')
    .slice(0, 4)
    .join(' ');
  return milliseconds > 0 ? `in ${text}` : `${text} ago`;
}

/** An ISO 8601 duration from the API, for people. */
export function length(iso: string): string {
  return formatDuration(Temporal.Duration.from(iso));
}
