import { describe, expect, test } from 'vitest';
import { aDuration, aTime, UsageError } from '../src/usage.ts';
import { away, clock, distance, length, when } from '../src/views/time.ts';

const now = Temporal.ZonedDateTime.from('2026-11-22T23:30:00+01:00[Europe/Berlin]');

describe('times as people read them', () => {
  test('are local, and say the day only when it is another', () => {
    expect(clock('2026-11-22T14:05:09.400Z', false, now)).toBe('15:05:09');
    expect(clock('2026-11-22T23:05:09Z', false, now)).toBe('2026-11-23 00:05');
    expect(clock('2026-11-22T23:05:09Z', true, now)).toBe('2026-11-23 00:05:09');
  });

  test('say how far away they are', () => {
    expect(when('2026-11-22T22:58:00Z', now)).toBe('23:58:00 (in 28 min)');
    expect(when(null, now)).toBe('–');
    expect(away('2026-11-22T22:29:50Z', now)).toBe('10 s ago');
  });

  test.each([
    [0, 'now'],
    [400, 'now'],
    [-45_000, '45 s ago'],
    [119_000, 'in 1 min 59 s'],
    [125_000, 'in 2 min'],
    [5_400_000, 'in 1 h 30 min'],
    [86_390_000, 'in 1 d'],
    [-100_000_000, '1 d 4 h ago'],
  ])('%d ms is %s', (milliseconds, said) => {
    expect(distance(milliseconds)).toBe(said);
  });

  test('durations of the API are said in units', () => {
    expect(length('PT1H30M')).toBe('1 h 30 min');
  });
});

describe('times as people type them', () => {
  test.each([
    ['2026-11-23T22:00:00Z', '2026-11-23T22:00:00.000Z'],
    ['2026-11-23T22:00+01:00', '2026-11-23T21:00:00.000Z'],
    ['2026-11-23 22:00', '2026-11-23T21:00:00.000Z'],
    ['2026-11-23', '2026-11-22T23:00:00.000Z'],
    ['23:45', '2026-11-22T22:45:00.000Z'],
    ['7:15', '2026-11-23T06:15:00.000Z'],
    ['2h', '2026-11-23T00:30:00.000Z'],
    ['PT30M', '2026-11-22T23:00:00.000Z'],
  ])('%s, looking ahead, is %s', (typed, meant) => {
    expect(aTime(typed, 'future', now)).toBe(meant);
  });

  test.each([
    ['23:45', '2026-11-21T22:45:00.000Z'],
    ['7:15', '2026-11-22T06:15:00.000Z'],
    ['2h', '2026-11-22T20:30:00.000Z'],
  ])('%s, looking back, is %s', (typed, meant) => {
    expect(aTime(typed, 'past', now)).toBe(meant);
  });

  test.each(['', 'yesterday', '25:00', '2026-13-01', '10', '1 hour'])('“%s” is none', (typed) => {
    expect(() => aTime(typed, 'future', now)).toThrow(UsageError);
  });

  test('durations are answered as ISO 8601, or refused as usage', () => {
    expect(aDuration('90m')).toBe('PT1H30M');
    expect(() => aDuration('soon')).toThrow(UsageError);
    expect(() => aDuration('60d')).toThrow(UsageError);
  });
});
