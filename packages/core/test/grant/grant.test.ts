import { describe, expect, test } from 'vitest';
import {
  activate,
  assertExtendable,
  beginClose,
  closedBy,
  desiredPhase,
  due,
  EXPIRED,
  extendGrant,
  failed,
  finishClose,
  type Grant,
  longestExtension,
  nextDue,
  OPEN_WITHIN,
  scheduleGrant,
} from '../../src/index.ts';
import { alice, approved, at, GRANT, minutes, name, policy, resource, rule, submitted, T0 } from '../make.ts';
import { expectRefusal } from '../refusal.ts';

const HOUR = minutes(60);
const MAX = minutes(120);
const scheduled = scheduleGrant(approved(), T0, GRANT);
const active = activate(scheduled, at(5));
const closing = beginClose(active, EXPIRED, at(65));
const closed = finishClose(closing, at(66));
const later = scheduleGrant(approved({}, { startsAt: at(60) }), T0, GRANT);
const extension = (duration = minutes(30), more = {}) => approved({ duration, ...more }, { extends: GRANT });
const justBefore = (instant: Temporal.Instant) => instant.subtract({ nanoseconds: 1 });

describe('a grant begins', () => {
  test('scheduled by approval, for the person and what they asked for', () => {
    expect(scheduled).toMatchObject({
      state: 'scheduled',
      person: 'alice',
      resource: 'orders',
      role: 'reader',
      loginName: 'alice.g7k2m0ab',
      notBefore: null,
    });
    expect(scheduled.openBy.equals(T0.add(OPEN_WITHIN))).toBe(true);
    expect(Object.isFrozen(scheduled)).toBe(true);
  });

  test('only of a request that is approved, and has every approval', () => {
    expectRefusal('wrong_state', () => scheduleGrant(submitted(), T0, GRANT));
    // As a row changed in the store would have it.
    expectRefusal('wrong_state', () => scheduleGrant({ ...submitted(), state: 'approved' }, T0, GRANT));
    expectRefusal('wrong_state', () => scheduleGrant(extension(), T0, GRANT));
  });

  test('its clock starts when it is opened: a slow approval costs no minute', () => {
    expect(active.startsAt.equals(at(5))).toBe(true);
    expect(active.expiresAt.equals(at(65))).toBe(true);
  });

  test('not before its start, and not once nobody waits for it any more', () => {
    expectRefusal('wrong_state', () => activate(later, justBefore(at(60))));
    expect(activate(later, at(60)).state).toBe('active');
    expect(later.openBy.equals(at(60).add(OPEN_WITHIN))).toBe(true);
    expect(activate(later, justBefore(later.openBy)).state).toBe('active');
    expectRefusal('wrong_state', () => activate(later, later.openBy));
  });

  test('once', () => {
    for (const grant of [active, closing, closed]) expectRefusal('wrong_state', () => activate(grant, at(6)));
  });

  test('where it was approved after its start, the wait counts from the approval', () => {
    const late = scheduleGrant(approved({}, { startsAt: at(10) }), at(100), GRANT);
    expect(late.openBy.equals(at(100).add(OPEN_WITHIN))).toBe(true);
    expect(due(late, at(100))).toBe('open');
  });
});

describe('a grant ends', () => {
  test('by its clock: at its end, not before', () => {
    expectRefusal('wrong_state', () => beginClose(active, EXPIRED, justBefore(at(65))));
    expect(closing).toMatchObject({ state: 'closing', because: { reason: 'expired', by: null } });
    expect(closing.expiresAt?.equals(at(65))).toBe(true);
    expectRefusal('wrong_state', () => beginClose(scheduled, EXPIRED, at(1000)));
  });

  test('by its holder or by another, each by their own name', () => {
    expect(closedBy(active, name('alice'), null)).toMatchObject({ reason: 'relinquished', by: 'alice' });
    expect(closedBy(active, name('carol'), 'enough')).toMatchObject({ reason: 'revoked', by: 'carol' });
    expect(beginClose(active, closedBy(active, name('alice'), null), at(6)).because.reason).toBe('relinquished');
    expect(beginClose(scheduled, closedBy(active, name('carol'), 'no'), at(6))).toMatchObject({
      because: { reason: 'revoked' },
      startsAt: null,
      expiresAt: null,
    });
  });

  test('not in another’s name, and not revoked without a reason', () => {
    const as = (reason: 'relinquished' | 'revoked', by: string | null, comment: string | null) => () =>
      beginClose(active, { reason, by: by === null ? null : name(by), comment }, at(6));
    expectRefusal('forbidden', as('relinquished', 'carol', null));
    expectRefusal('forbidden', as('relinquished', null, null));
    expectRefusal('forbidden', as('revoked', 'alice', 'x'));
    expectRefusal('forbidden', as('revoked', null, 'x'));
    expectRefusal('comment_required', as('revoked', 'carol', null));
    expectRefusal('comment_required', as('revoked', 'carol', ' '));
  });

  test('because it could not be opened, or its database went away', () => {
    expect(beginClose(scheduled, failed('no gateway'), at(1)).because.reason).toBe('failed');
    expect(beginClose(active, failed('the resource was removed'), at(6)).because.reason).toBe('failed');
  });

  test('for good: closed is final, and closing is not begun twice', () => {
    expect(closed).toMatchObject({ state: 'closed', because: { reason: 'expired' } });
    expect(closed.closedAt.equals(at(66))).toBe(true);
    for (const grant of [closing, closed]) {
      expectRefusal('wrong_state', () => beginClose(grant, closedBy(grant, name('carol'), 'again'), at(70)));
    }
    for (const grant of [scheduled, active, closed]) expectRefusal('wrong_state', () => finishClose(grant, at(70)));
  });
});

describe('a grant is extended', () => {
  test('from its end, so that no session notices', () => {
    const extended = extendGrant(active, extension(), MAX, at(20));
    expect(extended.startsAt.equals(at(5))).toBe(true);
    expect(extended.expiresAt.equals(at(95))).toBe(true);
    expect(longestExtension(extended, MAX).toString()).toBe('PT30M');
  });

  test('up to the maximum counted from its start, however often', () => {
    expect(longestExtension(active, MAX).toString()).toBe('PT1H');
    const once = extendGrant(active, extension(minutes(30)), MAX, at(20));
    const twice = extendGrant(once, extension(minutes(30)), MAX, at(30));
    expect(twice.expiresAt.since(twice.startsAt).total('minute')).toBe(120);
    const error = expectRefusal('duration_too_long', () => extendGrant(twice, extension(minutes(1)), MAX, at(40)));
    expect(error.next).toBe('Make a new request when it ends.');
  });

  test('not beyond, and says what is left', () => {
    const error = expectRefusal('duration_too_long', () => extendGrant(active, extension(minutes(61)), MAX, at(20)));
    expect(error.next).toBe('Extend it by 1 h or less.');
    expectRefusal('duration_too_long', () => assertExtendable(active, minutes(61), MAX, at(20)));
    expectRefusal('duration_too_long', () => assertExtendable(active, minutes(1), HOUR, at(20)));
    expectRefusal('invalid_input', () => assertExtendable(active, minutes(-10), MAX, at(20)));
  });

  test('by nothing where today’s policy gives less than it already has', () => {
    expectRefusal('duration_too_long', () => extendGrant(active, extension(), minutes(30), at(20)));
    expect(longestExtension(active, minutes(30)).blank).toBe(true);
  });

  test('only while it is open', () => {
    expectRefusal('wrong_state', () => extendGrant(active, extension(), MAX, at(65)));
    expect(extendGrant(active, extension(), MAX, justBefore(at(65))).state).toBe('active');
    for (const grant of [scheduled, closing, closed]) {
      expectRefusal('wrong_state', () => extendGrant(grant, extension(), MAX, at(20)));
      expect(longestExtension(grant, MAX).blank).toBe(true);
    }
  });

  test('only by an approved extension of itself, of its person, resource and role', () => {
    const pending = submitted({ duration: minutes(30) }, { extends: GRANT });
    expectRefusal('wrong_state', () => extendGrant(active, pending, MAX, at(20)));
    expectRefusal('wrong_state', () => extendGrant(active, { ...pending, state: 'approved' }, MAX, at(20)));
    expectRefusal('wrong_state', () => extendGrant(active, approved({ duration: minutes(30) }), MAX, at(20)));
    const mallory = { ...alice, name: name('mallory') };
    const shop = resource({ name: 'shop' as Grant['resource'] });
    const editor = 'editor' as Grant['role'];
    for (const other of [{ person: mallory }, { resource: shop }, { role: editor }]) {
      expectRefusal('wrong_state', () => extendGrant(active, extension(minutes(30), other), MAX, at(20)));
    }
  });
});

describe('what time asks of a grant', () => {
  test.each([
    ['scheduled', scheduled, T0, 'open', scheduled.openBy, 'prepare'],
    ['scheduled for later', later, T0, null, at(60), null],
    ['scheduled, its time come', later, at(60), 'open', later.openBy, 'prepare'],
    ['scheduled, waited for too long', later, later.openBy, 'fail', null, 'close'],
    ['active', active, at(6), null, at(65), 'open'],
    ['active, just before its end', active, justBefore(at(65)), null, at(65), 'open'],
    ['active, at its end', active, at(65), 'expire', null, 'close'],
    ['closing', closing, at(65), null, null, 'close'],
    ['closed', closed, at(66), null, null, null],
  ])('%s', (_, grant: Grant, now, what, next, phase) => {
    expect(due(grant, now)).toBe(what);
    expect(nextDue(grant, now)?.toString() ?? null).toBe(next?.toString() ?? null);
    expect(desiredPhase(grant, now)).toBe(phase);
  });

  test('no approval needed: scheduled at once', () => {
    const free = submitted({ policy: policy(rule({ approvals: [] })) });
    expect(due(scheduleGrant(free, T0, GRANT), T0)).toBe('open');
  });
});
