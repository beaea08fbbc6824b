/** Random policies and random acts, weighted so that histories get somewhere: most reviews approve, most waits are short. */
import fc from 'fast-check';
import type { Approval, Policy, Rule } from '../../src/index.ts';
import { group, minutes, name, policy, rule } from '../make.ts';
import { anyCondition } from '../policy/conditions.ts';
import { type Act, ALL, GROUPS, PEOPLE, type Who, WORKLOAD } from './world.ts';

const some = (from: string[], minLength = 0) => fc.subarray(from, { minLength });
const index = fc.oneof({ weight: 3, arbitrary: fc.constant(-1) }, { weight: 2, arbitrary: fc.nat(19) });
const who = fc.nat(ALL.length - 1);
const rarely = <T>(arbitrary: fc.Arbitrary<T>, times: number): fc.Arbitrary<T | null> =>
  fc.oneof({ weight: times, arbitrary: fc.constant(null) }, { weight: 1, arbitrary });
const chosen = fc
  .tuple(some(GROUPS), some(PEOPLE))
  .map(([groups, people]) => ({ groups: groups.map(group), people: people.slice(0, 1).map(name) }));

const approval: fc.Arbitrary<Omit<Approval, 'stage'>> = fc.record({
  from: fc
    .tuple(chosen, some(GROUPS, 1), fc.boolean(), fc.boolean())
    .map(([{ people }, groups, resourceOwners, managers]) => ({
      groups: groups.map(group),
      people,
      resourceOwners,
      managers,
    })),
  count: fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom(1, 1, 1, 2, 2, 3) },
    { weight: 1, arbitrary: fc.constantFrom({ share: 1 }, { share: 0.5 }, { share: 0.500001 }) },
  ),
  escalate: rarely(fc.record({ after: fc.integer({ min: 2, max: 20 }).map(minutes), to: chosen }), 1),
});
const approvals: fc.Arbitrary<Approval[]> = fc
  .array(fc.array(approval, { minLength: 1, maxLength: 2 }), { maxLength: 2 })
  .map((stages) => stages.flatMap((together, stage) => together.map((each) => ({ stage, ...each }))));

const oneRule = (ruleName: string): fc.Arbitrary<Rule> =>
  fc
    .record({
      groups: some(GROUPS, 1),
      people: some(PEOPLE, 1),
      workloads: some([WORKLOAD]),
      when: rarely(anyCondition, 6),
      max: fc.option(fc.integer({ min: 30, max: 200 })),
      approvals,
      autoApprove: rarely(anyCondition, 9),
      lapse: fc.integer({ min: 20, max: 600 }),
    })
    .map(({ groups, people, workloads, when, max, approvals: asked, autoApprove, lapse }) =>
      rule({
        name: ruleName,
        who: { groups: groups.map(group), people: people.map(name), workloads: workloads.map(name) },
        when,
        maxDuration: max === null ? null : minutes(max),
        approvals: asked,
        autoApprove,
        lapseAfter: minutes(lapse),
      }),
    );

const breakGlass: fc.Arbitrary<Rule> = fc.tuple(some(GROUPS, 1), rarely(anyCondition, 3)).map(([groups, when]) =>
  rule({
    name: 'break-glass',
    who: { groups: groups.map(group), people: [] },
    when,
    approvals: [],
    breakGlass: { notify: { groups: [], people: [] }, reviewWithin: minutes(60) },
  }),
);

const anyPolicy: fc.Arbitrary<Policy> = fc
  .oneof(
    fc.tuple(oneRule('first')),
    fc.tuple(oneRule('first'), oneRule('second')),
    fc.tuple(breakGlass, oneRule('first')),
    fc.tuple(breakGlass, oneRule('first'), oneRule('second')),
  )
  .map((rules) => policy(...rules));

/** One after the other in force; some but for one rule the same as before, so that requests keep their approvals. */
export const anyPolicies: fc.Arbitrary<Policy[]> = fc
  .tuple(anyPolicy, anyPolicy, oneRule('new'))
  .map(([one, other, added]) => [one, policy(...one.rules, added), policy(added, ...one.rules), other]);

const oneOf = fc.record<Who>({ groups: some(GROUPS), manager: fc.option(fc.constantFrom(...PEOPLE)) });
export const anyPeople: fc.Arbitrary<{ readonly people: Who[]; readonly runBy: string[] }> = fc.record({
  people: fc.tuple(...ALL.map(() => oneOf)),
  runBy: some(PEOPLE, 1).map((each) => each.slice(0, 2)),
});

const review: fc.Arbitrary<Act> = fc.record({
  do: fc.constant('review'),
  request: index,
  who: index,
  approve: fc.integer({ min: 0, max: 9 }).map((each) => each > 0),
  comment: fc.boolean(),
  minutes: rarely(fc.integer({ min: 0, max: 80 }), 4),
});
const submit: fc.Arbitrary<Act> = fc.record<Extract<Act, { do: 'submit' }>>({
  do: fc.constant('submit'),
  who,
  minutes: fc.option(fc.integer({ min: 1, max: 80 })),
  startIn: fc.option(fc.integer({ min: -2, max: 90 }), { freq: 3 }),
  breakGlass: fc.integer({ min: 0, max: 4 }).map((each) => each === 0),
});
const askExtension: fc.Arbitrary<Act> = fc.record({
  do: fc.constant('askExtension'),
  grant: index,
  minutes: fc.integer({ min: 1, max: 40 }),
});
const toRequest: fc.Arbitrary<Act> = fc.record({
  do: fc.constantFrom('lapse', 'schedule', 'schedule', 'schedule', 'extend', 'extend'),
  request: index,
});
const toGrant: fc.Arbitrary<Act> = fc.record({
  do: fc.constantFrom('activate', 'activate', 'activate', 'activate', 'expire', 'expire', 'fail', 'finish', 'finish'),
  grant: index,
});
const end: fc.Arbitrary<Act> = fc.record({ do: fc.constant('end'), grant: index, who, comment: fc.boolean() });
const cancel: fc.Arbitrary<Act> = fc.record({ do: fc.constant('cancel'), request: index, who: index });
const wait: fc.Arbitrary<Act> = fc.record({
  do: fc.constant('wait'),
  minutes: fc.oneof({ weight: 5, arbitrary: fc.nat(15) }, { weight: 1, arbitrary: fc.nat(500) }),
});
const waitForEnd: fc.Arbitrary<Act> = fc.record({ do: fc.constant('waitForEnd'), grant: index, early: fc.nat(2) });
const regroup: fc.Arbitrary<Act> = fc.record({ do: fc.constant('regroup'), who, groups: some(GROUPS) });
const rehand: fc.Arbitrary<Act> = fc.record({ do: fc.constant('rehand'), runBy: some(PEOPLE) });
const away: fc.Arbitrary<Act> = fc.record({ do: fc.constant('away'), who, deputies: some(ALL) });
const newPolicy: fc.Arbitrary<Act> = fc.record({ do: fc.constant('newPolicy'), policy: fc.nat(3) });

export const anyAct: fc.Arbitrary<Act> = fc.oneof(
  { weight: 16, arbitrary: review },
  { weight: 6, arbitrary: submit },
  { weight: 9, arbitrary: toRequest },
  { weight: 9, arbitrary: toGrant },
  { weight: 4, arbitrary: askExtension },
  { weight: 4, arbitrary: wait },
  { weight: 2, arbitrary: away },
  { weight: 1, arbitrary: newPolicy },
  { weight: 1, arbitrary: waitForEnd },
  { weight: 1, arbitrary: end },
  { weight: 1, arbitrary: cancel },
  { weight: 1, arbitrary: regroup },
  { weight: 1, arbitrary: rehand },
);
