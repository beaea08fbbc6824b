/** From the approvals that a rule asks for to the steps of one request: owners and managers named, quorums counted. */
import type { Approval, ApprovalStep, Chosen, Person, Resource, Share } from '../model.ts';
import { isEligible, type Requester } from './candidates.ts';

/** A step whose quorum is still a share: to be counted among those who could approve now (`settleQuorums`). */
export type AskedStep = Omit<ApprovalStep, 'count'> & { readonly count: number | Share };

/** Who the rule means, for this requester and resource. Nobody approves for being their own manager or owner. */
export function stepsFor(approvals: readonly Approval[], resource: Resource, requester: Person): readonly AskedStep[] {
  return approvals.map(({ stage, from, count, escalate }) =>
    Object.freeze({
      stage,
      groups: [...new Set([...from.groups, ...(from.resourceOwners ? resource.owners : [])])],
      people: [
        ...new Set([...from.people, ...(from.managers && requester.manager !== null ? [requester.manager] : [])]),
      ],
      count,
      escalate,
    }),
  );
}

/**
 * Counts quorums: a share of those who could approve the step now, rounded up, and never less than one.
 *
 * @param people everybody whom a step with a quorum names
 */
export function settleQuorums(
  steps: readonly AskedStep[],
  requester: Requester,
  people: readonly Person[],
): readonly ApprovalStep[] {
  return steps.map((step) => {
    if (typeof step.count === 'number') return { ...step, count: step.count };
    const { share } = step.count;
    const electorate = people.filter((person) => isEligible(step, requester, person)).length;
    // A whole share of three is three, whatever 0.1 + 0.2 makes of it.
    return { ...step, count: Math.max(1, Math.ceil(share * electorate - 1e-9)) };
  });
}

/** The same people, as many of them, in the same order, with the same escalations. */
export function sameSteps(a: readonly ApprovalStep[], b: readonly ApprovalStep[]): boolean {
  return a.length === b.length && a.every((step, index) => stepText(step) === stepText(b[index]));
}

function stepText(step: ApprovalStep | undefined): string {
  if (step === undefined) return '';
  const { stage, groups, people, count, escalate } = step;
  const chosen = (who: Chosen) => [[...who.groups].sort(), [...who.people].sort()];
  const after = escalate === null ? null : [escalate.after.total('millisecond'), chosen(escalate.to)];
  return JSON.stringify([stage, count, chosen({ groups, people }), after]);
}
