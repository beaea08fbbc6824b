/** Random policies and random acts, weighted so that histories get somewhere: most reviews approve, most waits are short. */
import fc from 'fast-check';
import type { ApprovalStep, Policy, Rule } from '../../src/index.ts';
import { group, minutes, name, policy, rule, step } from '../make.ts';
import { type Act, GROUPS, PEOPLE } from './world.ts';

const some = (from: string[], minLength = 0) => fc.subarray(from, { minLength });
const index = fc.oneof({ weight: 2, arbitrary: fc.constant(-1) }, { weight: 3, arbitrary: fc.nat(19) });
const who = fc.nat(PEOPLE.length - 1);

const approval: fc.Arbitrary<ApprovalStep> = fc
  .tuple(fc.constantFrom(1, 1, 1, 2, 2, 3), some(GROUPS, 1), some(PEOPLE))
  .map(([count, groups, people]) => step(count, groups, people.slice(0, 1)));

const oneRule = (ruleName: string): fc.Arbitrary<Rule> =>
  fc
    .record({
      groups: some(GROUPS, 1),
      people: some(PEOPLE, 1),
      max: fc.option(fc.integer({ min: 30, max: 200 })),
      approvals: fc.array(approval, { maxLength: 3 }),
      lapse: fc.integer({ min: 20, max: 600 }),
    })
    .map(({ groups, people, max, approvals, lapse }) =>
      rule({
        name: ruleName,
        who: { groups: groups.map(group), people: people.map(name) },
        maxDuration: max === null ? null : minutes(max),
        approvals,
        lapseAfter: minutes(lapse),
      }),
    );

export const anyPolicy: fc.Arbitrary<Policy> = fc
  .oneof(fc.tuple(oneRule('first')), fc.tuple(oneRule('first'), oneRule('second')))
  .map((rules) => policy(...rules));

export const anyMemberships: fc.Arbitrary<string[][]> = fc.tuple(...PEOPLE.map(() => some(GROUPS)));

const review: fc.Arbitrary<Act> = fc.record({
  do: fc.constant('review'),
  request: index,
  who: index,
  approve: fc.integer({ min: 0, max: 9 }).map((each) => each > 0),
  comment: fc.boolean(),
});
const submit: fc.Arbitrary<Act> = fc.record<Extract<Act, { do: 'submit' }>>({
  do: fc.constant('submit'),
  who,
  minutes: fc.option(fc.integer({ min: 1, max: 80 })),
  startIn: fc.option(fc.integer({ min: -2, max: 90 }), { freq: 3 }),
});
const askExtension: fc.Arbitrary<Act> = fc.record({
  do: fc.constant('askExtension'),
  grant: index,
  minutes: fc.integer({ min: 1, max: 60 }),
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

export const anyAct: fc.Arbitrary<Act> = fc.oneof(
  { weight: 14, arbitrary: review },
  { weight: 4, arbitrary: submit },
  { weight: 9, arbitrary: toRequest },
  { weight: 9, arbitrary: toGrant },
  { weight: 3, arbitrary: askExtension },
  { weight: 2, arbitrary: wait },
  { weight: 1, arbitrary: waitForEnd },
  { weight: 1, arbitrary: end },
  { weight: 1, arbitrary: cancel },
  { weight: 1, arbitrary: regroup },
);
