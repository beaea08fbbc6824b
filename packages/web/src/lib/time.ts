/**
 * Times and durations as people read them. Instants come as RFC 3339 UTC, durations as ISO 8601; no browser is asked for
 * `Temporal`, which not all have yet.
 */

const PARTS = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/;

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Milliseconds of an ISO 8601 duration of the API; NaN for any other text. */
export function durationMs(iso: string): number {
  const match = PARTS.exec(iso);
  if (match === null) return Number.NaN;
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = match.slice(1).map((part) => Number(part ?? 0));
  return days * DAY + hours * HOUR + minutes * MINUTE + seconds * SECOND;
}

/** ISO 8601, to the second: what the API takes. */
export function isoDuration(ms: number): string {
  const seconds = Math.round(ms / SECOND);
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60), seconds % 60];
  return `PT${hours > 0 ? `${hours}H` : ''}${minutes > 0 ? `${minutes}M` : ''}${rest > 0 || seconds === 0 ? `${rest}S` : ''}`;
}

/** `2 h`, `1 h 30 min`, `3 d 4 h`: the two largest parts. */
export function durationText(ms: number): string {
  const parts: readonly (readonly [number, string])[] = [
    [Math.floor(ms / DAY), 'd'],
    [Math.floor((ms % DAY) / HOUR), 'h'],
    [Math.floor((ms % HOUR) / MINUTE), 'min'],
    [Math.floor((ms % MINUTE) / SECOND), 's'],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  if (first === -1) return '0 s';
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ');
}

/** `1:59 h`, `42 min`, `45 s`: what fits into a ring. */
export function shortText(ms: number): string {
  if (ms < MINUTE) return `${Math.ceil(ms / SECOND)} s`;
  const minutes = Math.floor(ms / MINUTE);
  if (minutes < 60) return `${minutes} min`;
  if (ms >= 2 * DAY) return `${Math.floor(ms / DAY)} d`;
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')} h`;
}

/** `2 h` for an ISO 8601 duration. */
export const isoText = (iso: string): string => durationText(durationMs(iso));

const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const date = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });
const dateOfYear = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });
const whole = new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', timeStyle: 'long' });

/** The zone that every time on the pages is in: `Europe/Berlin`. */
export const zone = new Intl.DateTimeFormat().resolvedOptions().timeZone;
const zoneNamed = new Intl.DateTimeFormat('en-GB', { timeZoneName: 'short' });
/** Its short name: `CET`, `UTC`. */
export const zoneName = (at = new Date()): string =>
  zoneNamed.formatToParts(at).find(({ type }) => type === 'timeZoneName')?.value ?? zone;

/** `14:05` today, `3 Nov, 14:05` this year, else with the year; with the zone's short name. */
export function timeText(instant: string, now = Date.now()): string {
  const at = new Date(instant);
  const today = new Date(now);
  const when = `${clock.format(at)} ${zoneName(at)}`;
  if (at.toDateString() === today.toDateString()) return when;
  const day = at.getFullYear() === today.getFullYear() ? date : dateOfYear;
  return `${day.format(at)}, ${when}`;
}

/** In full, for whoever wants it exactly: local, and as the API says it. */
export const exactTime = (instant: string): string => `${whole.format(new Date(instant))} (${instant})`;

/** `in 5 min`, `3 h ago`, `just now`. */
export function relativeText(instant: string, now = Date.now()): string {
  const away = Date.parse(instant) - now;
  const distance = Math.abs(away);
  if (distance < 10 * SECOND) return away > 0 ? 'now' : 'just now';
  const unit = distance < MINUTE ? SECOND : distance < HOUR ? MINUTE : distance < 2 * DAY ? HOUR : DAY;
  const text = durationText(Math.floor(distance / unit) * unit);
  return away > 0 ? `in ${text}` : `${text} ago`;
}
