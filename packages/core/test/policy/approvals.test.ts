/** From a rule's approvals to a request's steps: owners, managers, quorums; and when steps are still the same. */
import { describe, expect, test } from 'vitest';
import { type ApprovalStep, sameSteps, settleQuorums, stepsFor } from '../../src/index.ts';
import { alice, approval, bob, group, minutes, name, person, resource, step } from '../make.ts';

const asked = (from: Partial<ReturnType<typeof approval>['from']>, stage = 0) => {
  const one = approval(step(1, ['leads']), stage);
  return { ...one, from: { ...one.from, ...from } };
};

describe('the steps of one request', () => {
  test('name the resource’s owners, beside those of the rule, each once', () => {
    const owned = resource({ owners: [group('payments'), group('leads')] });
    const [made] = stepsFor([asked({ resourceOwners: true })], owned, alice);
    expect(made).toMatchObject({ groups: ['leads', 'payments'], people: [] });
  });

  test('name the requester’s manager, and nobody where there is none', () => {
    const approvals = [asked({ groups: [], managers: true })];
    const [made] = stepsFor(approvals, resource(), { ...alice, manager: name('mia') });
    expect(made).toMatchObject({ groups: [], people: ['mia'] });
    const [none] = stepsFor(approvals, resource(), alice);
    expect(none).toMatchObject({ groups: [], people: [] });
  });

  test('keep their stages, in order', () => {
    const made = stepsFor([asked({}, 0), asked({}, 0), asked({}, 1)], resource(), alice);
    expect(made.map(({ stage }) => stage)).toEqual([0, 0, 1]);
  });
});

describe('a quorum', () => {
  const leads = ['l1', 'l2', 'l3', 'l4'].map((each) => person(each, 'leads'));
  const settled = (share: number, people = leads, requester: Parameters<typeof settleQuorums>[1] = alice) =>
    settleQuorums([{ ...step(1, ['leads']), count: { share } }], requester, people)[0]?.count;

  test.each([
    [1, 4],
    [0.5, 2],
    [0.51, 3],
    [0.25, 1],
    [0.26, 2],
    [0.01, 1],
  ])('of %d of four people is %d', (share, count) => {
    expect(settled(share)).toBe(count);
  });

  test('counts those who could approve: not the requester, not who runs a workload, no workloads', () => {
    expect(settled(1, leads, { name: name('l1'), runBy: [] })).toBe(3);
    expect(settled(1, leads, { name: name('deploy'), runBy: [name('l1'), name('l2')] })).toBe(2);
    expect(settled(1, [...leads, { ...person('bot', 'leads'), kind: 'workload' }])).toBe(4);
  });

  test('of nobody is one, so that it is never met by itself', () => {
    expect(settled(1, [])).toBe(1);
  });

  test('is not taken one too high by how fractions are kept', () => {
    // 0.07 × 100 is 7.000000000000001.
    const crowd = Array.from({ length: 100 }, (_, index) => person(`p${index}`, 'leads'));
    expect(settled(0.07, crowd)).toBe(7);
  });

  test('leaves counts as they are', () => {
    expect(settleQuorums([step(3, ['leads'])], alice, [bob])).toEqual([step(3, ['leads'])]);
  });
});

describe('steps are the same', () => {
  const escalate = { after: minutes(30), to: { groups: [group('dba')], people: [] } };
  const one: ApprovalStep = { ...step(1, ['leads', 'dba'], ['bob', 'carol']), escalate };

  test('whatever the order of names, and however a duration is written', () => {
    const other: ApprovalStep = {
      ...step(1, ['dba', 'leads'], ['carol', 'bob']),
      escalate: { ...escalate, after: Temporal.Duration.from({ seconds: 1_800 }) },
    };
    expect(sameSteps([one], [other])).toBe(true);
  });

  test.each<[string, ApprovalStep[]]>([
    ['another count', [{ ...one, count: 2 }]],
    ['another stage', [{ ...one, stage: 1 }]],
    ['a group less', [{ ...one, groups: [group('leads')] }]],
    ['a person more', [{ ...one, people: [...one.people, name('dan')] }]],
    ['no escalation', [{ ...one, escalate: null }]],
    ['a later escalation', [{ ...one, escalate: { ...escalate, after: minutes(31) } }]],
    ['an escalation to others', [{ ...one, escalate: { ...escalate, to: { groups: [], people: [name('dba')] } } }]],
    ['a step more', [one, one]],
    ['a step less', []],
  ])('not with %s', (_, other) => {
    expect(sameSteps([one], other)).toBe(false);
    expect(sameSteps(other, [one])).toBe(false);
  });

  test('a group is no person of that name', () => {
    expect(sameSteps([step(1, ['bob'])], [step(1, [], ['bob'])])).toBe(false);
  });
});
