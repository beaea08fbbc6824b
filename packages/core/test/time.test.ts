import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  after,
  compareDurations,
  durationProblem,
  durationText,
  formatDuration,
  milliseconds,
  parseDuration,
  reached,
} from '../src/index.ts';
import { at, minutes, T0 } from './make.ts';
import { expectRefusal } from './refusal.ts';

describe('durations as people type them', () => {
  test.each([
    ['30m', 'PT30M', '30 min'],
    ['2h', 'PT2H', '2 h'],
    ['1h30m', 'PT1H30M', '1 h 30 min'],
    ['90m', 'PT1H30M', '1 h 30 min'],
    ['90s', 'PT1M30S', '1 min 30 s'],
    ['1d', 'PT24H', '1 d'],
    ['1d2h', 'PT26H', '1 d 2 h'],
    ['PT2H', 'PT2H', '2 h'],
    ['pt2h', 'PT2H', '2 h'],
    ['P1DT2H', 'PT26H', '1 d 2 h'],
    ['30d', 'PT720H', '30 d'],
    ['0h30m', 'PT30M', '30 min'],
  ])('%s is %s: %s', (typed, iso, shown) => {
    expect(durationText(parseDuration(typed))).toBe(iso);
    expect(formatDuration(parseDuration(typed))).toBe(shown);
  });

  test.each([
    '',
    ' ',
    '0',
    '30',
    'm',
    '0m',
    'PT0S',
    'P',
    'PT',
    'soon',
    '-30m',
    '-PT2H',
    '+2h',
    '1.5h',
    'PT1.5H',
    '30m2h',
    '2h2h',
    '2 h',
    '1w',
    'P1W',
    'P1M',
    'P1Y',
    '1mo',
    '1y',
    '31d',
    '721h',
    'P30DT1S',
    '999999999d',
    '99999999999999999999h',
    '１h',
    `${'1'.repeat(10_000)}m`,
  ])('%j is refused', (typed) => {
    const error = expectRefusal('invalid_input', () => parseDuration(typed));
    expect(error.message.length).toBeLessThan(200);
    expect(error.next).not.toBe('');
  });

  test('a month is refused for what it is, not as a riddle', () => {
    expect(expectRefusal('invalid_input', () => parseDuration('P1M')).message).toContain('fixed length');
  });

  test('what is written for machines reads back as the same length', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30 * 86_400 }), (seconds) => {
        const duration = Temporal.Duration.from({ seconds });
        const again = parseDuration(durationText(duration));
        expect(milliseconds(again)).toBe(seconds * 1000);
        expect(compareDurations(again, duration)).toBe(0);
      }),
    );
  });

  test('what is shown to people reads back too, without its spaces', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30 * 86_400 }), (seconds) => {
        const shown = formatDuration(Temporal.Duration.from({ seconds }));
        expect(milliseconds(parseDuration(shown.replaceAll(' ', '').replace('min', 'm')))).toBe(seconds * 1000);
      }),
    );
  });
});

describe('durations that were not parsed', () => {
  test.each([
    [{ hours: 2 }, null],
    [{ days: 30 }, null],
    [{ weeks: 1 }, 'must not use calendar units'],
    [{ months: 1 }, 'must not use calendar units'],
    [{ hours: 0 }, 'must be longer than nothing'],
    [{ hours: -2 }, 'must be longer than nothing'],
    [{ days: 30, seconds: 1 }, 'must not be longer than 30 days'],
  ] as const)('%j: %s', (duration, problem) => {
    expect(durationProblem(Temporal.Duration.from(duration))).toBe(problem);
  });
});

describe('instants', () => {
  test('a day is 24 hours, also across a change of the clocks', () => {
    expect(after(T0, Temporal.Duration.from({ days: 1 })).equals(T0.add({ hours: 24 }))).toBe(true);
  });

  test('an instant is reached at itself', () => {
    expect(reached(at(10), at(10))).toBe(true);
    expect(reached(at(10), at(10).subtract({ nanoseconds: 1 }))).toBe(false);
    expect(reached(at(10), after(at(10), minutes(1)))).toBe(true);
  });
});
