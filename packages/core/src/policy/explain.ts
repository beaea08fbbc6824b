/** `tidegate explain`: what would happen if this person asked, without asking. */
import type { PersonName, RoleName } from '../ids.ts';
import type { ApprovalStep, MfaMoment, Person, Policy, Resource } from '../model.ts';
import { quoted } from '../words.ts';
import { settleQuorums } from './approvals.ts';
import { candidates, couldBeApproved, namedIn } from './candidates.ts';
import { type Ask, circumstancesOf, type Decision, foresee, mfaOf } from './decide.ts';
import { durationLimits } from './limits.ts';
import { type Considered, considerRules } from './match.ts';
import { describeReason } from './reason.ts';
import { findRole } from './roles.ts';

export interface ExplainInput {
  readonly policy: Policy;
  readonly person: Person;
  readonly resource: Resource;
  readonly role: RoleName;
  readonly duration: Temporal.Duration | null;
  readonly startsAt: Temporal.Instant | null;
  readonly breakGlass: boolean;
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
  readonly reason: { readonly required: boolean; readonly ticket: string | null } | null;
  readonly steps: readonly {
    readonly step: ApprovalStep;
    /** Who could approve now. */
    readonly candidates: readonly PersonName[];
    /** Who could as well, once it is escalated. */
    readonly escalatedTo: readonly PersonName[];
  }[];
  /** Every rule in order; those after the one that decided say so. */
  readonly considered: readonly Considered[];
}

/**
 * Explains an ask as if its reason and ticket were as the rule wants them, and says what it wants. A request that nobody
 * could approve is still `needs_approval`, and `why` says that nobody could.
 */
export function explain(input: ExplainInput): Explanation {
  const { policy, person, people } = input;
  const ask: Ask = { ...input, reason: '', ticket: null, extension: false };
  const decision = foresee(ask);
  const role = findRole(policy, input.role);
  const rule = policy.rules.find(({ name }) => name === decision.rule) ?? null;
  const limits = role === null || rule === null ? null : durationLimits(role, rule);
  const steps = decision.outcome === 'allowed' ? settleQuorums(decision.steps, person, people) : [];
  const shortage = couldBeApproved(steps, person, people);
  const why = [
    decision.outcome === 'denied' ? `${decision.why} ${decision.next}` : decision.why,
    decision.outcome === 'denied' || rule === null ? null : describeReason(rule.reason),
    shortage.possible ? null : shortage.why,
  ];
  return Object.freeze({
    outcome: outcomeOf(decision),
    rule: decision.rule,
    why: why.filter((sentence) => sentence !== null).join(' '),
    maxDuration: limits?.maxDuration ?? null,
    defaultDuration: limits?.defaultDuration ?? null,
    mfaAt: rule === null ? [] : mfaOf(rule).at,
    reason: rule?.reason ?? null,
    steps: steps.map((step) => {
      const now = candidates(namedIn(step, false), person, people);
      const later = candidates(namedIn(step, true), person, people);
      return { step, candidates: now, escalatedTo: later.filter((name) => !now.includes(name)) };
    }),
    considered: role === null ? [] : consider(ask, role, decision),
  });
}

function outcomeOf(decision: Decision): Explanation['outcome'] {
  if (decision.outcome === 'denied') return 'denied';
  return decision.steps.length === 0 ? 'allowed' : 'needs_approval';
}

function consider(ask: Ask, role: Parameters<typeof circumstancesOf>[1], { rule: decider }: Decision): Considered[] {
  const circumstances = circumstancesOf(ask, role);
  const looked = considerRules(ask.policy, ask, (condition) => condition.explain(circumstances));
  if (decider === null) return [...looked];
  // Of a thousand rules most stand here: what they have in common is made once.
  const because = [`it was not reached: ${quoted(decider)} comes first and decides`];
  const unreached = ask.policy.rules
    .slice(looked.length)
    .map(({ name }) => ({ rule: name, matched: false, because, conditions: [] }));
  return [...looked, ...unreached];
}
