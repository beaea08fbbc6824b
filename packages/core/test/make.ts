/** Small makers of the nouns, so that a test names only what it is about. */
import type {
  AccessRequest,
  Allowed,
  Approval,
  ApprovalStep,
  Ask,
  Chosen,
  GrantId,
  GroupName,
  Person,
  PersonName,
  Policy,
  RandomBytes,
  RequestId,
  Resource,
  ResourceName,
  ReviewInput,
  RoleName,
  Rule,
} from '../src/index.ts';
import { DEFAULT_ROLES, decide, personOf, reviewRequest, settleQuorums, submitRequest } from '../src/index.ts';

export const T0 = Temporal.Instant.from('2026-11-22T09:00:00Z');
export const GRANT = 'g7k2m0ab' as GrantId;
export const REQUEST = 'req_0123456789abcdef' as RequestId;

export const name = (text: string): PersonName => text as PersonName;
export const group = (text: string): GroupName => text as GroupName;
export const roleName = (text: string): RoleName => text as RoleName;
export const minutes = (count: number): Temporal.Duration => Temporal.Duration.from({ minutes: count });
export const at = (minute: number): Temporal.Instant => T0.add({ minutes: minute });

/** Predictable bytes: a test's ids are the same in every run. */
export function seededBytes(seed: number): RandomBytes {
  let state = seed >>> 0;
  return (size) =>
    Uint8Array.from({ length: size }, () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state >>> 24;
    });
}

export function person(text: string, ...groups: string[]): Person {
  return personOf(name(text), groups.map(group));
}

export function step(count: number, groups: string[], people: string[] = []): ApprovalStep {
  return { stage: 0, count, groups: groups.map(group), people: people.map(name), escalate: null };
}

/** What a rule asks for: a step as it is written, in a stage of its own unless it says one. */
export function approval(step: ApprovalStep, stage: number, more: Partial<Approval> = {}): Approval {
  const { groups, people, count, escalate } = step;
  return { stage, from: { groups, people, resourceOwners: false, managers: false }, count, escalate, ...more };
}

type Changes = Partial<Omit<Rule, 'approvals' | 'who'>> & {
  /** One after the other where they are given as steps. */
  readonly approvals?: readonly (Approval | ApprovalStep)[];
  readonly who?: Chosen & Partial<Rule['who']>;
};

export function rule({ approvals = [step(1, ['leads'])], who, ...changes }: Changes = {}): Rule {
  return {
    name: 'rule',
    resources: { all: true },
    roles: [roleName('reader'), roleName('editor'), roleName('owner')],
    who: { workloads: [], ...(who ?? { groups: [group('engineers')], people: [] }) },
    when: null,
    maxDuration: null,
    reason: { required: true, ticket: null },
    mfa: { at: [], within: minutes(5) },
    approvals: approvals.map((each, stage) => ('from' in each ? each : approval(each, stage))),
    autoApprove: null,
    breakGlass: null,
    allow: { export: null },
    lapseAfter: minutes(480),
    ...changes,
  };
}

export function policy(...rules: Rule[]): Policy {
  return { version: 7, timeZone: 'UTC', rules, roles: DEFAULT_ROLES };
}

export function resource(changes: Partial<Resource> = {}): Resource {
  return {
    name: 'orders' as ResourceName,
    engine: 'postgres',
    labels: { env: 'prod' },
    databases: ['orders'],
    owners: [group('dba')],
    ...changes,
  };
}

export const alice = person('alice', 'engineers');
export const bob = person('bob', 'leads');
export const carol = person('carol', 'dba', 'administrators');

export function ask(changes: Partial<Ask> = {}): Ask {
  return {
    policy: policy(rule()),
    person: alice,
    resource: resource(),
    role: roleName('reader'),
    duration: null,
    startsAt: null,
    reason: 'INC-1: a customer is missing',
    ticket: null,
    breakGlass: false,
    extension: false,
    now: T0,
    ...changes,
  };
}

/** The decision, which has to allow. */
export function allowed(changes: Partial<Ask> = {}): Allowed {
  const decision = decide(ask(changes));
  if (decision.outcome !== 'allowed') throw new Error(`denied: ${decision.why}`);
  return decision;
}

export function submitted(changes: Partial<Ask> = {}, more: Partial<Parameters<typeof submitRequest>[0]> = {}) {
  const decision = allowed(changes);
  const steps = settleQuorums(decision.steps, decision.requester, [alice, bob, carol]);
  return submitRequest({ id: REQUEST, decision, steps, startsAt: null, recurrence: null, extends: null, ...more });
}

/** A review by bob, who approves. */
export function reviewed(input: Pick<ReviewInput, 'request' | 'now'> & Partial<ReviewInput>) {
  return reviewRequest({
    reviewer: bob,
    standsInFor: [],
    decision: 'approve',
    duration: null,
    comment: null,
    ...input,
  });
}

/** Approved by bob, at `now`. */
export function approved(
  changes: Partial<Ask> = {},
  more: Partial<Parameters<typeof submitRequest>[0]> = {},
): AccessRequest {
  const request = submitted(changes, more);
  return reviewed({ request, now: request.createdAt }).request;
}
