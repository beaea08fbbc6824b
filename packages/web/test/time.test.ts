/** Times and durations as people read them. */
import { describe, expect, test } from 'vitest';
import { durationMs, durationText, isoDuration, relativeText, shortText, timeText } from '../src/lib/time.ts';
import { typedMs } from '../src/lib/typed.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const NOW = Date.parse('2026-11-22T12:00:00Z');
const at = (ms: number): string => new Date(NOW + ms).toISOString();

test.each([
  ['PT30M', 30 * MINUTE],
  ['PT1H30M', 90 * MINUTE],
  ['P1DT2H', 26 * HOUR],
  ['PT45S', 45_000],
])('%s there and back', (iso, ms) => {
  expect(durationMs(iso)).toBe(ms);
  expect(durationMs(isoDuration(ms))).toBe(ms);
});

test.each(['', '30m', 'PT', 'P1M'])('%j is no duration of the API', (text) => {
  expect(durationMs(text) > 0).toBe(false);
});

test.each([
  ['45m', 45 * MINUTE],
  ['1h30m', 90 * MINUTE],
  ['1 h 30 min', 90 * MINUTE],
  ['2 h', 2 * HOUR],
  ['2d', 48 * HOUR],
  ['', null],
  ['soon', null],
  ['0m', null],
  ['30', null],
])('what people type: %j', (text, ms) => {
  expect(typedMs(text)).toBe(ms);
});

test.each([15 * MINUTE, 90 * MINUTE, 4 * HOUR, 26 * HOUR])('what the field shows can be read back: %i', (ms) => {
  expect(typedMs(durationText(ms))).toBe(ms);
});

describe('in few words', () => {
  test.each([
    [119 * MINUTE, '1:59 h'],
    [61 * MINUTE, '1:01 h'],
    [59 * MINUTE + 59_000, '59 min'],
    [59_000, '59 s'],
    [200, '1 s'],
    [49 * HOUR, '2 d'],
  ])('%i ms: %s', (ms, text) => expect(shortText(ms)).toBe(text));

  test.each([
    [-3 * HOUR, '3 h ago'],
    [-90_000, '1 min ago'],
    [5 * MINUTE + 1_000, 'in 5 min'],
    [-1_000, 'just now'],
    [1_000, 'now'],
  ])('%i ms from now: %s', (ms, text) => expect(relativeText(at(ms), NOW)).toBe(text));
});

test('a time names its zone, and its day and year where they are others', () => {
  expect(timeText(at(MINUTE), NOW)).toMatch(/^\d\d:\d\d \S+/);
  expect(timeText(at(-30 * 24 * HOUR), NOW)).toMatch(/^2[23] Oct, /);
  expect(timeText(at(-400 * 24 * HOUR), NOW)).toMatch(/Oct 2025, /);
});
