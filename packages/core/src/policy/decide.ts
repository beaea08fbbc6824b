/**
 * The decision: may this person ask for this role on this resource, for how long, and whose approval does it take?
 * First match decides, no match denies, and the answer says why in people's words.
 */
import type { ResourceName, RoleName } from '../ids.ts';
import type { MfaMoment, Person, Policy, Resource, Role, Rule } from '../model.ts';
import { anyOf, quoted } from '../words.ts';
import { type AskedStep, stepsFor } from './approvals.ts';
import type { Condition } from './condition.ts';
import { describeNeeds, describeSaving } from './describe.ts';
import type { Circumstances } from './facts.ts';
import { type DurationLimits, durationLimits, durationRefusal } from './limits.ts';
import { describeMembership, matchRule, speaksFor } from './match.ts';
import { givenTicket, reasonRefusal } from './reason.ts';
import type { Refusal } from './refusal.ts';
import { findRole } from './roles.ts';

/** One ask, with everything a decision depends on. */
export interface Ask {
  readonly policy: Policy;
  /** Who asks, with the groups that count now. */
  readonly person: Person;
  readonly resource: Resource;
  readonly role: RoleName;
  /** null: the default. */
  readonly duration: Temporal.Duration | null;
  /** null: as soon as it is approved. */
  readonly startsAt: Temporal.Instant | null;
  readonly reason: string;
  readonly ticket: string | null;
  /** Asked for as break-glass: matched against rules for it alone. */
  readonly breakGlass: boolean;
  /** More time for an open grant. */
  readonly extension: boolean;
  readonly now: Temporal.Instant;
}

export interface Denied extends Refusal {
  readonly outcome: 'denied';
  /** The rule that refused; null: no rule spoke for the ask. */
  readonly rule: string | null;
}

export interface Allowed {
  readonly outcome: 'allowed';
  readonly requester: Pick<Person, 'name' | 'runBy'>;
  readonly resource: ResourceName;
  readonly role: RoleName;
  readonly reason: string;
  readonly ticket: string | null;
  readonly rule: string;
  readonly policyVersion: number;
  /** By stage; empty: approved at once. Quorums are still to be counted. */
  readonly steps: readonly AskedStep[];
  /** As asked for, or the default where nothing was. */
  readonly duration: Temporal.Duration;
  readonly defaultDuration: Temporal.Duration;
  readonly maxDuration: Temporal.Duration;
  readonly mfa: Rule['mfa'];
  /** null: an ordinary rule. Otherwise who is told at once, and by when it is looked at. */
  readonly breakGlass: Rule['breakGlass'];
  readonly lapseAfter: Temporal.Duration;
  readonly why: string;
  /** When it was decided: a decision holds for its moment only. */
  readonly at: Temporal.Instant;
}

export type Decision = Denied | Allowed;

/** Decides one ask. Never throws for what a person may ask; every doubt denies. */
export function decide(ask: Ask): Decision {
  return decideWith(ask, (rule, limits) => durationRefusal(ask, rule, limits) ?? reasonRefusal(ask, rule));
}

/** The decision as it would be, were reason and ticket as the rule wants them. For explanations only. */
export function foresee(ask: Omit<Ask, 'reason' | 'ticket'>): Decision {
  return decideWith({ ...ask, reason: '', ticket: null }, (rule, limits) => durationRefusal(ask, rule, limits));
}

/** What the conditions of a policy are told of an ask. */
export function circumstancesOf(ask: Ask, role: Role): Circumstances {
  return { ...ask, timeZone: ask.policy.timeZone, duration: ask.duration ?? role.defaultDuration };
}

function decideWith(ask: Ask, refuse: (rule: Rule, limits: DurationLimits) => Refusal | null): Decision {
  const { policy, person, resource } = ask;
  const role = findRole(policy, ask.role);
  if (role === null) return unknownRole(ask);

  const circumstances = circumstancesOf(ask, role);
  const found = matchRule(policy, ask, (condition) => condition.check(circumstances));
  if (found.kind === 'none') return noRule(ask);
  const { rule } = found;
  if (found.kind === 'broken') return brokenCondition(rule, found.condition, found.error);

  const limits = durationLimits(role, rule);
  const refusal = refuse(rule, limits);
  if (refusal !== null) return Object.freeze({ outcome: 'denied', ...refusal, rule: rule.name });

  const auto = rule.autoApprove?.check(circumstances) ?? { holds: false };
  if ('error' in auto && rule.autoApprove !== null) return brokenCondition(rule, rule.autoApprove, auto.error);
  const atOnce = rule.breakGlass !== null || ('holds' in auto && auto.holds);
  const steps = atOnce ? [] : stepsFor(rule.approvals, resource, person);
  const mfa = mfaOf(rule);
  return Object.freeze({
    outcome: 'allowed',
    requester: { name: person.name, runBy: person.runBy },
    resource: resource.name,
    role: role.name,
    reason: ask.reason.trim(),
    ticket: givenTicket(ask.ticket),
    rule: rule.name,
    policyVersion: policy.version,
    steps,
    duration: ask.duration ?? limits.defaultDuration,
    ...limits,
    mfa,
    breakGlass: rule.breakGlass,
    lapseAfter: rule.lapseAfter,
    why: whyAllowed(ask, rule, steps, mfa.at, limits),
    at: ask.now,
  });
}

/** Break-glass needs a fresh second factor at the request, whatever the rule says. */
export function mfaOf({ mfa, breakGlass }: Rule): Rule['mfa'] {
  if (breakGlass === null || mfa.at.includes('request')) return mfa;
  return { ...mfa, at: ['request', ...mfa.at] };
}

function whyAllowed(
  { person }: Ask,
  rule: Rule,
  steps: readonly AskedStep[],
  mfaAt: readonly MfaMoment[],
  { maxDuration }: DurationLimits,
): string {
  const atOnce =
    rule.breakGlass !== null
      ? ' It is break-glass: given at once, told to others, and looked at afterwards.'
      : steps.length === 0 && rule.autoApprove !== null
        ? ` It is given at once, because ${quoted(rule.autoApprove.source)} holds.`
        : '';
  const needs = describeNeeds(steps, mfaAt, maxDuration);
  return `Rule ${quoted(rule.name)} applies: ${describeMembership(rule.who, person)}.${atOnce} ${needs}${describeSaving(rule)}`;
}

function unknownRole(ask: Ask): Denied {
  const names = ask.policy.roles.map((role) => role.name);
  return Object.freeze({
    outcome: 'denied',
    code: 'not_found',
    why: `There is no role ${quoted(ask.role)}.`,
    next: names.length === 0 ? 'Ask an administrator: the policy has no roles.' : `The roles are ${anyOf(names)}.`,
    rule: null,
  });
}

/** A condition that cannot be worked out denies: neither this rule nor a later one is a safe guess. */
function brokenCondition(rule: Rule, { source }: Condition, error: string): Denied {
  return Object.freeze({
    outcome: 'denied',
    code: 'policy_denied',
    why: `Rule ${quoted(rule.name)} can't be decided: its condition ${quoted(source)} fails. ${error}`,
    next: 'Ask an administrator to correct the policy.',
    rule: rule.name,
  });
}

/** No rule spoke for the ask. What the person could have instead is the most useful thing to say. */
function noRule(ask: Ask): Denied {
  const { person, resource, role } = ask;
  return Object.freeze({
    outcome: 'denied',
    code: 'policy_denied',
    why: `No rule lets ${person.name} have ${role} on ${resource.name}${ask.breakGlass ? ' by break-glass' : ''}.`,
    next: nextBest(ask),
    rule: null,
  });
}

function nextBest(ask: Ask): string {
  const { policy, person, resource, role } = ask;
  if (ask.breakGlass && couldHave(ask, { breakGlass: false })) {
    return 'Ask for it without --break-glass.';
  }
  const others = policy.roles.map(({ name }) => name).filter((name) => name !== role && couldHave(ask, { role: name }));
  if (others.length > 0) return `${person.name} can ask for ${anyOf(others)} on ${resource.name}.`;
  if (!ask.breakGlass && couldHave(ask, { breakGlass: true })) {
    return 'In an emergency it can be had by break-glass: --break-glass.';
  }
  return `To see what each rule asks for: tidegate explain ${resource.name} --role ${role}`;
}

/** Conditions aside: they are told where somebody asks. */
function couldHave(ask: Ask, instead: Partial<Pick<Ask, 'role' | 'breakGlass'>>): boolean {
  const asking = { ...ask, ...instead };
  return ask.policy.rules.some((rule) => speaksFor(rule, asking));
}
