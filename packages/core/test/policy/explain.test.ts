import { describe, expect, test } from 'vitest';
import { explain } from '../../src/index.ts';
import {
  alice,
  approval,
  bob,
  carol,
  group,
  minutes,
  name,
  person,
  policy,
  resource,
  roleName,
  rule,
  step,
  T0,
} from '../make.ts';
import { condition } from './conditions.ts';

const twoSteps = rule({
  name: 'prod',
  approvals: [step(1, ['leads']), step(1, ['dba'])],
  reason: { required: true, ticket: '^INC-\\d+$' },
  mfa: { at: ['request', 'connect'], within: minutes(5) },
});

function explained(changes: Partial<Parameters<typeof explain>[0]> = {}) {
  return explain({
    policy: policy(
      rule({ name: 'other', who: { groups: [group('ops')], people: [] } }),
      twoSteps,
      rule({ name: 'last' }),
    ),
    person: alice,
    resource: resource(),
    role: roleName('reader'),
    duration: null,
    startsAt: null,
    breakGlass: false,
    people: [alice, bob, carol],
    now: T0,
    ...changes,
  });
}

describe('explain', () => {
  test('needs approval: by whom, how long, with what, and every rule in order', () => {
    const explanation = explained();
    expect(explanation).toMatchObject({ outcome: 'needs_approval', rule: 'prod', mfaAt: ['request', 'connect'] });
    expect(explanation.maxDuration?.toString()).toBe('PT2H');
    expect(explanation.defaultDuration?.toString()).toBe('PT1H');
    expect(explanation.steps.map((each) => each.candidates)).toEqual([['bob'], ['carol']]);
    expect(explanation.why).toBe(
      'Rule “prod” applies: alice is in engineers. It needs the approval of one of leads, then one of dba, and a second factor at the request and connect; for at most 2 h. It asks for a reason and a ticket (^INC-\\d+$).',
    );
    expect(explanation.considered).toEqual([
      { rule: 'other', matched: false, because: ['alice is not in ops'], conditions: [] },
      { rule: 'prod', matched: true, because: [], conditions: [] },
      { rule: 'last', matched: false, because: ['it was not reached: “prod” comes first and decides'], conditions: [] },
    ]);
  });

  test('allowed where nobody has to approve', () => {
    expect(explained({ policy: policy(rule({ approvals: [] })) }).outcome).toBe('allowed');
  });

  test('denied: by no rule, with all that were looked at', () => {
    const explanation = explained({ person: person('eve') });
    expect(explanation).toMatchObject({ outcome: 'denied', rule: null, maxDuration: null, steps: [] });
    expect(explanation.considered).toHaveLength(3);
    expect(explanation.considered.every((each) => !each.matched && each.because.length > 0)).toBe(true);
  });

  test('denied: too long, and still says how long it could be', () => {
    const explanation = explained({ duration: minutes(600) });
    expect(explanation).toMatchObject({ outcome: 'denied', rule: 'prod' });
    expect(explanation.maxDuration?.toString()).toBe('PT2H');
    expect(explanation.why).toContain('at most 2 h');
  });

  test('a step that nobody could approve is said, with the reason', () => {
    const explanation = explained({ people: [alice, bob] });
    expect(explanation.outcome).toBe('needs_approval');
    expect(explanation.why).toContain('Nobody could approve step 2 (one of dba)');
  });

  test('the requester is never a candidate', () => {
    const lead = person('alice', 'engineers', 'leads', 'dba');
    expect(explained({ person: lead, people: [lead, bob, carol] }).steps.map((each) => each.candidates)).toEqual([
      ['bob'],
      ['carol'],
    ]);
  });

  test('an unknown role is denied, and nothing is explained', () => {
    expect(explained({ role: roleName('root') })).toMatchObject({ outcome: 'denied', rule: null, steps: [] });
  });
});

describe('explain, of steps', () => {
  test('tells who could approve now, and who as well once it is escalated', () => {
    const escalate = { after: minutes(30), to: { groups: [group('dba'), group('leads')], people: [name('alice')] } };
    const steps = explained({
      policy: policy(rule({ approvals: [{ ...approval(step(1, ['leads']), 0), escalate }] })),
    }).steps;
    // Nobody twice, and never the requester.
    expect(steps).toMatchObject([{ candidates: ['bob'], escalatedTo: ['carol'] }]);
  });

  test('a step that only those could approve to whom it is escalated is not one that nobody could', () => {
    const escalate = { after: minutes(30), to: { groups: [group('dba')], people: [] } };
    const asked = { ...approval(step(1, ['nobody']), 0), escalate };
    expect(explained({ policy: policy(rule({ approvals: [asked] })) }).why).not.toContain('Nobody could');
  });

  test('counts a quorum among those who could', () => {
    const asked = { ...approval(step(1, ['leads', 'dba']), 0), count: { share: 1 } };
    const { steps, why } = explained({ policy: policy(rule({ approvals: [asked] })) });
    expect(steps).toMatchObject([{ step: { count: 2 }, candidates: ['bob', 'carol'] }]);
    expect(why).toContain('all of leads or dba');
  });
});

describe('explain, of conditions', () => {
  const when = (source: string, changes: Parameters<typeof rule>[0] = {}) =>
    explained({
      policy: policy(rule({ name: 'first', when: condition(source), ...changes }), rule({ name: 'second' })),
    });

  test('one that holds is shown with what it looked at', () => {
    const { rule: decider, considered } = when('now.hour < 12');
    expect(decider).toBe('first');
    expect(considered[0]).toEqual({
      rule: 'first',
      matched: true,
      because: [],
      conditions: [{ text: 'now.hour < 12', result: { holds: true }, values: ['now.hour is 9'] }],
    });
  });

  test('one that does not hold says so, and the next rule decides', () => {
    const { rule: decider, considered } = when('now.hour >= 12 && !request.extension');
    expect(decider).toBe('second');
    expect(considered[0]).toMatchObject({
      matched: false,
      because: ['“now.hour >= 12” does not hold: now.hour is 9'],
    });
    expect(considered[0]?.conditions).toHaveLength(2);
  });

  test('one that fails denies, and names itself', () => {
    const { outcome, rule: decider, why, considered } = when('resource.labels.none == ""');
    expect({ outcome, decider }).toEqual({ outcome: 'denied', decider: 'first' });
    expect(why).toContain('its condition “resource.labels.none == ""” fails. No such key: none.');
    expect(considered[0]).toMatchObject({
      matched: true,
      because: ['“resource.labels.none == ""” can\'t be worked out: No such key: none.'],
    });
    expect(considered[1]?.because).toEqual(['it was not reached: “first” comes first and decides']);
  });

  test('one part that is false keeps another that fails from mattering', () => {
    const { outcome, rule: decider, considered } = when('person.name == "nobody" && resource.labels.none == ""');
    expect({ outcome, decider }).toEqual({ outcome: 'needs_approval', decider: 'second' });
    expect(considered.map(({ matched }) => matched)).toEqual([false, true]);
  });

  test('“when” guards what “autoApprove” reads', () => {
    const auto = { approvals: [], autoApprove: condition('resource.labels.none == ""') };
    expect(when('false', auto)).toMatchObject({ outcome: 'needs_approval', rule: 'second' });
    expect(when('true', auto)).toMatchObject({ outcome: 'denied', rule: 'first' });
  });

  test('of a rule that does not speak for the ask is not asked', () => {
    const { considered } = when('resource.labels.none == ""', { roles: [roleName('owner')] });
    expect(considered[0]).toMatchObject({ matched: false, conditions: [] });
  });

  test('given at once says because of what', () => {
    const { outcome, why } = explained({
      policy: policy(rule({ approvals: [], autoApprove: condition('now.hour < 12') })),
    });
    expect(outcome).toBe('allowed');
    expect(why).toContain('It is given at once, because “now.hour < 12” holds.');
  });
});
