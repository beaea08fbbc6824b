import { describe, expect, test } from 'vitest';
import {
  type AccessRequest,
  cancelRequest,
  isFullyApproved,
  isLapseDue,
  lapseRequest,
  type Person,
  stepsOf,
} from '../../src/index.ts';
import { alice, approved, at, bob, carol, name, person, policy, reviewed, rule, step, submitted, T0 } from '../make.ts';
import { expectRefusal } from '../refusal.ts';

const twoSteps = policy(rule({ approvals: [step(1, ['leads']), step(1, ['dba'])] }));

function review(request: AccessRequest, reviewer: Person, decision: 'approve' | 'deny' = 'approve', comment = '') {
  return reviewed({ request, reviewer, decision, comment, now: at(1) });
}

describe('a review', () => {
  test('moves a request step by step to its approval', () => {
    const first = review(submitted({ policy: twoSteps }), bob);
    expect(first.approved).toBe(false);
    expect(first.request.state).toBe('pending');
    expect(stepsOf(first.request)).toMatchObject([
      { state: 'done', approvedBy: ['bob'] },
      { state: 'open', approvedBy: [] },
    ]);
    const second = review(first.request, carol, 'approve', '  fine  ');
    expect(second.approved).toBe(true);
    expect(second.request.state).toBe('approved');
    const plain = { onBehalfOf: null, round: 0, decision: 'approve', duration: null, at: at(1) };
    expect(second.request.reviews).toEqual([
      { ...plain, reviewer: 'bob', step: 0, fits: [0], comment: null },
      { ...plain, reviewer: 'carol', step: 1, fits: [1], comment: 'fine' },
    ]);
    expect(Object.isFrozen(second.request) && Object.isFrozen(second.request.reviews)).toBe(true);
  });

  test('leaves the request it was given as it was', () => {
    const request = submitted();
    review(request, bob);
    expect(request).toMatchObject({ state: 'pending', reviews: [] });
  });

  test('is never the requester’s own, whatever their groups, and whatever the state', () => {
    const lead = person('alice', 'engineers', 'leads', 'dba', 'administrators');
    const own = submitted({ person: lead });
    expectRefusal('own_request', () => review(own, lead));
    expectRefusal('own_request', () => review(own, lead, 'deny', 'no'));
    expectRefusal('own_request', () => review(approved({ person: lead }), lead));
    const named = submitted({ policy: policy(rule({ approvals: [step(1, [], ['alice'])] })) });
    expectRefusal('own_request', () => review(named, alice));
  });

  test('counts a person once, though they are in the groups of both steps', () => {
    const double = person('bob', 'leads', 'dba');
    const { request } = review(submitted({ policy: twoSteps }), double);
    expectRefusal('already_reviewed', () => review(request, double));
    expectRefusal('already_reviewed', () => review(request, double, 'deny', 'changed my mind'));
  });

  test('counts different people within one step', () => {
    const three = submitted({ policy: policy(rule({ approvals: [step(2, ['leads', 'dba'])] })) });
    const { request, approved } = review(three, person('bob', 'leads', 'dba'));
    expect(approved).toBe(false);
    expectRefusal('already_reviewed', () => review(request, bob));
    expect(review(request, carol).approved).toBe(true);
  });

  test('comes in the order of the steps', () => {
    const error = expectRefusal('not_a_reviewer', () => review(submitted({ policy: twoSteps }), carol));
    expect(error.message).toBe('Your step comes later: it waits for one of leads first.');
  });

  test('is only for those the open step names', () => {
    expectRefusal('not_a_reviewer', () => review(submitted(), person('eve', 'engineers')));
    expectRefusal('not_a_reviewer', () => review(submitted(), person('eve')));
    expectRefusal('not_a_reviewer', () =>
      review(submitted({ policy: policy(rule({ approvals: [step(1, [])] })) }), bob),
    );
  });

  test('counts by the groups of its own moment', () => {
    expectRefusal('not_a_reviewer', () => review(submitted(), person('bob')));
  });

  test('that denies says why, and ends it', () => {
    expectRefusal('comment_required', () => review(submitted(), bob, 'deny'));
    expectRefusal('comment_required', () => review(submitted(), bob, 'deny', '  '));
    const { request, approved } = review(submitted({ policy: twoSteps }), bob, 'deny', 'not today');
    expect({ approved, state: request.state }).toEqual({ approved: false, state: 'denied' });
    expectRefusal('wrong_state', () => review(request, carol));
    expect(stepsOf(request).map((each) => each.state)).toEqual(['waiting', 'waiting']);
  });

  test('comes too late for a request that is over', () => {
    for (const over of [
      approved(),
      cancelRequest(submitted(), name('alice'), T0),
      lapseRequest(submitted(), T0.add({ hours: 8 })),
    ]) {
      expectRefusal('wrong_state', () => review(over, carol));
    }
  });

  test('comes too late once it has lapsed, though nobody noted that yet', () => {
    const late = (now: Temporal.Instant) => () =>
      reviewed({ request: submitted(), reviewer: bob, decision: 'approve', comment: null, now });
    expectRefusal('wrong_state', late(T0.add({ hours: 8 })));
    expect(late(T0.add({ hours: 8 }).subtract({ nanoseconds: 1 }))().approved).toBe(true);
  });

  test('never approves a pending request that has no step to approve', () => {
    const broken = { ...submitted(), steps: [] };
    expectRefusal('wrong_state', () => review(broken, bob));
  });
});

describe('counting approvals in whatever the store holds', () => {
  const by = (reviewer: string, inStep: number, decision: 'approve' | 'deny' = 'approve') => ({
    reviewer: name(reviewer),
    onBehalfOf: null,
    round: 0,
    step: inStep,
    fits: [inStep],
    decision,
    duration: null,
    comment: null,
    at: T0,
  });
  test.each([
    ['the requester’s', [by('alice', 0), by('carol', 1)], false],
    ['one person’s in two steps', [by('bob', 0), by('bob', 1)], false],
    ['a denial', [by('bob', 0), by('carol', 1, 'deny')], false],
    ['a step that is not there', [by('bob', 0), by('carol', 7)], false],
    ['two that are right', [by('bob', 0), by('carol', 1)], true],
  ])('%s', (_, reviews, full) => {
    expect(isFullyApproved({ ...submitted({ policy: twoSteps }), reviews })).toBe(full);
  });

  test.each([0, -1, Number.NaN, 0.5])('a step whose count is %s still needs one', (count) => {
    const request = submitted({ policy: policy(rule({ approvals: [step(count, ['leads'])] })) });
    expect(isFullyApproved(request)).toBe(false);
    expect(review(request, bob).approved).toBe(true);
  });
});

describe('ending a request', () => {
  test('its requester takes it back, nobody else, and only while it is pending', () => {
    expect(cancelRequest(submitted(), name('alice'), T0).state).toBe('cancelled');
    expectRefusal('forbidden', () => cancelRequest(submitted(), name('bob'), T0));
    expectRefusal('wrong_state', () => cancelRequest(approved(), name('alice'), T0));
    expectRefusal('wrong_state', () => cancelRequest(submitted(), name('alice'), T0.add({ hours: 8 })));
  });

  test('it lapses at its time, not before, and only once', () => {
    const end = T0.add({ hours: 8 });
    const request = submitted();
    expect(isLapseDue(request, end.subtract({ nanoseconds: 1 }))).toBe(false);
    expectRefusal('wrong_state', () => lapseRequest(request, end.subtract({ nanoseconds: 1 })));
    const lapsed = lapseRequest(request, end);
    expect(lapsed.state).toBe('lapsed');
    expectRefusal('wrong_state', () => lapseRequest(lapsed, end));
    expect(isLapseDue(approved(), end)).toBe(false);
  });
});
