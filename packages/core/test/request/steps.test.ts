/** How far a request has come: stages in order, steps of one stage together, escalation on time. */
import { describe, expect, test } from 'vitest';
import { type AccessRequest, type Approval, openSteps, stepsOf } from '../../src/index.ts';
import {
  approval,
  at,
  bob,
  carol,
  group,
  minutes,
  name,
  person,
  policy,
  reviewed,
  rule,
  step,
  submitted,
} from '../make.ts';
import { expectRefusal } from '../refusal.ts';

const dan = person('dan', 'security');
const escalating = (asked: Approval, after = 30): Approval => ({
  ...asked,
  escalate: { after: minutes(after), to: { groups: [group('security')], people: [name('sam')] } },
});
const request = (...approvals: Approval[]) => submitted({ policy: policy(rule({ approvals })) });
const states = (of: AccessRequest) => stepsOf(of).map(({ state }) => state);
const approve = (of: AccessRequest, reviewer = bob, minute = 1) =>
  reviewed({ request: of, reviewer, now: at(minute) }).request;

describe('stages', () => {
  const parallel = request(
    approval(step(1, ['leads']), 0),
    approval(step(1, ['dba']), 0),
    approval(step(1, ['security']), 1),
  );

  test('are open together, in whatever order their approvals come; the next one waits for all', () => {
    expect(states(parallel)).toEqual(['open', 'open', 'waiting']);
    const one = approve(parallel, carol);
    expect(states(one)).toEqual(['open', 'done', 'waiting']);
    expectRefusal('not_a_reviewer', () => approve(one, dan));
    const both = approve(one, bob);
    expect(states(both)).toEqual(['done', 'done', 'open']);
    expect(approve(both, dan).state).toBe('approved');
  });

  test('a person who could fill several of a stage fills the first that is open', () => {
    const double = person('bob', 'leads', 'dba');
    expect(approve(parallel, double).reviews).toMatchObject([{ step: 0 }]);
    const led = approve(parallel, person('lea', 'leads'));
    expect(approve(led, double).reviews).toMatchObject([{ step: 0 }, { step: 1 }]);
  });

  test('of a request that is over are neither done nor open, but for what was approved', () => {
    const denied = reviewed({ request: approve(parallel, carol), decision: 'deny', comment: 'no', now: at(2) }).request;
    expect(states(denied)).toEqual(['waiting', 'done', 'waiting']);
    expect(openSteps(denied, at(3))).toEqual([]);
  });
});

describe('escalation', () => {
  const waits = request(escalating(approval(step(1, ['leads']), 0)));

  test('adds people when its time has come, not before; those who were asked first may still', () => {
    expect(stepsOf(waits)[0]?.escalatesAt?.equals(at(30))).toBe(true);
    expectRefusal('not_a_reviewer', () => approve(waits, dan, 29));
    expect(openSteps(waits, at(29))[0]?.chosen).toEqual({ groups: ['leads'], people: [] });
    expect(openSteps(waits, at(30))[0]?.chosen).toEqual({ groups: ['leads', 'security'], people: ['sam'] });
    expect(approve(waits, dan, 30).state).toBe('approved');
    expect(approve(waits, bob, 30).state).toBe('approved');
  });

  test('counts from when its stage was opened, not from the request', () => {
    const second = request(approval(step(1, ['leads']), 0), escalating(approval(step(1, ['dba']), 1)));
    expect(stepsOf(second)[1]?.escalatesAt).toBeNull();
    const opened = approve(second, bob, 100);
    expect(stepsOf(opened)[1]?.escalatesAt?.equals(at(130))).toBe(true);
    expectRefusal('not_a_reviewer', () => approve(opened, dan, 129));
    expect(approve(opened, dan, 130).state).toBe('approved');
  });

  test('is not put off by an approval within its own stage', () => {
    const twice = request(escalating(approval(step(2, ['leads']), 0)));
    const once = approve(twice, bob, 20);
    expect(stepsOf(once)[0]?.escalatesAt?.equals(at(30))).toBe(true);
  });

  test('is over with the step', () => {
    const done = approve(waits, bob);
    expect(stepsOf(done)[0]?.escalatesAt).toBeNull();
  });

  test('never lets the requester in', () => {
    const own = submitted({
      person: person('dan', 'engineers', 'security'),
      policy: policy(rule({ approvals: [escalating(approval(step(1, ['leads']), 0))] })),
    });
    expectRefusal('own_request', () => approve(own, dan, 60));
  });
});
