/**
 * The decision: may this person ask for this role on this resource, for how long, and whose approval does it take?
 * First match decides, no match denies, and the answer says why in people's words.
 */
import type { ErrorCode } from '../errors.ts';
import type { PersonName, ResourceName, RoleName } from '../ids.ts';
import type { ApprovalStep, Person, Policy, Resource, Role, Rule } from '../model.ts';
import { compareDurations, durationProblem, formatDuration, shorter } from '../time.ts';
import { anyOf, quoted } from '../words.ts';
import { describeNeeds } from './describe.ts';
import { type Considered, describeMembership, matchRule, mismatches } from './match.ts';
import { matchesTicket, TICKET_MAX } from './pattern.ts';
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

export interface Denied {
  readonly outcome: 'denied';
  readonly code: ErrorCode;
  /** What happened and why; a sentence. */
  readonly why: string;
  /** What the person can do now; a sentence. */
  readonly next: string;
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
  const { policy, person, resource } = ask;
  const role = findRole(policy, ask.role);
  if (role === null) return unknownRole(ask);

  const { rule, considered } = matchRule(policy, person, resource, role.name);
  if (rule === null) return noRule(ask, considered);

  const limits = durationLimits(role, rule);
  const refusal = durationRefusal(ask, rule, limits) ?? reasonRefusal(ask, rule);
  if (refusal !== null) return Object.freeze({ outcome: 'denied', ...refusal, rule: rule.name, considered });

  return Object.freeze({
    outcome: 'allowed',
    requester: person.name,
    resource: resource.name,
    role: role.name,
    reason: ask.reason.trim(),
    ticket: emptyToNull(ask.ticket),
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

interface DurationLimits {
  readonly defaultDuration: Temporal.Duration;
  readonly maxDuration: Temporal.Duration;
}

/** The longest is the narrower of the role's and the rule's; the role's default never goes beyond it. */
export function durationLimits(role: Role, rule: Rule): DurationLimits {
  const maxDuration = rule.maxDuration === null ? role.maxDuration : shorter(role.maxDuration, rule.maxDuration);
  return { maxDuration, defaultDuration: shorter(role.defaultDuration, maxDuration) };
}

type Refusal = Pick<Denied, 'code' | 'why' | 'next'>;

function durationRefusal(ask: Ask, rule: Rule, limits: DurationLimits): Refusal | null {
  if (ask.duration === null) return null;
  const problem = durationProblem(ask.duration);
  if (problem !== null) {
    return {
      code: 'invalid_input',
      why: `The duration ${problem}.`,
      next: `Ask for up to ${formatDuration(limits.maxDuration)}.`,
    };
  }
  if (compareDurations(ask.duration, limits.maxDuration) <= 0) return null;
  return {
    code: 'duration_too_long',
    why: `${formatDuration(ask.duration)} is too long: rule ${quoted(rule.name)} gives ${ask.role} on ${ask.resource.name} for at most ${formatDuration(limits.maxDuration)}.`,
    next: `Ask for ${formatDuration(limits.maxDuration)} or less.`,
  };
}

function reasonRefusal(ask: Ask, rule: Rule): Refusal | null {
  if (rule.reason.required && ask.reason.trim() === '') {
    return {
      code: 'reason_required',
      why: `Rule ${quoted(rule.name)} asks for a reason.`,
      next: 'Say what you need the access for: --reason "…".',
    };
  }
  const pattern = rule.reason.ticket;
  if (pattern === null) return null;
  const ticket = emptyToNull(ask.ticket);
  if (ticket === null) {
    return {
      code: 'ticket_required',
      why: `Rule ${quoted(rule.name)} asks for a ticket (${pattern}).`,
      next: 'Name it: --ticket ….',
    };
  }
  switch (matchesTicket(pattern, ticket)) {
    case 'yes':
      return null;
    case 'no':
      return {
        code: 'ticket_required',
        why: `The ticket does not have the form that rule ${quoted(rule.name)} asks for (${pattern}).`,
        next: 'Name a ticket of that form: --ticket ….',
      };
    case 'too_long':
      return {
        code: 'ticket_required',
        why: `The ticket is longer than ${TICKET_MAX} characters.`,
        next: "Give the ticket's number, not its text.",
      };
    case 'bad_pattern':
      return {
        code: 'invalid_config',
        why: `The form of ticket that rule ${quoted(rule.name)} asks for can't be read, so no ticket can have it.`,
        next: 'Ask an administrator to correct the policy.',
      };
  }
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

function emptyToNull(text: string | null): string | null {
  const trimmed = text?.trim() ?? '';
  return trimmed === '' ? null : trimmed;
}
