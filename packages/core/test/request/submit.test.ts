import { describe, expect, expectTypeOf, test } from 'vitest';
import { type Allowed, type Denied, type Submission, stepsOf } from '../../src/index.ts';
import { at, GRANT, minutes, policy, rule, step, submitted, T0 } from '../make.ts';
import { expectRefusal } from '../refusal.ts';

describe('a request', () => {
  test('waits for its first step', () => {
    const request = submitted({ policy: policy(rule({ approvals: [step(1, ['leads']), step(1, ['dba'])] })) });
    expect(request).toMatchObject({ state: 'pending', rule: 'rule', policyVersion: 7, reviews: [], startsAt: null });
    expect(request.createdAt.equals(T0)).toBe(true);
    expect(request.lapsesAt.equals(T0.add({ hours: 8 }))).toBe(true);
    expect(stepsOf(request).map((each) => each.state)).toEqual(['open', 'waiting']);
    expect(Object.isFrozen(request)).toBe(true);
  });

  test('is approved at once where the rule asks for nobody', () => {
    expect(submitted({ policy: policy(rule({ approvals: [] })) }).state).toBe('approved');
  });

  test('starts now when its start is now, later when it is later', () => {
    expect(submitted({}, { startsAt: T0 }).startsAt).toBeNull();
    expect(submitted({}, { startsAt: T0.subtract({ seconds: 59 }) }).startsAt).toBeNull();
    expect(submitted({}, { startsAt: at(60) }).startsAt?.equals(at(60))).toBe(true);
  });

  test('does not start in the past, nor next year', () => {
    expectRefusal('invalid_input', () => submitted({}, { startsAt: T0.subtract({ minutes: 2 }) }));
    expectRefusal('invalid_input', () => submitted({}, { startsAt: T0.add({ hours: 31 * 24 }) }));
  });

  test('for an extension has no start of its own', () => {
    expect(submitted({ duration: minutes(10) }, { extends: GRANT })).toMatchObject({ extends: GRANT });
    expectRefusal('invalid_input', () => submitted({}, { extends: GRANT, startsAt: at(60) }));
  });

  test('can be made only of a decision that allows', () => {
    expectTypeOf<Submission['decision']>().toEqualTypeOf<Allowed>();
    expectTypeOf<Denied>().not.toExtend<Allowed>();
  });
});
