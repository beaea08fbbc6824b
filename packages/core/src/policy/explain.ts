/** `tidegate explain`: what would happen if this person asked, without asking. */
import type { PersonName, RoleName } from '../ids.ts';
import type { ApprovalStep, MfaMoment, Person, Policy, Resource } from '../model.ts';
import { quoted } from '../words.ts';
import { candidates, couldBeApproved } from './candidates.ts';
import { type Decision, foresee } from './decide.ts';
import { durationLimits } from './limits.ts';
import { type Considered, matchRule } from './match.ts';
import { describeReason } from './reason.ts';
import { findRole } from './roles.ts';

export interface ExplainInput {
  readonly policy: Policy;
  readonly person: Person;
  readonly resource: Resource;
  readonly role: RoleName;
  readonly duration: Temporal.Duration | null;
  /** Everybody who could review, with their groups. */
  readonly people: readonly Person[];
  readonly now: Temporal.Instant;
}

export interface Explanation {
  readonly outcome: 'allowed' | 'needs_approval' | 'denied';
  readonly rule: string | null;
  readonly why: string;
  readonly maxDuration: Temporal.Duration | null;
  readonly defaultDuration: Temporal.Duration | null;
  readonly mfaAt: readonly MfaMoment[];
  readonly steps: readonly { readonly step: ApprovalStep; readonly candidates: readonly PersonName[] }[];
  /** Every rule in order; those after the one that decided say so. */
  readonly considered: readonly Considered[];
}

/**
 * Explains an ask as if its reason and ticket were as the rule wants them, and says what it wants. A request that nobody
 * could approve is still `needs_approval`, and `why` says that nobody could.
 */
export function explain(input: ExplainInput): Explanation {
  const { policy, person, resource, people } = input;
  const decision = foresee(input);
  const role = findRole(policy, input.role);
  const { rule } = role === null ? { rule: null } : matchRule(policy, person, resource, role.name);
  const limits = role === null || rule === null ? null : durationLimits(role, rule);
  const steps = rule?.approvals ?? [];
  const shortage = couldBeApproved(steps, person.name, people);
  const why = [
    decision.why,
    decision.outcome === 'denied' || rule === null ? null : describeReason(rule.reason),
    shortage.possible ? null : shortage.why,
  ];
  return Object.freeze({
    outcome: outcomeOf(decision),
    rule: decision.rule,
    why: why.filter((sentence) => sentence !== null).join(' '),
    maxDuration: limits?.maxDuration ?? null,
    defaultDuration: limits?.defaultDuration ?? null,
    mfaAt: rule?.mfa.at ?? [],
    steps: steps.map((step) => ({ step, candidates: candidates(step, person.name, people) })),
    considered: [...decision.considered, ...neverReached(policy, decision)],
  });
}

function outcomeOf(decision: Decision): Explanation['outcome'] {
  if (decision.outcome === 'denied') return 'denied';
  return decision.steps.length === 0 ? 'allowed' : 'needs_approval';
}

function neverReached(policy: Policy, { rule: decider, considered }: Decision): Considered[] {
  if (decider === null) return [];
  return policy.rules.slice(considered.length).map((rule) => ({
    rule: rule.name,
    matched: false,
    because: [`it was not reached: ${quoted(decider)} comes first and decides`],
  }));
}
