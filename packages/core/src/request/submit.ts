/** A decision that allows becomes a request: pending, or approved where the rule asks for nobody. */
import { TidegateError } from '../errors.ts';
import type { GrantId, RequestId } from '../ids.ts';
import type { AccessRequest, ApprovalStep, Recurrence } from '../model.ts';
import type { Allowed } from '../policy/decide.ts';
import { after, LONGEST_DURATION, reached } from '../time.ts';
import { nextOpening } from './recurrence.ts';

export interface Submission {
  readonly id: RequestId;
  readonly decision: Allowed;
  /** The decision's, with their quorums counted (`settleQuorums`). */
  readonly steps: readonly ApprovalStep[];
  /** null: as soon as it is approved. */
  readonly startsAt: Temporal.Instant | null;
  readonly recurrence: Recurrence | null;
  /** The grant whose end this request would move; null: a grant of its own. */
  readonly extends: GrantId | null;
  /** What the role is narrowed to (`tablesAsked`); null where left out: nothing. */
  readonly only?: readonly string[] | null;
}

/** How far a start may lie behind the decision and still mean “now”: clocks differ, and forms take time to fill in. */
const STARTS_NOW_WITHIN = Temporal.Duration.from({ minutes: 1 });

/**
 * Makes the request; its time is the decision's.
 *
 * @throws TidegateError `invalid_input` for a start in the past, or more than 30 days away, or a later start of an
 *   extension or a break-glass.
 */
export function submitRequest(submission: Submission): AccessRequest {
  const { id, decision, steps, recurrence, extends: extended, only = null } = submission;
  return Object.freeze({
    id,
    requester: decision.requester.name,
    runBy: decision.requester.runBy,
    resource: decision.resource,
    role: decision.role,
    duration: decision.duration,
    startsAt: start(submission),
    recurrence,
    reason: decision.reason,
    ticket: decision.ticket,
    extends: extended,
    only,
    breakGlass: decision.breakGlass !== null,
    state: steps.length === 0 ? 'approved' : 'pending',
    rule: decision.rule,
    policyVersion: decision.policyVersion,
    steps,
    round: 0,
    roundAt: decision.at,
    reviews: Object.freeze([]),
    createdAt: decision.at,
    lapsesAt: after(decision.at, decision.lapseAfter),
  });
}

function start({ startsAt, recurrence, extends: extended, decision }: Submission): Temporal.Instant | null {
  const now = decision.at;
  const later = startsAt !== null || recurrence !== null;
  if (later && extended !== null) {
    throw refused('An extension begins where the grant ends: it has no start of its own.', 'Leave the start out.');
  }
  if (later && decision.breakGlass !== null) {
    throw refused('Break-glass is for now: it has no later start.', 'Leave the start out.');
  }
  if (recurrence !== null) {
    if (startsAt !== null) throw refused('Windows that come again have no other start.', 'Leave the start out.');
    return nextOpening(recurrence, now);
  }
  if (startsAt === null) return null;
  if (!reached(now, after(startsAt, STARTS_NOW_WITHIN))) {
    throw refused('The start lies in the past.', 'Leave it out to start at once.');
  }
  if (reached(after(now, LONGEST_DURATION), startsAt)) {
    throw refused('The start lies more than 30 days ahead.', 'Ask again nearer to it.');
  }
  return reached(startsAt, now) ? null : startsAt;
}

const refused = (what: string, next: string): TidegateError => new TidegateError('invalid_input', what, next);
