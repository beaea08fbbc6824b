import { describe, expect, test } from 'vitest';
import { type Ask, considerRules, type Decision, type Denied, decide } from '../../src/index.ts';
import {
  alice,
  allowed,
  ask,
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

function denied(changes: Partial<Ask>): Denied {
  const decision: Decision = decide(ask(changes));
  if (decision.outcome !== 'denied') throw new Error('allowed');
  return decision;
}

describe('which rule decides', () => {
  test('no rule: denied, and nothing else said', () => {
    const decision = denied({ policy: policy() });
    expect(decision).toMatchObject({ code: 'policy_denied', rule: null });
    expect(decision.why).toBe('No rule lets alice have reader on orders.');
  });

  test('the first match decides, even where a later rule asks for less', () => {
    const strict = rule({ name: 'strict', approvals: [step(2, ['dba'])] });
    const lax = rule({ name: 'lax', approvals: [] });
    expect(allowed({ policy: policy(strict, lax) })).toMatchObject({ rule: 'strict', steps: [step(2, ['dba'])] });
    expect(allowed({ policy: policy(lax, strict) })).toMatchObject({ rule: 'lax', steps: [] });
  });

  test('what the first match refuses, no later rule allows', () => {
    const short = rule({ name: 'short', maxDuration: minutes(10) });
    const long = rule({ name: 'long' });
    expect(denied({ policy: policy(short, long), duration: minutes(60) })).toMatchObject({
      code: 'duration_too_long',
      rule: 'short',
    });
  });

  test('who: by name or by any group; a rule that names nobody speaks for nobody', () => {
    const who = (groups: string[], people: string[]) => ({ groups: groups.map(group), people: people.map(name) });
    const answer = (rules: { groups: string[]; people: string[] }) =>
      decide(ask({ policy: policy(rule({ who: who(rules.groups, rules.people) })) })).outcome;
    expect(answer({ groups: ['engineers'], people: [] })).toBe('allowed');
    expect(answer({ groups: ['other', 'engineers'], people: [] })).toBe('allowed');
    expect(answer({ groups: [], people: ['alice'] })).toBe('allowed');
    expect(answer({ groups: ['other'], people: ['bob'] })).toBe('denied');
    expect(answer({ groups: [], people: [] })).toBe('denied');
    // Names are compared exactly, and a person called like a group is not in it.
    expect(answer({ groups: [], people: ['Alice'] })).toBe('denied');
    expect(answer({ groups: ['alice'], people: ['engineers'] })).toBe('denied');
  });

  test.each([
    ['all', { all: true }, true],
    ['its name', { names: ['orders'], labels: {} }, true],
    ['another name', { names: ['shop'], labels: {} }, false],
    ['its label', { names: [], labels: { env: 'prod' } }, true],
    ['all of its labels', { names: [], labels: { env: 'prod', team: 'payments' } }, true],
    ['another value', { names: [], labels: { env: 'dev' } }, false],
    ['one label of two', { names: [], labels: { env: 'prod', team: 'search' } }, false],
    ['a label it lacks', { names: [], labels: { zone: 'eu' } }, false],
    ['a label that every object seems to have', { names: [], labels: { constructor: 'x' } }, false],
    ['name and label, both right', { names: ['orders'], labels: { env: 'prod' } }, true],
    ['name and label, one wrong', { names: ['orders'], labels: { env: 'dev' } }, false],
    ['nothing', { names: [], labels: {} }, false],
  ])('resources by %s', (_, resources, matches) => {
    const target = resource({ labels: { env: 'prod', team: 'payments' } });
    const wanted = resources as Parameters<typeof rule>[0] extends infer R
      ? NonNullable<R>['resources' & keyof R]
      : never;
    const decision = decide(ask({ resource: target, policy: policy(rule({ resources: wanted })) }));
    expect(decision.outcome).toBe(matches ? 'allowed' : 'denied');
  });

  test('an unknown role is not found, whatever the rules say', () => {
    const decision = denied({ role: roleName('root'), policy: policy(rule({ roles: [roleName('root')] })) });
    expect(decision).toMatchObject({ code: 'not_found', rule: null });
    expect(decision.next).toBe('The roles are reader, editor or owner.');
  });

  test('a denial names what the person could have instead', () => {
    const readers = rule({ roles: [roleName('reader'), roleName('editor')] });
    const decision = denied({ role: roleName('owner'), policy: policy(readers) });
    expect(decision.next).toBe('alice can ask for reader or editor on orders.');
  });
});

describe('what is said of the rules', () => {
  test('each rule looked at, with what did not match, up to the one that did', () => {
    const asked = ask({
      policy: policy(
        rule({ name: 'dbas', who: { groups: [group('dba')], people: [name('zed')] } }),
        rule({ name: 'dev', resources: { names: [], labels: { env: 'dev' } }, roles: [roleName('owner')] }),
        rule({ name: 'prod' }),
        rule({ name: 'never reached' }),
      ),
    });
    expect(considerRules(asked.policy, asked, () => [])).toEqual([
      { rule: 'dbas', matched: false, because: ['alice is not in dba or zed'], conditions: [] },
      {
        rule: 'dev',
        matched: false,
        because: ['orders has “prod” as its label “env”, and it asks for “dev”', 'it is for owner, not reader'],
        conditions: [],
      },
      { rule: 'prod', matched: true, because: [], conditions: [] },
    ]);
  });

  test('the one that matched says why, and what it needs', () => {
    const twoSteps = rule({
      name: 'prod-write',
      approvals: [step(1, ['leads']), step(2, ['dba'], ['zed'])],
      mfa: { at: ['connect'], within: minutes(5) },
    });
    expect(allowed({ policy: policy(twoSteps) }).why).toBe(
      'Rule “prod-write” applies: alice is in engineers. It needs the approval of one of leads, then two of dba or zed, and a second factor at connect; for at most 2 h.',
    );
    expect(allowed({ policy: policy(rule({ approvals: [] })) }).why).toBe(
      'Rule “rule” applies: alice is in engineers. It needs no approval; for at most 2 h.',
    );
  });
});

describe('how long', () => {
  const hours = (count: number) => Temporal.Duration.from({ hours: count });
  test.each([
    ['the role’s default where nothing is asked for', null, null, 'PT1H', 'PT2H'],
    ['what is asked for', minutes(30), null, 'PT30M', 'PT2H'],
    ['the very maximum', hours(2), null, 'PT2H', 'PT2H'],
    ['a rule that is narrower', minutes(30), minutes(30), 'PT30M', 'PT30M'],
    ['a default that is cut to the rule’s maximum', null, minutes(30), 'PT30M', 'PT30M'],
    ['a rule that is wider than the role', hours(2), hours(9), 'PT2H', 'PT2H'],
  ])('%s', (_, duration, ruleMax, expected, max) => {
    const decision = allowed({ duration, policy: policy(rule({ maxDuration: ruleMax })) });
    expect(decision.duration.toString()).toBe(expected);
    expect(decision.maxDuration.toString()).toBe(max);
  });

  test.each([
    ['more than the role gives', hours(3), null, 'duration_too_long', '2 h'],
    ['a second more', Temporal.Duration.from({ hours: 2, seconds: 1 }), null, 'duration_too_long', '2 h'],
    ['more than the rule gives', minutes(31), minutes(30), 'duration_too_long', '30 min'],
    ['a wider rule does not help', hours(3), hours(9), 'duration_too_long', '2 h'],
    ['nothing', new Temporal.Duration(), null, 'invalid_input', '2 h'],
    ['less than nothing', minutes(-5), null, 'invalid_input', '2 h'],
    ['a calendar unit', Temporal.Duration.from({ weeks: 1 }), null, 'invalid_input', '2 h'],
    ['ten years', Temporal.Duration.from({ days: 3650 }), null, 'invalid_input', '2 h'],
  ])('refused: %s', (_, duration, ruleMax, code, named) => {
    const decision = denied({ duration, policy: policy(rule({ maxDuration: ruleMax })) });
    expect(decision).toMatchObject({ code, rule: 'rule' });
    expect(decision.next).toContain(named);
  });
});

describe('reason and ticket', () => {
  const withTicket = policy(rule({ reason: { required: true, ticket: '^(INC|CHG)-\\d+$' } }));

  test('a reason that is missing, empty or blank', () => {
    for (const reason of ['', '   ', '\n\t']) expect(denied({ reason }).code).toBe('reason_required');
    const optional = policy(rule({ reason: { required: false, ticket: null } }));
    expect(allowed({ reason: '', policy: optional }).reason).toBe('');
  });

  test.each([null, '', ' ', 'INC-', 'inc-1', 'INC-1x', 'xINC-1', 'INC-1\nINC-2', `INC-${'1'.repeat(500)}`])(
    'a ticket that does not do: %j',
    (ticket) => {
      expect(denied({ ticket, policy: withTicket }).code).toBe('ticket_required');
    },
  );

  test('a ticket that does, and the space around it that is no part of it', () => {
    expect(allowed({ ticket: ' INC-42 ', policy: withTicket }).ticket).toBe('INC-42');
  });

  test('a pattern is anchored only as it is written', () => {
    const loose = policy(rule({ reason: { required: false, ticket: 'INC-\\d' } }));
    expect(allowed({ ticket: 'see INC-42, please', policy: loose }).ticket).toBe('see INC-42, please');
  });

  test('where nothing is asked, a ticket is kept as it is, and an empty one is none', () => {
    expect(allowed({ ticket: 'anything' }).ticket).toBe('anything');
    expect(allowed({ ticket: '  ' }).ticket).toBeNull();
  });

  test('a pattern that can’t be read lets nobody in', () => {
    const broken = policy(rule({ reason: { required: false, ticket: '(INC' } }));
    expect(denied({ ticket: 'INC-1', policy: broken }).code).toBe('invalid_config');
  });
});

describe('what a decision carries', () => {
  test('everything a request is made of, and the moment it holds for', () => {
    const mfa = { at: ['request', 'connect'], within: minutes(5) } as const;
    expect(allowed({ policy: policy(rule({ mfa })), person: alice, reason: '  why  ' })).toMatchObject({
      requester: { name: 'alice', runBy: [] },
      resource: 'orders',
      role: 'reader',
      reason: 'why',
      policyVersion: 7,
      mfa,
      at: T0,
    });
  });

  test('the last of a thousand rules decides where no other matches', () => {
    const many = Array.from({ length: 1_000 }, (_, index) =>
      rule({ name: `r${index}`, who: { groups: [group(`g${index}`)], people: [] } }),
    );
    const big = policy(...many, rule({ name: 'last' }));
    const asked = ask({
      policy: big,
      person: person('alice', ...Array.from({ length: 50 }, (_, i) => `x${i}`), 'engineers'),
    });
    expect(decide(asked)).toMatchObject({ outcome: 'allowed', rule: 'last' });
  });
});
