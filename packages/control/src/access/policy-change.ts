/** A policy was changed: what is pending is decided under the new one, and says so. */
import { type AccessRequest, redecide, TidegateError } from '@tidegate/core';
import { currentConfig } from '../config/current.ts';
import type { Context } from '../context.ts';
import type { ControlEvent } from '../record/events.ts';
import type { Tx } from '../store/schema.ts';
import { decideNow } from './decision.ts';
import { requestRedecided } from './events.ts';
import { type InForce, mfaDemand } from './in-force.ts';
import { followUp } from './review.ts';
import { reviewsOf, toRequest } from './rows.ts';
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
  const asked = { ...request, extension: request.extends !== null };
  const decided = await decideNow(tx, inForce, asked, now).catch(deniedWhereGone);
  const { request: after, why } = redecide(request, decided.decision, decided.steps, now);
  const mfa = decided.decision.outcome === 'allowed' ? mfaDemand(decided.decision.mfa) : null;
  await saveRedecided(tx, after, { why, mfa, policyVersion: inForce.version, now });
  const followed = after.state === 'approved' ? [await followUp(context, tx, after, now)] : [];
  return [requestRedecided(request, after, why, now), ...followed];
}

/** What was asked for is there no more, or who asked is disabled: no policy gives that. */
function deniedWhereGone(error: unknown): Awaited<ReturnType<typeof decideNow>> {
  if (!(error instanceof TidegateError) || (error.code !== 'not_found' && error.code !== 'forbidden')) throw error;
  const { code, message: why, next } = error;
  return { decision: { outcome: 'denied', code, why, next, rule: null }, steps: [] };
}
