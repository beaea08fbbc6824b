/** When windows open, as the browser works it out: the same as the control plane, which has `Temporal`. */
import { nextOpening as asDecided, WEEKDAYS } from '@tidegate/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { countOpenings, dayOf, endOfDay, nextOpening, timeIn } from '../src/lib/windows.ts';

const zones = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Australia/Lord_Howe',
  'Asia/Kathmandu',
  'Pacific/Auckland',
  'America/Sao_Paulo',
];
const two = (n: number): string => String(n).padStart(2, '0');

test('every opening is the one the control plane would make, through every change of clocks', () => {
  fc.assert(
    fc.property(
      fc.subarray([...WEEKDAYS], { minLength: 1 }),
      fc.integer({ min: 0, max: 23 }),
      fc.integer({ min: 0, max: 59 }),
      fc.constantFrom(...zones),
      fc.integer({ min: Date.UTC(2026, 0, 1) / 1000, max: Date.UTC(2028, 0, 1) / 1000 }),
      (days, hour, minute, timeZone, second) => {
        const after = second * 1000;
        const until = Temporal.Instant.fromEpochMilliseconds(after).add({ hours: 24 * 6 });
        const windows = { days, at: `${two(hour)}:${two(minute)}`, timeZone };
        const decided = asDecided({ ...windows, until }, Temporal.Instant.fromEpochMilliseconds(after));
        const shown = nextOpening({ ...windows, until: until.toString() }, after);
        expect(shown).toBe(decided?.epochMilliseconds ?? null);
      },
    ),
    { numRuns: 500 },
  );
});

test.each([
  // Skipped: clocks go from 02:00 to 03:00 on 28 March 2027.
  ['02:30', '2027-03-28T01:30:00.000Z', '2027-03-27T12:00:00Z'],
  // Twice: from 03:00 back to 02:00 on 31 October 2027.
  ['02:30', '2027-10-31T00:30:00.000Z', '2027-10-30T12:00:00Z'],
])('%s in Berlin when clocks change is %s', (at, opens, after) => {
  const windows = { days: ['sun' as const], at, timeZone: 'Europe/Berlin', until: '2028-01-01T00:00:00Z' };
  expect(new Date(nextOpening(windows, Date.parse(after)) ?? 0).toISOString()).toBe(opens);
});

test('they are counted, and end with the last day', () => {
  const until = endOfDay('2026-12-08', 'Europe/Berlin');
  expect(until).toBe('2026-12-08T23:00:00.000Z');
  const windows = { days: ['tue' as const], at: '22:00', timeZone: 'Europe/Berlin', until: until ?? '' };
  expect(countOpenings(windows, Date.parse('2026-11-22T12:00:00Z'))).toBe(3);
  expect(dayOf(Date.parse('2026-12-08T22:59:59Z'), 'Europe/Berlin')).toBe('2026-12-08');
  expect(endOfDay('soon', 'UTC')).toBeNull();
});

test('a time is told as the clocks of its zone show it', () => {
  expect(timeIn(Date.parse('2026-11-24T21:00:00Z'), 'Europe/Berlin')).toMatch(/^Tue,? 24 Nov,? (at )?22:00$/);
});
