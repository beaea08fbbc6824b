/** `tidegate explain`: what would happen if this person asked, without asking. */
import type { PersonName, RoleName } from '../ids.ts';
import type { ApprovalStep, MfaMoment, Person, Policy, Resource } from '../model.ts';
import { quoted } from '../words.ts';
import { candidates, couldBeApproved } from './candidates.ts';
import { type Decision, decide, durationLimits } from './decide.ts';
import { type Considered, matchRule } from './match.ts';
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
 * Explains an ask as if its reason and ticket were as the rule wants them: what they must be is said in `why` only when
 * it is asked. A request that nobody could approve is still `needs_approval`, and `why` says that nobody could.
 */
export function explain(input: ExplainInput): Explanation {
  const { policy, person, resource, people } = input;
  const { rule, considered } = matchRule(policy, person, resource, input.role);
  const decision = decide({ ...input, policy: withoutReasons(policy), reason: '', ticket: null });
  const role = findRole(policy, input.role);
  const limits = role === null || rule === null ? null : durationLimits(role, rule);
  const steps = role === null ? [] : (rule?.approvals ?? []);
  const shortage = couldBeApproved(steps, person.name, people);
  return Object.freeze({
    outcome: outcomeOf(decision),
    rule: decision.rule,
    why: shortage.possible ? decision.why : `${decision.why} ${shortage.why}`,
    maxDuration: limits?.maxDuration ?? null,
    defaultDuration: limits?.defaultDuration ?? null,
    mfaAt: rule?.mfa.at ?? [],
    steps: steps.map((step) => ({ step, candidates: candidates(step, person.name, people) })),
    considered: [...considered, ...neverReached(policy, considered.length, decision.rule)],
  });
}

function withoutReasons(policy: Policy): Policy {
  return { ...policy, rules: policy.rules.map((rule) => ({ ...rule, reason: { required: false, ticket: null } })) };
}

function outcomeOf(decision: Decision): Explanation['outcome'] {
  if (decision.outcome === 'denied') return 'denied';
  return decision.steps.length === 0 ? 'allowed' : 'needs_approval';
}

function neverReached(policy: Policy, from: number, decidedBy: string | null): Considered[] {
  if (decidedBy === null) return [];
  return policy.rules.slice(from).map((rule) => ({
    rule: rule.name,
    matched: false,
    because: [`it was not reached: ${quoted(decidedBy)} comes first and decides`],
  }));
}
