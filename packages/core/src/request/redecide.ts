/**
 * The policy has changed while a request was pending: it is decided under the policy of today, and says so. Approvals
 * that were given stay where the same people are asked as before; otherwise a new round begins.
 */
import type { AccessRequest, ApprovalStep } from '../model.ts';
import { sameSteps } from '../policy/approvals.ts';
import type { Decision } from '../policy/decide.ts';
import { after } from '../time.ts';
import { isFullyApproved } from './steps.ts';

export interface Redecided {
  readonly request: AccessRequest;
  /** What happened to it, for its requester and reviewers. */
  readonly why: string;
}

/**
 * @param decision what today's policy says to the same ask
 * @param steps the decision's, with their quorums counted; none where it denies
 */
export function redecide(
  request: AccessRequest,
  decision: Decision,
  steps: readonly ApprovalStep[],
  now: Temporal.Instant,
): Redecided {
  if (decision.outcome === 'denied') {
    const why = `The policy has changed: ${decision.why} ${decision.next}`;
    return { request: Object.freeze({ ...request, state: 'denied', rule: decision.rule ?? request.rule }), why };
  }
  const { rule, policyVersion, requester } = decision;
  const same = sameSteps(request.steps, steps);
  const moved = {
    ...request,
    rule,
    policyVersion,
    runBy: requester.runBy,
    ...(same ? {} : { steps, round: request.round + 1, roundAt: now, lapsesAt: after(now, decision.lapseAfter) }),
  };
  const approved = isFullyApproved(moved);
  return {
    request: Object.freeze({ ...moved, state: approved ? 'approved' : 'pending' }),
    why: same
      ? `The policy has changed, and asks for the same approvals. ${decision.why}`
      : `The policy has changed, and so have the approvals it takes: it is decided anew. ${decision.why}`,
  };
}
