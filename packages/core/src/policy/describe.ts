/** A rule's demands as sentences: what `explain`, the API's `decision.why` and the CLI show. */
import type { Approval, ApprovalStep, MfaMoment, Rule } from '../model.ts';
import { formatDuration } from '../time.ts';
import { allOf, anyOf, numberWord } from '../words.ts';
import type { AskedStep } from './approvals.ts';

/** `one of leads`, `two of leads or dba`, `half of leads`, `bob`. */
export function describeStep(step: (AskedStep | ApprovalStep) & { readonly others?: readonly string[] }): string {
  const who = [...step.groups, ...step.people, ...(step.others ?? [])];
  if (who.length === 0) return 'nobody';
  const [only] = step.people;
  if (only !== undefined && who.length === 1 && step.count === 1) return only;
  return `${countWord(step.count)} of ${anyOf(who)}`;
}

function countWord(count: AskedStep['count']): string {
  if (typeof count === 'number') return numberWord(count);
  return count.share === 1 ? 'all' : `${Math.round(count.share * 100)} %`;
}

/** `one of leads and one of dba, then one of security`: stages in order, the steps of each together. */
export function describeSteps(steps: readonly AskedStep[]): string {
  const stages = new Map<number, string[]>();
  for (const step of steps) stages.set(step.stage, [...(stages.get(step.stage) ?? []), describeStep(step)]);
  return [...stages]
    .toSorted(([a], [b]) => a - b)
    .map(([, together]) => allOf(together))
    .join(', then ');
}

/** A rule's approvals before anybody asks: owners and managers are not yet anybody. */
export function describeApprovals(approvals: readonly Approval[]): string {
  if (approvals.length === 0) return 'no approval';
  const steps = approvals.map(({ stage, from, count, escalate }) => {
    const owners = from.resourceOwners ? ['the resource’s owners'] : [];
    const managers = from.managers ? ['the requester’s manager'] : [];
    return { stage, groups: from.groups, people: from.people, others: [...owners, ...managers], count, escalate };
  });
  return describeSteps(steps);
}

/** `It needs the approval of one of leads, then one of dba, and a second factor at connect; for at most 4 h.` */
export function describeNeeds(
  steps: readonly AskedStep[],
  mfaAt: readonly MfaMoment[],
  maxDuration: Temporal.Duration,
): string {
  const approval = steps.length === 0 ? 'It needs no approval' : `It needs the approval of ${describeSteps(steps)}`;
  const mfa = mfaAt.length === 0 ? '' : `, and a second factor at ${allOf(mfaAt.map(momentWord))}`;
  return `${approval}${mfa}; for at most ${formatDuration(maxDuration)}.`;
}

/** ` Results may be saved.`; empty where a rule says nothing of it. */
export function describeSaving({ allow }: Pick<Rule, 'allow'>): string {
  if (allow.export === null) return '';
  return allow.export ? ' Results may be saved.' : ' Results may not be saved.';
}

function momentWord(moment: MfaMoment): string {
  switch (moment) {
    case 'request':
      return 'the request';
    case 'review':
      return 'each review';
    case 'connect':
      return 'connect';
  }
}
