/** A decision that allows becomes a request: pending, or approved where the rule asks for nobody. */
import { TidegateError } from '../errors.ts';
import type { GrantId, RequestId } from '../ids.ts';
import type { AccessRequest } from '../model.ts';
import type { Allowed } from '../policy/decide.ts';
import { after, LONGEST_DURATION, reached } from '../time.ts';

export interface Submission {
  readonly id: RequestId;
  readonly decision: Allowed;
  /** null: as soon as it is approved. */
  readonly startsAt: Temporal.Instant | null;
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
 * @throws TidegateError `invalid_input` for a start in the past, or more than 30 days away, or a later start of an extension.
 */
export function submitRequest({ id, decision, startsAt, extends: extended, only = null }: Submission): AccessRequest {
  return Object.freeze({
    id,
    requester: decision.requester,
    resource: decision.resource,
    role: decision.role,
    duration: decision.duration,
    startsAt: start(startsAt, decision.at, extended),
    reason: decision.reason,
    ticket: decision.ticket,
    extends: extended,
    only,
    state: decision.steps.length === 0 ? 'approved' : 'pending',
    rule: decision.rule,
    policyVersion: decision.policyVersion,
    steps: decision.steps,
    reviews: Object.freeze([]),
    createdAt: decision.at,
    lapsesAt: after(decision.at, decision.lapseAfter),
  });
}

function start(
  startsAt: Temporal.Instant | null,
  now: Temporal.Instant,
  extended: GrantId | null,
): Temporal.Instant | null {
  if (startsAt === null) return null;
  if (extended !== null) {
    throw new TidegateError(
      'invalid_input',
      'An extension begins where the grant ends: it has no start of its own.',
      'Leave the start out.',
    );
  }
  if (!reached(now, after(startsAt, STARTS_NOW_WITHIN))) {
    throw new TidegateError('invalid_input', 'The start lies in the past.', 'Leave it out to start at once.');
  }
  if (reached(after(now, LONGEST_DURATION), startsAt)) {
    throw new TidegateError('invalid_input', 'The start lies more than 30 days ahead.', 'Ask again nearer to it.');
  }
  return reached(startsAt, now) ? null : startsAt;
}
