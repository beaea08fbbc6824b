/** More time for an open grant: a new request, decided and reviewed like any other, that moves the grant's end. */
import type { RequestView } from '@tidegate/contract';
import {
  type AccessRequest,
  assertExtendable,
  type Grant,
  type GrantId,
  newRequestId,
  submitRequest,
  TidegateError,
} from '@tidegate/core';
import { currentConfig } from '../config/current.ts';
import type { Context } from '../context.ts';
import type { Caller } from '../identity/caller.ts';
import { assertFreshMfa } from '../identity/mfa.ts';
import { appendEvent } from '../record/events.ts';
import { recorded } from '../refusals.ts';
import { brokenConstraint } from '../store/outage.ts';
import { assertAllowed, decideNow } from './decision.ts';
import { requestCreated } from './events.ts';
import { mfaDemand } from './in-force.ts';
import { moveEnd } from './review.ts';
import { lockGrant, readRequest } from './rows.ts';
import { insertRequest } from './save.ts';
import { shortage } from './shortage.ts';
import { assertOwnGrant, showRequest } from './show.ts';

/**
 * Asks for more time. Throws `not_found` (not theirs), `wrong_state` (not active), `duration_too_long`, `conflict` (one is
 * asked for already), and what the policy says.
 */
export async function requestExtension(
  context: Context,
  caller: Caller,
  id: GrantId,
  ask: { readonly duration: Temporal.Duration; readonly reason: string },
): Promise<RequestView> {
  const tried = { person: caller.name, grant: id };
  return recorded(context, { kind: 'request.refused', data: tried }, () =>
    context.store.transaction(async (tx) => {
      const now = context.now();
      const grant = await lockGrant(tx, id);
      assertOwnGrant(caller, grant);
      const first = (await readRequest(tx, grant.request)).request;
      const inForce = await currentConfig(tx);
      // It goes on for the reason it was given for, unless another is named.
      const reason = ask.reason.trim() === '' ? first.reason : ask.reason;
      const asked = { ...first, duration: ask.duration, startsAt: null, reason, breakGlass: false, extension: true };
      const { decision: said, steps } = await decideNow(tx, inForce, asked, now);
      const decision = assertAllowed(said);
      assertExtendable(grant, ask.duration, decision.maxDuration, now);
      assertFreshMfa(mfaDemand(decision.mfa), 'request', caller, now);
      const one = { startsAt: null, recurrence: null, extends: id, only: first.only };
      const submitted = submitRequest({ id: newRequestId(context.random), decision, steps, ...one });
      const request = noLongerThanItsGrant(submitted, grant);
      const why = `${decision.why}${await shortage(context, tx, request)}`;
      await insertRequest(tx, request, { ...decision, why }).catch(askedAlready);
      const moved = request.state === 'approved' ? [await moveEnd(tx, request, inForce, now)] : [];
      const view = await showRequest(tx, request.id, now);
      await appendEvent(tx, requestCreated(request, why, now), ...moved);
      return view;
    }),
  );
}

/** When the grant is over there is nothing left to extend: the request lapses with it. */
function noLongerThanItsGrant(request: AccessRequest, grant: Grant): AccessRequest {
  if (grant.state !== 'active' || Temporal.Instant.compare(grant.expiresAt, request.lapsesAt) >= 0) return request;
  return { ...request, lapsesAt: grant.expiresAt };
}

function askedAlready(error: unknown): never {
  if (brokenConstraint(error) !== 'requests_extend_a_grant_one_at_a_time') throw error;
  throw new TidegateError(
    'conflict',
    'More time was asked for already, and that request is still open.',
    'Wait for it, or cancel it first.',
    error,
  );
}
