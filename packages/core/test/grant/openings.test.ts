/** Grants of windows that come again: one each, which end when their window ends, however late they were opened. */
import { expect, test } from 'vitest';
import { activate, due, OPEN_WITHIN, type Recurrence, scheduleGrant } from '../../src/index.ts';
import { approved, at, GRANT, minutes, reviewed, submitted, T0 } from '../make.ts';
import { expectRefusal } from '../refusal.ts';

const weekly: Recurrence = { days: ['tue'], at: '22:00', timeZone: 'UTC', until: T0.add({ hours: 30 * 24 }) };
const opening = at(600);
const recurring = approved({}, { recurrence: weekly });

test('a window’s grant waits for it, and can be opened as long as it lasts', () => {
  const grant = scheduleGrant(recurring, at(1), GRANT, opening);
  expect(grant.notBefore?.equals(opening)).toBe(true);
  expect(grant.openBy.equals(at(660))).toBe(true);
  expect(due(grant, at(599))).toBeNull();
  expect(due(grant, at(600))).toBe('open');
  expect(due(grant, at(660))).toBe('fail');
  expectRefusal('wrong_state', () => activate(grant, at(599)));
  expectRefusal('wrong_state', () => activate(grant, at(660)));
});

test('it ends with its window, however late its door was opened', () => {
  const grant = scheduleGrant(recurring, at(1), GRANT, opening);
  for (const minute of [600, 645]) {
    const active = activate(grant, at(minute));
    expect(active.startsAt.equals(at(minute))).toBe(true);
    expect(active.expiresAt.equals(at(660))).toBe(true);
  }
});

test('for as long as was agreed to', () => {
  const request = submitted({}, { recurrence: weekly });
  const short = reviewed({ request, duration: minutes(20), now: at(1) }).request;
  const grant = scheduleGrant(short, at(1), GRANT, opening);
  expect(grant.duration.total('minute')).toBe(20);
  expect(activate(grant, at(610)).expiresAt.equals(at(620))).toBe(true);
});

test('a request whose windows come again begins with the first; one that has no other opens no window', () => {
  expect(recurring.startsAt?.toString()).toBe('2026-11-24T22:00:00Z');
  expectRefusal('wrong_state', () => scheduleGrant(recurring, at(1), GRANT));
  expectRefusal('wrong_state', () => scheduleGrant(approved(), at(1), GRANT, opening));
  expectRefusal('invalid_input', () => submitted({}, { recurrence: weekly, startsAt: at(60) }));
  expectRefusal('invalid_input', () => submitted({}, { recurrence: weekly, extends: GRANT }));
});

test('a later start alone is waited for, with the whole time from when it opens', () => {
  const later = scheduleGrant(approved({}, { startsAt: at(60) }), at(1), GRANT);
  expect(later.opening).toBeNull();
  expect(later.openBy.equals(at(60).add(OPEN_WITHIN))).toBe(true);
  expect(activate(later, at(90)).expiresAt.equals(at(150))).toBe(true);
});
