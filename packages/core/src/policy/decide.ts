/**
 * The decision: may this person ask for this role on this resource, for how long, and whose approval does it take?
 * First match decides, no match denies, and the answer says why in people's words.
 */
import type { PersonName, ResourceName, RoleName } from '../ids.ts';
import type { ApprovalStep, Person, Policy, Resource, Rule } from '../model.ts';
import { anyOf, quoted } from '../words.ts';
import { describeNeeds } from './describe.ts';
import { type DurationLimits, durationLimits, durationRefusal } from './limits.ts';
import { type Considered, describeMembership, matchRule, mismatches } from './match.ts';
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
  readonly reason: string;
  readonly ticket: string | null;
  readonly now: Temporal.Instant;
}

export interface Denied extends Refusal {
  readonly outcome: 'denied';
  /** The rule that refused; null: no rule spoke for the ask. */
  readonly rule: string | null;
  readonly considered: readonly Considered[];
}

export interface Allowed {
  readonly outcome: 'allowed';
  readonly requester: PersonName;
  readonly resource: ResourceName;
  readonly role: RoleName;
  readonly reason: string;
  readonly ticket: string | null;
  readonly rule: string;
  readonly policyVersion: number;
  /** In order; empty: approved at once. */
  readonly steps: readonly ApprovalStep[];
  /** As asked for, or the default where nothing was. */
  readonly duration: Temporal.Duration;
  readonly defaultDuration: Temporal.Duration;
  readonly maxDuration: Temporal.Duration;
  readonly mfa: Rule['mfa'];
  readonly lapseAfter: Temporal.Duration;
  readonly why: string;
  readonly considered: readonly Considered[];
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

function decideWith(ask: Ask, refuse: (rule: Rule, limits: DurationLimits) => Refusal | null): Decision {
  const { policy, person, resource } = ask;
  const role = findRole(policy, ask.role);
  if (role === null) return unknownRole(ask);

  const { rule, considered } = matchRule(policy, person, resource, role.name);
  if (rule === null) return noRule(ask, considered);

  const limits = durationLimits(role, rule);
  const refusal = refuse(rule, limits);
  if (refusal !== null) return Object.freeze({ outcome: 'denied', ...refusal, rule: rule.name, considered });

  return Object.freeze({
    outcome: 'allowed',
    requester: person.name,
    resource: resource.name,
    role: role.name,
    reason: ask.reason.trim(),
    ticket: givenTicket(ask.ticket),
    rule: rule.name,
    policyVersion: policy.version,
    steps: rule.approvals,
    duration: ask.duration ?? limits.defaultDuration,
    ...limits,
    mfa: rule.mfa,
    lapseAfter: rule.lapseAfter,
    why: `Rule ${quoted(rule.name)} applies: ${describeMembership(rule.who, person)}. ${describeNeeds(rule, limits.maxDuration)}`,
    considered,
    at: ask.now,
  });
}

function unknownRole(ask: Ask): Denied {
  const names = ask.policy.roles.map((role) => role.name);
  return Object.freeze({
    outcome: 'denied',
    code: 'not_found',
    why: `There is no role ${quoted(ask.role)}.`,
    next: names.length === 0 ? 'Ask an administrator: the policy has no roles.' : `The roles are ${anyOf(names)}.`,
    rule: null,
    considered: Object.freeze([]),
  });
}

/** No rule spoke for the ask. What the person could have instead is the most useful thing to say. */
function noRule(ask: Ask, considered: readonly Considered[]): Denied {
  const { policy, person, resource, role } = ask;
  const others = policy.roles
    .map((each) => each.name)
    .filter((name) => policy.rules.some((rule) => mismatches(rule, person, resource, name).length === 0));
  return Object.freeze({
    outcome: 'denied',
    code: 'policy_denied',
    why: `No rule lets ${person.name} have ${role} on ${resource.name}.`,
    next:
      others.length > 0
        ? `${person.name} can ask for ${anyOf(others)} on ${resource.name}.`
        : `To see what each rule asks for: tidegate explain ${resource.name} --role ${role}`,
    rule: null,
    considered,
  });
}
