/** Conditions of rules: checked before they run, explained part by part, and an error where there is doubt. */
import { describe, expect, test } from 'vitest';
import { type Circumstances, compileCondition, isConditionProblem } from '../../src/index.ts';
import { alice, minutes, resource, roleName, T0 } from '../make.ts';

const circumstances: Circumstances = {
  person: alice,
  resource: resource(),
  role: roleName('reader'),
  duration: minutes(60),
  startsAt: null,
  reason: 'INC-1',
  ticket: null,
  breakGlass: false,
  extension: false,
  now: T0,
  timeZone: 'Europe/Berlin',
};

function condition(source: string) {
  const compiled = compileCondition(source);
  if (isConditionProblem(compiled)) throw new Error(compiled.message);
  return compiled;
}

describe('a condition', () => {
  test.each([
    ['request.duration <= duration("4h")', true],
    ['request.duration < duration("1h")', false],
    // T0 is 09:00 UTC, a Sunday: 10:00 in Berlin.
    ['now.hour == 10 && now.weekday == "sun" && now.date == "2026-11-22"', true],
    ['start.at == now.at', true],
    ['"engineers" in person.groups && !person.workload', true],
    ['person.groups.exists(g, g.startsWith("eng"))', true],
    ['resource.labels.env == "prod" && resource.engine == "postgres"', true],
    ['has(resource.labels.team) && resource.labels.team == "x"', false],
    ['request.ticket == "" && request.role == "reader" && !request.breakGlass && !request.extension', true],
  ])('%s is %s', (source, holds) => {
    expect(condition(source).check(circumstances)).toEqual({ holds });
  });

  test('that cannot be worked out is an error, never false', () => {
    expect(condition('resource.labels.team == "x"').check(circumstances)).toEqual({ error: 'No such key: team.' });
    expect(condition('now.hour / (now.minute - now.minute) == 1').check(circumstances)).toHaveProperty('error');
  });

  test.each([
    ['request.durations <= duration("4h")', 'No such key: durations', 8],
    ['now.hour', 'A condition must be true or false, and this is of type int', 0],
    ['now.hour >= "8"', 'no such overload: int >= string', 0],
    ['now.hour >=', 'Unexpected token: EOF', 11],
    [
      '1 == 1 && request.reason.matches("(a+)+$")',
      'matches() is not available: use startsWith, endsWith or contains',
      10,
    ],
    ['person.groups.all(g, person.groups.exists(h, g == h))', 'exists() cannot stand inside another one', 21],
    [`"${'x'.repeat(2000)}" == ""`, 'A condition has at most 2000 characters', 0],
  ])('%s is refused, and where', (source, message, start) => {
    expect(compileCondition(source)).toEqual({ message, start });
  });

  test('too large a condition is refused', () => {
    const many = Array.from({ length: 150 }, (_, index) => `now.hour != ${index}`).join(' && ');
    expect(isConditionProblem(compileCondition(many))).toBe(true);
    expect(
      isConditionProblem(compileCondition(`${'('.repeat(60)}true${')'.repeat(60)} && ${'!'.repeat(60)}true`)),
    ).toBe(true);
  });

  test('is explained part by part, with what each part looked at', () => {
    expect(condition('now.hour >= 8 && now.hour < 10 && resource.labels.team == "x"').explain(circumstances)).toEqual([
      { text: 'now.hour >= 8', result: { holds: true }, values: ['now.hour is 10'] },
      { text: 'now.hour < 10', result: { holds: false }, values: ['now.hour is 10'] },
      { text: 'resource.labels.team == "x"', result: { error: 'No such key: team.' }, values: [] },
    ]);
  });
});
