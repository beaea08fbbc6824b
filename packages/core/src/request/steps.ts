/** How far a request has come: which steps are done, which one is open, who has approved. */
import type { PersonName } from '../ids.ts';
import type { AccessRequest, ApprovalStep } from '../model.ts';
import { approvalsNeeded } from '../policy/candidates.ts';

export interface StepProgress {
  readonly step: ApprovalStep;
  readonly approvedBy: readonly PersonName[];
  /** `open`: waiting for approvals now; `waiting`: an earlier step comes first, or the request is over. */
  readonly state: 'waiting' | 'open' | 'done';
}

/** One entry a step, in order. */
export function stepsOf(request: AccessRequest): readonly StepProgress[] {
  const open = openStep(request);
  return request.steps.map((step, index) => {
    const approvedBy = approversOf(request, index);
    const done = isMet(step, approvedBy);
    return Object.freeze({ step, approvedBy, state: done ? 'done' : index === open ? 'open' : 'waiting' });
  });
}

/** Index of the step that waits for approvals now; null: none does. Steps stand in order: only one is ever open. */
export function openStep(request: AccessRequest): number | null {
  if (request.state !== 'pending') return null;
  const index = firstUnmet(request);
  return index === -1 ? null : index;
}

/** True when every step has its distinct approvals, none of them the requester's. What the state says is not asked. */
export function isFullyApproved(request: AccessRequest): boolean {
  return firstUnmet(request) === -1;
}

function firstUnmet(request: AccessRequest): number {
  return request.steps.findIndex((step, index) => !isMet(step, approversOf(request, index)));
}

function isMet(step: ApprovalStep, approvedBy: readonly PersonName[]): boolean {
  return approvedBy.length >= approvalsNeeded(step);
}

/**
 * Who approved a step. Counted as promise 5 wants it, whatever the list holds: the requester never, and a person only
 * where they first reviewed.
 */
function approversOf(request: AccessRequest, index: number): readonly PersonName[] {
  const seen = new Set<PersonName>([request.requester]);
  const approvers: PersonName[] = [];
  for (const review of request.reviews) {
    if (seen.has(review.reviewer)) continue;
    seen.add(review.reviewer);
    if (review.step === index && review.decision === 'approve') approvers.push(review.reviewer);
  }
  return Object.freeze(approvers);
}
