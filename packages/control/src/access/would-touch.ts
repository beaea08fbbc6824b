/** What another configuration would make of what is pending and open now: told in a plan, before anything is done. */
import { redecide } from '@tidegate/core';
import type { Reader } from '../store/schema.ts';
import type { InForce } from './in-force.ts';
import { whyNot } from './outgrown.ts';
import { decideAgain } from './policy-change.ts';
import { reviewsOf, toRequest } from './rows.ts';

/** Requests and grants that are looked at, of each. */
const LOOKED_MAX = 500;

export interface WouldTouch {
  /** A sentence each. */
  readonly requests: readonly string[];
  readonly grants: readonly string[];
}

export async function wouldTouch(db: Reader, after: InForce, now: Temporal.Instant): Promise<WouldTouch> {
  return { requests: await ofRequests(db, after, now), grants: await ofGrants(db, after) };
}

async function ofRequests(db: Reader, after: InForce, now: Temporal.Instant): Promise<string[]> {
  const rows = await db
    .selectFrom('requests')
    .selectAll()
    .where('state', '=', 'pending')
    .where('lapsesAt', '>', now)
    .orderBy('createdAt')
    .limit(LOOKED_MAX)
    .execute();
  const reviews = await reviewsOf(
    db,
    rows.map(({ id }) => id),
  );
  const told: string[] = [];
  for (const row of rows) {
    const request = toRequest(row, reviews);
    const { decision, steps } = await decideAgain(db, request, after, now);
    const { request: then } = redecide(request, decision, steps, now);
    if (then.state === 'pending' && then.round === request.round) continue;
    const { id, requester, role, resource } = request;
    const becomes = then.state === 'pending' ? 'asks others for approval, and begins anew' : `is ${then.state} at once`;
    told.push(`Request ${id} of ${requester} for ${role} on ${resource} ${becomes}: ${decision.why}`);
  }
  return told;
}

async function ofGrants(db: Reader, after: InForce): Promise<string[]> {
  const rows = await db
    .selectFrom('grants')
    .selectAll()
    .where('state', 'in', ['scheduled', 'active'])
    .orderBy('createdAt')
    .limit(LOOKED_MAX)
    .execute();
  const told: string[] = [];
  const stay = new Set(after.resources.map(({ name }) => name));
  for (const row of rows) {
    // None goes on where its resource would go: applying that is refused, which is told by itself (config/touched).
    if (!stay.has(row.resource)) continue;
    const why = await whyNot(db, row, after);
    if (why === null) continue;
    const { id, person, role, resource } = row;
    told.push(`Grant ${id} of ${person} (${role} on ${resource}) goes on, and would not be given any more: ${why}`);
  }
  return told;
}
