/**
 * `tidegate policy test`: a file of expected decisions, held against a configuration. Nothing but the two texts is
 * needed, so that a team's own pipeline can do it before anybody applies anything.
 */
import {
  duration as aDuration,
  groupName,
  instant,
  personName,
  resourceName,
  roleName,
  shapeProblems,
} from '@tidegate/contract';
import {
  type Decision,
  decide,
  durationText,
  type Person,
  type PersonName,
  parseDuration,
  personOf,
  settleQuorums,
} from '@tidegate/core';
import { z } from 'zod';
import type { CurrentConfig } from './content.ts';
import { readDocument } from './document.ts';
import { NOTHING_KNOWN } from './draft.ts';
import { type ConfigProblem, InvalidConfig, pathText } from './errors.ts';
import { Membership } from './membership.ts';

const expectation = z.strictObject({
  outcome: z.enum(['allowed', 'needs_approval', 'denied']),
  rule: z.string().optional(),
  /** Of a denial: its stable code. */
  code: z.string().optional(),
  maxDuration: aDuration.optional(),
  mfa: z.array(z.enum(['request', 'review', 'connect'])).optional(),
  /** In order; what a step does not say is not looked at. */
  steps: z
    .array(
      z.strictObject({
        groups: z.array(groupName).optional(),
        people: z.array(personName).optional(),
        count: z.int().optional(),
      }),
    )
    .optional(),
});

const policyTests = z.strictObject({
  apiVersion: z.literal('tidegate/policy-test/v1'),
  /** What is to be supposed of people, beside the groups that the configuration lists them in. */
  people: z
    .record(
      personName,
      z.strictObject({
        groups: z.array(groupName).default([]),
        manager: personName.optional(),
      }),
    )
    .default({}),
  tests: z
    .array(
      z.strictObject({
        name: z.string().min(1).max(200),
        ask: z.strictObject({
          person: personName,
          resource: resourceName,
          role: roleName,
          for: aDuration.optional(),
          at: instant.default('2026-01-05T12:00:00Z'),
          startsAt: instant.optional(),
          reason: z.string().default('a reason'),
          ticket: z.string().optional(),
          breakGlass: z.boolean().default(false),
          extension: z.boolean().default(false),
        }),
        expect: expectation,
      }),
    )
    .min(1),
});
type PolicyTests = z.infer<typeof policyTests>;
type Expectation = z.infer<typeof expectation>;

export interface PolicyTestResult {
  readonly name: string;
  readonly passed: boolean;
  /** What was decided, in people's words. */
  readonly why: string;
  /** Each expectation that does not hold: `outcome: expected denied, was needs_approval`. */
  readonly differences: readonly string[];
}

/** Throws `InvalidConfig` with every problem of the tests' own text. */
export function runPolicyTests(config: CurrentConfig, text: string): readonly PolicyTestResult[] {
  const { people, tests } = readTests(text);
  const membership = new Membership(config.groups, NOTHING_KNOWN);
  const supposed = new Map(
    Object.entries(people).map(([name, of]) => [name, toPerson(config, personName.parse(name), of, membership)]),
  );
  return tests.map(({ name, ask, expect }) => {
    const person = supposed.get(ask.person) ?? toPerson(config, ask.person, undefined, membership);
    const resource = config.resources.find((each) => each.name === ask.resource);
    if (resource === undefined) {
      const why = `There is no resource ${ask.resource}.`;
      return { name, passed: false, why, differences: [why] };
    }
    const decision = decide({
      policy: config.policy,
      person,
      resource,
      role: ask.role,
      duration: ask.for === undefined ? null : parseDuration(ask.for),
      startsAt: ask.startsAt === undefined ? null : Temporal.Instant.from(ask.startsAt),
      reason: ask.reason,
      ticket: ask.ticket ?? null,
      breakGlass: ask.breakGlass,
      extension: ask.extension,
      now: Temporal.Instant.from(ask.at),
    });
    const everybody = [...supposed.values(), ...listed(config, membership, supposed)];
    const differences = compare(expect, decision, person, everybody);
    return { name, passed: differences.length === 0, why: decision.why, differences };
  });
}

/** As the configuration has them, with what is to be supposed beside it. */
function toPerson(
  { workloads }: CurrentConfig,
  name: PersonName,
  of: PolicyTests['people'][PersonName] | undefined,
  membership: Membership,
): Person {
  const workload = workloads.find((each) => each.name === name);
  const groups = [...membership.groupsOf(name), ...(workload?.groups ?? []), ...(of?.groups ?? [])];
  return {
    name,
    kind: workload === undefined ? 'person' : 'workload',
    groups: [...new Set(groups)],
    runBy: workload?.runBy ?? [],
    manager: of?.manager ?? null,
  };
}

/** Members that the configuration itself lists: a quorum is counted among them too. */
function listed(config: CurrentConfig, membership: Membership, known: ReadonlyMap<string, Person>): Person[] {
  const names = new Set(config.groups.flatMap(({ members }) => members));
  return [...names].filter((name) => !known.has(name)).map((name) => personOf(name, membership.groupsOf(name)));
}

function compare(expected: Expectation, decision: Decision, asker: Person, people: readonly Person[]): string[] {
  const steps = decision.outcome === 'allowed' ? settleQuorums(decision.steps, asker, people) : [];
  const was = {
    outcome: decision.outcome === 'denied' ? 'denied' : steps.length === 0 ? 'allowed' : 'needs_approval',
    rule: decision.rule ?? 'none',
    code: decision.outcome === 'denied' ? decision.code : 'none',
    maxDuration: decision.outcome === 'allowed' ? durationText(decision.maxDuration) : 'none',
    mfa: decision.outcome === 'allowed' ? [...decision.mfa.at].sort().join(', ') : '',
  };
  const wanted = {
    ...expected,
    maxDuration: expected.maxDuration === undefined ? undefined : durationText(parseDuration(expected.maxDuration)),
    mfa: expected.mfa === undefined ? undefined : [...expected.mfa].sort().join(', '),
  };
  const differences = (['outcome', 'rule', 'code', 'maxDuration', 'mfa'] as const).flatMap((key) => {
    const want = wanted[key];
    return want === undefined || want === was[key]
      ? []
      : [`${key}: expected ${want || 'none'}, was ${was[key] || 'none'}`];
  });
  return [...differences, ...compareSteps(expected.steps, steps)];
}

function compareSteps(expected: Expectation['steps'], steps: ReturnType<typeof settleQuorums>): string[] {
  if (expected === undefined) return [];
  if (expected.length !== steps.length) return [`steps: expected ${expected.length}, was ${steps.length}`];
  const text = (names: readonly string[]): string => [...names].sort().join(', ') || 'nobody';
  return steps.flatMap(({ groups, people, count }, index) => {
    const want = expected[index];
    const pairs = [
      ['groups', want?.groups === undefined ? undefined : text(want.groups), text(groups)],
      ['people', want?.people === undefined ? undefined : text(want.people), text(people)],
      ['count', want?.count === undefined ? undefined : String(want.count), String(count)],
    ] as const;
    return pairs.flatMap(([key, wanted, was]) =>
      wanted === undefined || wanted === was ? [] : [`step ${index + 1}, ${key}: expected ${wanted}, was ${was}`],
    );
  });
}

function readTests(text: string): PolicyTests {
  const document = readDocument(text);
  const problems: ConfigProblem[] = [...document.problems];
  const parsed = policyTests.safeParse(document.value);
  if (!document.broken && !parsed.success) {
    for (const { path, at, message } of shapeProblems(parsed.error.issues, document.value)) {
      problems.push({ path: pathText(path), message, ...document.locate(path, at) });
    }
  }
  if (problems.length > 0 || !parsed.success) throw new InvalidConfig(problems);
  return parsed.data;
}
