/** Windows that come again: every week on some days at a time of day, as the clocks of a zone show it. */
import { TidegateError } from '../errors.ts';
import { type Recurrence, WEEKDAYS, type Weekday } from '../model.ts';
import { reached } from '../time.ts';

/** Approved once, it opens for so long at most: after that somebody agrees to it anew. */
export const RECURS_AT_MOST = Temporal.Duration.from({ hours: 90 * 24 });

const TIME_OF_DAY = /^([01]\d|2[0-3]):[0-5]\d$/;

/**
 * The first opening after `instant`; null: none before the end. A time of day that a change of clocks skips is taken
 * an hour later, one that comes twice the first time.
 */
export function nextOpening(
  { days, at, timeZone, until }: Recurrence,
  instant: Temporal.Instant,
): Temporal.Instant | null {
  const time = Temporal.PlainTime.from(at);
  let day = instant.toZonedDateTimeISO(timeZone).toPlainDate();
  // A week has every weekday, and one day more covers a time of today that is over.
  for (let ahead = 0; ahead <= 7; ahead += 1, day = day.add({ days: 1 })) {
    const weekday = WEEKDAYS[day.dayOfWeek - 1];
    if (weekday === undefined || !days.includes(weekday)) continue;
    const opening = day.toZonedDateTime({ timeZone, plainTime: time }).toInstant();
    if (reached(opening, instant)) continue;
    return reached(until, opening) ? null : opening;
  }
  return null;
}

/**
 * What a person asked for, checked.
 *
 * @throws TidegateError `invalid_input` for no days, no time of day, an unknown zone, an end that is over or too far
 */
export function recurrence(
  asked: {
    readonly days: readonly Weekday[];
    readonly at: string;
    readonly timeZone: string;
    readonly until: Temporal.Instant;
  },
  now: Temporal.Instant,
): Recurrence {
  const days = WEEKDAYS.filter((day) => asked.days.includes(day));
  if (days.length === 0) throw refused('A window that comes again needs a day of the week.', 'Name one: mon … sun.');
  if (!TIME_OF_DAY.test(asked.at))
    throw refused('A window that comes again needs a time of day.', 'Write it like 22:00.');
  if (!isTimeZone(asked.timeZone)) {
    throw refused(`There is no time zone “${asked.timeZone.slice(0, 40)}”.`, 'Write it like Europe/Berlin or UTC.');
  }
  if (reached(asked.until, now)) throw refused('The last window lies in the past.', 'Name a later end.');
  if (!reached(asked.until, now.add(RECURS_AT_MOST))) {
    throw refused('Windows can come again for 90 days at most.', 'Name an earlier end; it can be asked for again.');
  }
  const made: Recurrence = Object.freeze({ days, at: asked.at, timeZone: asked.timeZone, until: asked.until });
  if (nextOpening(made, now) === null) throw refused('There is no such window before the end.', 'Name a later end.');
  return made;
}

/** Does this runtime know the zone's rules? */
export function isTimeZone(name: string): boolean {
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

const refused = (what: string, next: string): TidegateError => new TidegateError('invalid_input', what, next);
