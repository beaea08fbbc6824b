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

  const both = person('bob', 'leads', 'dba');
  const lea = person('lea', 'leads');

  test('take a person who could fill several where it is of use', () => {
    expect(approve(parallel, both).reviews).toMatchObject([{ step: 0, fits: [0, 1] }]);
    const led = approve(parallel, lea);
    expect(approve(led, both).reviews).toMatchObject([{ step: 0 }, { step: 1, fits: [0, 1] }]);
  });

  test('count an approval elsewhere where that makes room for another', () => {
    const once = approve(parallel, both);
    // Either of two people could go on now: of leads, for whom bob would make room, and of the DBAs.
    expect(stepsOf(once)).toMatchObject([
      { approvedBy: ['bob'], state: 'done', takesMore: true },
      { approvedBy: [], state: 'open', takesMore: true },
      { approvedBy: [], state: 'waiting', takesMore: false },
    ]);
    expect(openSteps(once, at(2)).map(({ index }) => index)).toEqual([0, 1]);
    for (const second of [lea, carol]) {
      const done = approve(once, second);
      expect(states(done)).toEqual(['done', 'done', 'open']);
      expect(stepsOf(done).map(({ takesMore }) => takesMore)).toEqual([false, false, true]);
      expect(approve(done, dan).state).toBe('approved');
    }
    expect(stepsOf(approve(once, lea)).map(({ approvedBy }) => approvedBy)).toEqual([['lea'], ['bob'], []]);
    // What the review says of its own moment is not rewritten.
    expect(approve(once, lea).reviews[0]).toBe(once.reviews[0]);
  });

  test('are full where nobody could count elsewhere', () => {
    const led = approve(parallel, lea);
    expect(openSteps(led, at(2)).map(({ index }) => index)).toEqual([1]);
    const error = expectRefusal('not_a_reviewer', () => approve(led, bob));
    expect(error.message).toBe('Your step has its approvals: it waits for one of dba.');
  });

  test('are never filled ahead of time, whoever could', () => {
    const all = person('bob', 'leads', 'dba', 'security');
    expect(approve(parallel, all).reviews).toMatchObject([{ fits: [0, 1] }]);
    const forged = { ...approve(parallel, all).reviews[0], fits: [0, 1, 2] };
    const reviews = [forged, { ...forged, reviewer: name('lea') }, { ...forged, reviewer: name('carol') }];
    expect(states({ ...parallel, reviews } as AccessRequest)).toEqual(['done', 'done', 'open']);
  });

  test('are as full as any way to count makes them: three in a row move on', () => {
    const chain = request(approval(step(1, ['a']), 0), approval(step(1, ['b']), 0), approval(step(1, ['c']), 0));
    const two = approve(approve(chain, person('one', 'a', 'b')), person('two', 'b', 'c'));
    const done = approve(two, person('three', 'a'));
    expect(stepsOf(done).map(({ approvedBy }) => approvedBy)).toEqual([['three'], ['one'], ['two']]);
    expect(done.state).toBe('approved');
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
