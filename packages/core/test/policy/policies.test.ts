/** Random policies and asks against the rules as one would say them: first match decides, no match denies. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type Ask,
  circumstancesOf,
  considerRules,
  decide,
  type Policy,
  type ResourceName,
  type Rule,
} from '../../src/index.ts';
import { ask, at, group, minutes, name, person, policy, resource, roleName, rule, step } from '../make.ts';
import { anyCondition } from './conditions.ts';
import { said } from './obvious.ts';

const ROLES = ['reader', 'editor', 'owner'];
const some = (from: string[]) => fc.subarray(from);
const labels = fc.dictionary(fc.constantFrom('env', 'team'), fc.constantFrom('a', 'b'), { maxKeys: 2 });

const resources: fc.Arbitrary<Rule['resources']> = fc.oneof(
  fc.constant({ all: true } as const),
  fc.record({ names: some(['orders', 'shop']).map((each) => each as ResourceName[]), labels }),
);
const anyRule = fc
  .record({
    resources,
    roles: some(ROLES),
    groups: some(['g', 'h', 'i']),
    people: some(['alice', 'bob']),
    max: fc.option(fc.integer({ min: 1, max: 300 })),
    reason: fc.boolean(),
    ticket: fc.option(fc.constantFrom('^INC-\\d+$', 'x')),
    workloads: some(['w0', 'alice']),
    when: fc.option(anyCondition, { freq: 2 }),
    auto: fc.option(anyCondition, { freq: 2 }),
    approvals: fc.constantFrom(0, 1, 2),
    breakGlass: fc.integer({ min: 0, max: 3 }).map((each) => each === 0),
    mfa: fc.subarray(['request', 'review', 'connect'] as const),
  })
  .map((each) => ({
    resources: each.resources,
    roles: each.roles.map(roleName),
    who: {
      groups: each.groups.map(group),
      people: each.people.map(name),
      workloads: each.workloads.map(name),
    },
    when: each.when,
    autoApprove: each.auto,
    approvals: Array.from({ length: each.approvals }, () => step(1, ['leads'])),
    breakGlass: each.breakGlass ? { notify: { groups: [], people: [] }, reviewWithin: minutes(60) } : null,
    mfa: { at: each.mfa, within: minutes(5) },
    maxDuration: each.max === null ? null : minutes(each.max),
    reason: { required: each.reason, ticket: each.ticket },
  }));
const anyPolicy: fc.Arbitrary<Policy> = fc
  .array(anyRule, { maxLength: 5 })
  .map((rules) => policy(...rules.map((each, index) => rule({ ...each, name: `r${index}` }))));
const anyAsk: fc.Arbitrary<Ask> = fc
  .record({
    policy: anyPolicy,
    person: fc.tuple(fc.constantFrom('alice', 'bob', 'carol', 'w0'), some(['g', 'h', 'i', 'j']), fc.boolean()),
    resource: fc.record({ name: fc.constantFrom('orders', 'shop', 'other'), labels }),
    role: fc.constantFrom(...ROLES, 'root'),
    minutes: fc.option(fc.integer({ min: -1, max: 300 })),
    reason: fc.constantFrom('', ' ', 'because'),
    ticket: fc.constantFrom(null, 'INC-1', 'CHG-1', 'x'),
    breakGlass: fc.boolean(),
    extension: fc.boolean(),
    now: fc.nat(1_440).map(at),
  })
  .map((each) =>
    ask({
      ...each,
      // A workload may have a person's name: it is none of those whom a rule names as people.
      person: { ...person(each.person[0], ...each.person[1]), kind: each.person[2] ? 'person' : 'workload' },
      resource: resource({ name: each.resource.name as ResourceName, labels: each.resource.labels }),
      role: roleName(each.role),
      duration: each.minutes === null ? null : minutes(each.minutes),
    }),
  );

test('a decision is what the words say, for any policy and any ask', () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(anyAsk, (asked) => {
      const decision = decide(asked);
      const outcome =
        decision.outcome === 'denied'
          ? { code: decision.code, rule: decision.rule }
          : {
              code: null,
              rule: decision.rule,
              minutes: decision.duration.total('minute'),
              most: decision.maxDuration.total('minute'),
              steps: decision.steps.length,
              mfa: [...decision.mfa.at].sort().join(),
            };
      const expected = said(asked);
      if (expected.code === null) {
        const { approvals, ...rest } = expected;
        expect(outcome).toEqual({ ...rest, steps: approvals.length });
      } else expect(outcome).toEqual(expected);
      seen.add(expected.code ?? expected.rule);
      if (expected.code === 'policy_denied' && expected.rule !== null) seen.add('failed');
      if (decision.outcome === 'allowed' && decision.breakGlass !== null) seen.add('break-glass');
      if (decision.outcome === 'allowed' && asked.person.kind === 'workload') seen.add('workload');
      if (decision.outcome === 'allowed' && decision.why.includes('given at once, because')) seen.add('at once');
      const role = asked.policy.roles.find((each) => each.name === asked.role);
      if (role === undefined) return;
      // The explanation agrees with the outcome: of the rules looked at, only the last can have matched.
      const circumstances = circumstancesOf(asked, role);
      const considered = considerRules(asked.policy, asked, (condition) => condition.explain(circumstances));
      const matched = considered.filter((each) => each.matched).map((each) => each.rule);
      expect(matched).toEqual(decision.rule === null ? [] : [decision.rule]);
      for (const each of considered) if (!each.matched) expect(each.because).not.toEqual([]);
    }),
    { numRuns: 2_500 },
  );
  for (const each of [
    'r0',
    'r1',
    'r2',
    'policy_denied',
    'not_found',
    'duration_too_long',
    'ticket_required',
    'failed',
    'break-glass',
    'workload',
    'at once',
  ]) {
    expect(seen).toContain(each);
  }
});
