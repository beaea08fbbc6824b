/** A policy was changed: what is pending is decided under the new one, and says so. */
import {
  type AccessRequest,
  agreedDuration,
  assertExtendable,
  type ErrorCode,
  redecide,
  TidegateError,
} from '@tidegate/core';
import { currentConfig } from '../config/current.ts';
import type { Context } from '../context.ts';
import type { ControlEvent } from '../record/events.ts';
import type { Reader, Tx } from '../store/schema.ts';
import { type Decided, decideNow, keepingQuorums } from './decision.ts';
import { requestRedecided } from './events.ts';
import { givenFor, type InForce, mfaDemand } from './in-force.ts';
import { followUp } from './review.ts';
import { lockGrant, reviewsOf, toRequest } from './rows.ts';
import { assertGivesTheSame } from './same-given.ts';
import { saveRedecided } from './save.ts';

/**
 * Decides every pending request again, in the transaction that puts the policy in force. Answers the events, to be
 * appended last.
 */
export async function redecidePending(context: Context, tx: Tx, now: Temporal.Instant): Promise<ControlEvent[]> {
  const rows = await tx
    .selectFrom('requests')
    .selectAll()
    .where('state', '=', 'pending')
    .where('lapsesAt', '>', now)
    .orderBy('createdAt')
    .orderBy('id')
    .forUpdate()
    .execute();
  if (rows.length === 0) return [];
  const inForce = await currentConfig(tx);
  const reviews = await reviewsOf(
    tx,
    rows.map(({ id }) => id),
  );
  const events: ControlEvent[] = [];
  for (const row of rows) events.push(...(await redecideOne(context, tx, toRequest(row, reviews), inForce, now)));
  return events;
}

async function redecideOne(
  context: Context,
  tx: Tx,
  request: AccessRequest,
  inForce: InForce,
  now: Temporal.Instant,
): Promise<ControlEvent[]> {
  const said = await decideAgain(tx, request, inForce, now);
  const decided = await givenAtOnce(tx, inForce, request, said, now);
  const { request: after, why } = redecide(request, decided.decision, decided.steps, now);
  const mfa = decided.decision.outcome === 'allowed' ? mfaDemand(decided.decision.mfa) : null;
  await saveRedecided(tx, after, { why, mfa, policyVersion: inForce.version, now });
  const followed = after.state === 'approved' ? [await followUp(context, tx, after, now)] : [];
  return [requestRedecided(request, after, why, now), ...followed];
}

/** What a policy says to what was asked before; what is there no more it denies. */
export function decideAgain(
  db: Reader,
  request: AccessRequest,
  inForce: InForce,
  now: Temporal.Instant,
): Promise<Decided> {
  const asked = { ...request, extension: request.extends !== null };
  return decideNow(db, inForce, asked, now).then(
    (decided) => keepingQuorums(decided, request.steps),
    deniedWhere('not_found', 'forbidden'),
  );
}

/**
 * What needs nobody any more is given at once, and denied where it cannot be: a grant that has had as long as the policy
 * gives, a role that has become another. One person's request must not keep a policy from being applied.
 */
async function givenAtOnce(
  tx: Tx,
  inForce: InForce,
  request: AccessRequest,
  decided: Decided,
  now: Temporal.Instant,
): Promise<Decided> {
  const { decision, steps } = decided;
  if (decision.outcome === 'denied') return decided;
  const after = redecide(request, decision, steps, now).request;
  if (after.state !== 'approved') return decided;
  return assertCanBeGiven(tx, inForce, after, decision.maxDuration, now).then(
    () => decided,
    deniedWhere('not_found', 'invalid_input', 'wrong_state', 'duration_too_long', 'policy_denied'),
  );
}

/** What `followUp` will ask for. */
async function assertCanBeGiven(
  tx: Tx,
  inForce: InForce,
  request: AccessRequest,
  maxDuration: Temporal.Duration,
  now: Temporal.Instant,
): Promise<void> {
  givenFor(inForce, request);
  if (request.extends === null) return;
  const grant = await lockGrant(tx, request.extends);
  await assertGivesTheSame(tx, inForce, request, grant.id);
  assertExtendable(grant, agreedDuration(request), maxDuration, now);
}

/** What was asked for is there no more, or who asked is disabled, or it cannot be given: no policy gives that. */
function deniedWhere(...codes: readonly ErrorCode[]): (error: unknown) => Decided {
  return (error) => {
    if (!(error instanceof TidegateError) || !codes.includes(error.code)) throw error;
    const { code, message: why, next } = error;
    return { decision: { outcome: 'denied', code, why, next, rule: null }, steps: [] };
  };
}
