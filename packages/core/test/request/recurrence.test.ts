/** Windows that come again: as the clocks of the zone show them, through changes of the clocks, and not for ever. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nextOpening, type Recurrence, recurrence, WEEKDAYS } from '../../src/index.ts';
import { T0 } from '../make.ts';
import { expectRefusal } from '../refusal.ts';

const berlin = (at: string, days: Recurrence['days'], until = T0.add({ hours: 80 * 24 })): Recurrence => ({
  days,
  at,
  timeZone: 'Europe/Berlin',
  until,
});

describe('the next opening', () => {
  test.each([
    // T0 is Sunday 2026-11-22, 10:00 in Berlin.
    ['22:00', ['tue'], '2026-11-24T21:00:00Z'],
    ['22:00', ['sun'], '2026-11-22T21:00:00Z'],
    ['09:00', ['sun'], '2026-11-29T08:00:00Z'],
    ['09:00', ['sun', 'mon'], '2026-11-23T08:00:00Z'],
  ] as const)('%s on %s', (at, days, expected) => {
    expect(nextOpening(berlin(at, days), T0)?.toString()).toBe(expected);
  });

  test('keeps to the clocks when they change, and takes a time that they skip an hour later', () => {
    const march = Temporal.Instant.from('2026-03-27T00:00:00Z');
    const until = march.add({ hours: 30 * 24 });
    // The clocks go on at 02:00 of 2026-03-29.
    expect(nextOpening(berlin('22:00', ['sat'], until), march)?.toString()).toBe('2026-03-28T21:00:00Z');
    expect(nextOpening(berlin('22:00', ['sun'], until), march)?.toString()).toBe('2026-03-29T20:00:00Z');
    expect(nextOpening(berlin('02:30', ['sun'], until), march)?.toString()).toBe('2026-03-29T01:30:00Z');
  });

  test('is none at the end or after it', () => {
    const at = Temporal.Instant.from('2026-11-24T21:00:00Z');
    expect(nextOpening(berlin('22:00', ['tue'], at), T0)).toBeNull();
    expect(nextOpening(berlin('22:00', ['tue'], at.add({ seconds: 1 })), T0)?.equals(at)).toBe(true);
  });

  test('is later than now, on one of the days, at the time, and never more than eight days away', () => {
    fc.assert(
      fc.property(
        fc.subarray([...WEEKDAYS], { minLength: 1 }),
        fc.integer({ min: 0, max: 23 }),
        fc.integer({ min: 0, max: 70 * 24 * 60 }),
        fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Pacific/Auckland'),
        (days, hour, minute, timeZone) => {
          const now = T0.add({ minutes: minute });
          const at = `${String(hour).padStart(2, '0')}:30`;
          const opening = nextOpening({ days, at, timeZone, until: T0.add({ hours: 90 * 24 }) }, now);
          if (opening === null) throw new Error('there is one');
          expect(Temporal.Instant.compare(opening, now)).toBe(1);
          expect(opening.since(now).total('hour')).toBeLessThanOrEqual(8 * 24);
          const local = opening.toZonedDateTimeISO(timeZone);
          expect(days).toContain(WEEKDAYS[local.dayOfWeek - 1]);
          expect(local.minute).toBe(30);
        },
      ),
    );
  });
});

test('what makes no sense is refused', () => {
  const good = { days: ['tue'], at: '22:00', timeZone: 'UTC', until: T0.add({ hours: 20 * 24 }) } as const;
  expect(recurrence(good, T0)).toEqual(good);
  for (const wrong of [
    { ...good, days: [] },
    { ...good, at: '24:00' },
    { ...good, at: 'soon' },
    { ...good, timeZone: 'Mars/Olympus' },
    { ...good, until: T0 },
    { ...good, until: T0.add({ hours: 1 }) },
    { ...good, until: T0.add({ hours: 91 * 24 }) },
  ]) {
    expectRefusal('invalid_input', () => recurrence(wrong, T0));
  }
});
