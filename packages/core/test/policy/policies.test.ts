/** Random policies and asks against the rules as one would say them: first match decides, no match denies. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Ask, considerRules, decide, type Policy, type ResourceName, type Rule } from '../../src/index.ts';
import { ask, group, minutes, name, person, policy, resource, roleName, rule } from '../make.ts';

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
  })
  .map((each) => ({
    resources: each.resources,
    roles: each.roles.map(roleName),
    who: { groups: each.groups.map(group), people: each.people.map(name) },
    maxDuration: each.max === null ? null : minutes(each.max),
    reason: { required: each.reason, ticket: each.ticket },
  }));
const anyPolicy: fc.Arbitrary<Policy> = fc
  .array(anyRule, { maxLength: 5 })
  .map((rules) => policy(...rules.map((each, index) => rule({ ...each, name: `r${index}` }))));
const anyAsk: fc.Arbitrary<Ask> = fc
  .record({
    policy: anyPolicy,
    person: fc.tuple(fc.constantFrom('alice', 'bob', 'carol'), some(['g', 'h', 'i', 'j'])),
    resource: fc.record({ name: fc.constantFrom('orders', 'shop', 'other'), labels }),
    role: fc.constantFrom(...ROLES, 'root'),
    minutes: fc.option(fc.integer({ min: -1, max: 300 })),
    reason: fc.constantFrom('', ' ', 'because'),
    ticket: fc.constantFrom(null, 'INC-1', 'CHG-1', 'x'),
  })
  .map((each) =>
    ask({
      ...each,
      person: person(each.person[0], ...each.person[1]),
      resource: resource({ name: each.resource.name as ResourceName, labels: each.resource.labels }),
      role: roleName(each.role),
      duration: each.minutes === null ? null : minutes(each.minutes),
    }),
  );

/** The outcome as the words of the design have it: a code, or the rule and the minutes it gives. */
function said({ policy: { rules, roles }, ...asked }: Ask): string {
  const role = roles.find((each) => each.name === asked.role);
  if (role === undefined) return 'not_found';
  for (const each of rules) {
    const who =
      each.who.people.some((one) => one === asked.person.name) ||
      each.who.groups.some((one) => asked.person.groups.includes(one));
    if (!who || !each.roles.some((one) => one === asked.role) || !speaksFor(each, asked.resource)) continue;

    const most = Math.min(role.maxDuration.total('minute'), each.maxDuration?.total('minute') ?? Infinity);
    const wanted = asked.duration?.total('minute') ?? Math.min(role.defaultDuration.total('minute'), most);
    if (wanted <= 0) return 'invalid_input';
    if (wanted > most) return 'duration_too_long';
    if (each.reason.required && asked.reason.trim() === '') return 'reason_required';
    if (each.reason.ticket !== null && !(asked.ticket !== null && new RegExp(each.reason.ticket).test(asked.ticket))) {
      return 'ticket_required';
    }
    return `${each.name} for ${wanted} of ${most}`;
  }
  return 'policy_denied';
}

function speaksFor({ resources: wanted }: Rule, { name: own, labels: has }: Ask['resource']): boolean {
  if ('all' in wanted) return true;
  if (wanted.names.length === 0 && Object.keys(wanted.labels).length === 0) return false;
  const named = wanted.names.length === 0 || wanted.names.includes(own);
  return named && Object.entries(wanted.labels).every(([label, value]) => has[label] === value);
}

test('a decision is what the words say, for any policy and any ask', () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(anyAsk, (asked) => {
      const decision = decide(asked);
      const outcome =
        decision.outcome === 'denied'
          ? decision.code
          : `${decision.rule} for ${decision.duration.total('minute')} of ${decision.maxDuration.total('minute')}`;
      expect(outcome).toBe(said(asked));
      seen.add(decision.outcome === 'denied' ? decision.code : decision.rule);
      // The explanation agrees with the outcome: of the rules looked at, only the last can have matched.
      if (decision.outcome === 'denied' && decision.code === 'not_found') return;
      const considered = considerRules(asked.policy, asked, () => []);
      const matched = considered.filter((each) => each.matched).map((each) => each.rule);
      expect(matched).toEqual(decision.rule === null ? [] : [decision.rule]);
      for (const each of considered) expect(each.because.length > 0).toBe(!each.matched);
    }),
    { numRuns: 1_500 },
  );
  for (const each of ['r0', 'r1', 'r2', 'policy_denied', 'not_found', 'duration_too_long', 'ticket_required']) {
    expect(seen).toContain(each);
  }
});
