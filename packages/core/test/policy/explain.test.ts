import { describe, expect, test } from 'vitest';
import { explain } from '../../src/index.ts';
import { alice, bob, carol, group, minutes, person, policy, resource, roleName, rule, step, T0 } from '../make.ts';

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
