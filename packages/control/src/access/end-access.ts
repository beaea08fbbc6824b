/** Everything a person asked for or holds, ended at once: their account is no longer to be let in. */
import { beginClose, closedBy, type Grant, type PersonName } from '@tidegate/core';
import { revokeKeysOf } from '../identity/api-keys/keys.ts';
import type { ControlEvent } from '../record/events.ts';
import type { Tx } from '../store/schema.ts';
import { cancelExtensionsOf } from './cancel.ts';
import { grantClosing, requestEnded } from './events.ts';
import { reviewsOf, toGrant, toRequest } from './rows.ts';
import { saveClosing, saveDecision } from './save.ts';

/**
 * Cancels the person's open requests, closes their grants and revokes their API keys, in `by`'s name. Answers the
 * events, to be appended last.
 */
export async function endAccessOf(
  tx: Tx,
  person: PersonName,
  by: PersonName,
  now: Temporal.Instant,
  why = 'the account was disabled',
): Promise<ControlEvent[]> {
  const events: ControlEvent[] = [];
  const requests = await tx
    .selectFrom('requests')
    .selectAll()
    .where('requester', '=', person)
    .where('state', '=', 'pending')
    .orderBy('id')
    .forUpdate()
    .execute();
  const reviews = await reviewsOf(
    tx,
    requests.map(({ id }) => id),
  );
  for (const row of requests) {
    const request = toRequest(row, reviews);
    const cancelled = { ...request, state: 'cancelled' as const };
    await saveDecision(tx, request, cancelled, now);
    events.push(requestEnded(cancelled, by, why, now));
  }
  const grants = await tx
    .selectFrom('grants')
    .selectAll()
    .where('person', '=', person)
    .where('state', 'in', ['scheduled', 'active'])
    .orderBy('id')
    .forUpdate()
    .execute();
  for (const row of grants) events.push(...(await endGrant(tx, toGrant(row), by, why, now)));
  events.push(...(await revokeKeysOf(tx, person, by, now)));
  return events;
}

/** Closes one locked grant for a person's reason, and with it the requests to extend it. */
export async function endGrant(
  tx: Tx,
  grant: Grant,
  by: PersonName,
  comment: string | null,
  now: Temporal.Instant,
): Promise<ControlEvent[]> {
  const closing = beginClose(grant, closedBy(grant, by, comment), now);
  await saveClosing(tx, closing, now);
  return [grantClosing(closing, now), ...(await cancelExtensionsOf(tx, grant.id, by, now))];
}
