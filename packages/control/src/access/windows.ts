/**
 * Windows that come again: approved once, each opening a grant of its own. What the policy says on the day counts: a
 * window that it would not give any more, or for which it would ask others, stays shut, and the record says why.
 */
import {
  type AccessRequest,
  after,
  agreedDuration,
  nextOpening,
  reached,
  sameSteps,
  TidegateError,
} from '@tidegate/core';
import { currentConfig } from '../config/current.ts';
import type { Context } from '../context.ts';
import { appendEvent, type ControlEvent } from '../record/events.ts';
import type { Tx } from '../store/schema.ts';
import { decideNow, keepingQuorums } from './decision.ts';
import { windowSkipped } from './events.ts';
import { givenFor, type InForce } from './in-force.ts';
import { makeGrant } from './request.ts';
import { reviewsOf, toRequest } from './rows.ts';
import { saveNextOpening } from './save.ts';

/** Grants are made this long before their window, so that people see them coming. */
const AHEAD = Temporal.Duration.from({ minutes: 5 });
const BATCH = 50;

/** Makes the grants of windows that are near; true when there may be more. Called by the clock. */
export function openWindows(context: Context): Promise<boolean> {
  return context.store.transaction(async (tx) => {
    const now = context.now();
    const rows = await tx
      .selectFrom('requests')
      .selectAll()
      .where('nextOpening', '<=', after(now, AHEAD))
      .orderBy('nextOpening')
      .limit(BATCH)
      .forUpdate()
      .skipLocked()
      .execute();
    if (rows.length === 0) return false;
    const inForce = await currentConfig(tx);
    const reviews = await reviewsOf(
      tx,
      rows.map(({ id }) => id),
    );
    const events: ControlEvent[] = [];
    for (const row of rows) {
      const request = toRequest(row, reviews);
      const opening = row.nextOpening;
      if (opening === null || request.recurrence === null) continue;
      const { event, goesOn } = await openWindow(context, tx, request, opening, inForce, now);
      await saveNextOpening(tx, request, goesOn ? nextOpening(request.recurrence, opening) : null);
      events.push(event);
    }
    await appendEvent(tx, ...events);
    return rows.length === BATCH;
  });
}

async function openWindow(
  context: Context,
  tx: Tx,
  request: AccessRequest,
  opening: Temporal.Instant,
  inForce: InForce,
  now: Temporal.Instant,
): Promise<{ event: ControlEvent; goesOn: boolean }> {
  const skipped = (why: string, goesOn: boolean) => ({ event: windowSkipped(request, opening, why, now), goesOn });
  if (reached(after(opening, agreedDuration(request)), now)) return skipped('its time passed unnoticed', true);
  const today = await decidedToday(tx, request, opening, inForce, now);
  if ('why' in today) return skipped(today.why, today.goesOn);
  const window = { opening, rule: today.rule };
  return { event: await makeGrant(context, tx, request, inForce, now, window), goesOn: true };
}

/** The rule by which today's policy opens it, or why it does not. `goesOn`: the next window may be opened all the same. */
async function decidedToday(
  tx: Tx,
  request: AccessRequest,
  opening: Temporal.Instant,
  inForce: InForce,
  now: Temporal.Instant,
): Promise<{ rule: string } | { why: string; goesOn: boolean }> {
  const asked = { ...request, duration: agreedDuration(request), startsAt: opening, extension: false };
  try {
    const { decision, steps } = keepingQuorums(await decideNow(tx, inForce, asked, now), request.steps);
    if (decision.outcome === 'denied') return { why: decision.why, goesOn: true };
    if (steps.length > 0 && !sameSteps(steps, request.steps)) {
      return { why: 'the policy asks for other approvals now: ask for it anew', goesOn: false };
    }
    givenFor(inForce, request);
    return { rule: decision.rule };
  } catch (error) {
    // The person, the resource or the role is gone; the account is disabled, or the role gives nothing there just now.
    if (error instanceof TidegateError && ['not_found', 'forbidden', 'invalid_input'].includes(error.code)) {
      return { why: error.message, goesOn: error.code !== 'not_found' };
    }
    throw error;
  }
}
