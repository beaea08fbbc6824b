/** What was typed, read strictly before anything is asked of the server: what can't be meant is a usage error. */
import {
  apiKeyId,
  grantId,
  loginId,
  passkeyId,
  password,
  personName,
  requestId,
  resourceName,
  roleName,
  sessionId,
  ticketId,
} from '@tidegate/contract';
import { durationText, parseDuration, TidegateError, WEEKDAYS, type Weekday } from '@tidegate/core';
import type { z } from 'zod';

/** Exit code 2: the command line itself is wrong. */
export class UsageError extends TidegateError {
  constructor(message: string, next = '', cause?: unknown) {
    super('invalid_input', message, next, cause);
    this.name = 'UsageError';
  }
}

/** Exit code 130, as a shell reports Ctrl-C: the person gave up; the message says what stands. */
export class Interrupted extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'Interrupted';
  }
}

const parser =
  <T extends z.ZodType>(schema: T, what: string, next = '') =>
  (text: string): z.output<T> => {
    const parsed = schema.safeParse(text);
    if (!parsed.success) throw new UsageError(`“${text}” is not ${what}.`, next);
    return parsed.data;
  };

export const aRequest = parser(requestId, 'the id of a request (req_…)', 'See: tidegate requests');
export const aGrant = parser(grantId, 'the id of a grant (g…)', 'See: tidegate grants');
export const aSession = parser(sessionId, 'the id of a session (ses_…)', 'See: tidegate sessions');
export const aTicket = parser(ticketId, 'the id of a ticket (tk_…)');
export const aLogin = parser(loginId, 'the id of a login (lg_…)', 'See: tidegate logins');
export const aPasskey = parser(passkeyId, 'the id of a passkey (pk_…)', 'See: tidegate mfa passkeys');
export const anApiKey = parser(apiKeyId, 'the id of an API key (key_…)', 'See: tidegate keys');
export const aResource = parser(resourceName, 'the name of a resource', 'See: tidegate resources');
export const aRole = parser(roleName, 'the name of a role');
/** One that may be set; which one it is, is never shown. */
export function aPassword(text: string): string {
  if (!password.safeParse(text).success)
    throw new UsageError('A password has 8 to 256 characters.', 'Nothing was done.');
  return text;
}

export const aPerson = parser(personName, 'the name of a person');

/** ISO 8601 of what people type: `30m`, `2h`. */
export function aDuration(text: string): string {
  try {
    return durationText(parseDuration(text));
  } catch (error) {
    if (error instanceof TidegateError) throw new UsageError(error.message, error.next, error);
    throw error;
  }
}

export function aCount(text: string, from: number, to: number): number {
  const count = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (!(count >= from && count <= to)) throw new UsageError(`“${text}” is not a number from ${from} to ${to}.`);
  return count;
}

/** Tables, each said by itself or several with commas between; a comma within quotes or brackets is part of a name. */
export function tablesIn(texts: readonly string[] | undefined): string[] | undefined {
  if (texts === undefined) return undefined;
  const tables = texts
    .flatMap((text) => text.match(/(?:"[^"]*"|`[^`]*`|\[[^\]]*\]|[^,])+/g) ?? [])
    .map((text) => text.trim());
  if (tables.some((table) => table === '') || tables.length === 0) {
    throw new UsageError(
      'A table is missing between the commas.',
      'Write it like --only sales.orders,sales.customers.',
    );
  }
  return tables;
}

/** The address of a Tidegate: `https://host:port`, at its root. */
export function anAddress(text: string): string {
  const url = URL.parse(text);
  if (url === null || !['http:', 'https:'].includes(url.protocol))
    throw new UsageError(
      `“${text}” is not an address.`,
      'Write it like https://tidegate.example or http://127.0.0.1:7300.',
    );
  return url.origin;
}

const WINDOW = /^([a-z]{3}(?:,[a-z]{3})*)\s+([0-2]?\d:[0-5]\d)$/i;
const isWeekday = (text: string): text is Weekday => WEEKDAYS.some((day) => day === text);

/** Windows that come again: `--every "tue 22:00" --until 2026-12-31`; undefined: asked for once. */
export function aRecurrence(given: { readonly every?: string; readonly until?: string; readonly timeZone?: string }) {
  if (given.every === undefined) {
    if (given.until === undefined) return undefined;
    throw new UsageError('--until goes with --every.', 'To say how long, use --for.');
  }
  const [, days = '', time = ''] = WINDOW.exec(given.every.trim()) ?? [];
  const named = days.toLowerCase().split(',').filter(isWeekday);
  if (named.length === 0 || named.length !== days.split(',').length) {
    throw new UsageError(`“${given.every}” is not a window.`, 'Write it like “tue 22:00” or “mon,wed 06:30”.');
  }
  if (given.until === undefined) throw new UsageError('Until when?', 'Add --until 2026-12-31, or 30d from now.');
  return {
    days: named,
    at: time.padStart(5, '0'),
    timeZone: given.timeZone ?? Temporal.Now.timeZoneId(),
    until: aTime(given.until, 'future'),
  };
}

/**
 * A time as people type it: RFC 3339, a local date and time, the next (or with `past` the last) `22:00`, or a duration
 * from now. @returns RFC 3339, UTC
 */
export function aTime(text: string, towards: 'future' | 'past', now = Temporal.Now.zonedDateTimeISO()): string {
  try {
    return readTime(text, towards, now).toString({ smallestUnit: 'millisecond' });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const example = towards === 'future' ? '22:00, 2h (from now)' : '22:00, 2h (ago)';
    throw new UsageError(
      `“${text}” is not a time.`,
      `Write it like ${example}, “2026-11-22 22:00” or 2026-11-22T22:00:00Z.`,
      error,
    );
  }
}

function readTime(text: string, towards: 'future' | 'past', now: Temporal.ZonedDateTime): Temporal.Instant {
  const sign = towards === 'future' ? 1 : -1;
  if (/^(P.*|(\d+[dhms])+)$/i.test(text)) {
    const { milliseconds } = parseDurationRange(text).round({ largestUnit: 'milliseconds' });
    return now.toInstant().add({ milliseconds: sign * milliseconds });
  }
  if (/^\d{1,2}:\d{2}(:\d{2})?$/.test(text)) {
    const at = now.withPlainTime(text.padStart(text.split(':').length === 2 ? 5 : 8, '0'));
    const passed = Temporal.ZonedDateTime.compare(at, now) * sign <= 0;
    return (passed ? at.add({ days: sign }) : at).toInstant();
  }
  if (/(z|[+-]\d{2}(:?\d{2})?)$/i.test(text) && /[t ]\d/i.test(text)) return Temporal.Instant.from(text);
  return Temporal.PlainDateTime.from(text).toZonedDateTime(now.timeZoneId).toInstant();
}

function parseDurationRange(text: string): Temporal.Duration {
  try {
    return parseDuration(text);
  } catch (error) {
    throw new RangeError('not a duration', { cause: error });
  }
}
