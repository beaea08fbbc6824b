/** A person asks for access. Read it downwards: each line is one check or one step, all in one transaction. */
import type { RequestView } from '@tidegate/contract';
import {
  type AccessRequest,
  type Allowed,
  couldBeApproved,
  decide,
  givenText,
  newGrantId,
  newRequestId,
  type ResourceName,
  type RoleName,
  scheduleGrant,
  submitRequest,
  TidegateError,
  tablesAsked,
} from '@tidegate/core';
import { currentConfig } from '../config/current.ts';
import type { Context } from '../context.ts';
import type { Caller } from '../identity/caller.ts';
import { assertFreshMfa } from '../identity/mfa.ts';
import { loadPeopleAmong, loadPerson } from '../identity/people.ts';
import { appendEvent, type ControlEvent } from '../record/events.ts';
import { recorded } from '../refusals.ts';
import type { Tx } from '../store/schema.ts';
import { grantScheduled, requestCreated } from './events.ts';
import { givenFor, type InForce, mfaDemand, resourceNamed } from './in-force.ts';
import { insertGrant, insertRequest } from './save.ts';
import { showRequest } from './show.ts';

export interface NewRequest {
  readonly resource: ResourceName;
  readonly role: RoleName;
  /** null: the role's default. */
  readonly duration: Temporal.Duration | null;
  /** null: as soon as it is approved. */
  readonly startsAt: Temporal.Instant | null;
  readonly reason: string;
  readonly ticket: string | null;
  /** Tables and views; null: all that the role gives. */
  readonly only: readonly string[] | null;
}

/**
 * Asks. Where the rule wants nobody's approval the grant is made at once. Throws what the policy says (`policy_denied`,
 * `duration_too_long`, `reason_required`, `ticket_required`), `mfa_required`, `not_found`, `invalid_input`.
 */
export async function createRequest(context: Context, caller: Caller, ask: NewRequest): Promise<RequestView> {
  const tried = { person: caller.name, resource: ask.resource, role: ask.role };
  return recorded(context, { kind: 'request.refused', data: tried }, () =>
    context.store.transaction(async (tx) => {
      const now = context.now();
      const inForce = await currentConfig(tx);
      const person = await loadPerson(tx, caller.name);
      const resource = resourceNamed(inForce, ask.resource);
      const decision = assertAllowed(decide({ ...ask, policy: inForce.policy, person, resource, now }));
      assertFreshMfa(mfaDemand(decision.mfa), 'request', caller, now);
      // Who asks for what the role does not give learns it now; what it gives is looked up again when it is agreed to.
      givenFor(inForce, ask);
      const request = submitRequest({
        id: newRequestId(context.random),
        decision,
        startsAt: ask.startsAt,
        extends: null,
        only: tablesAsked(ask.only, resource.engine),
      });
      const why = `${decision.why}${await shortage(tx, request)}`;
      await insertRequest(tx, request, { ...decision, why });
      const granted = await grantAtOnce(context, tx, request, inForce, now);
      await appendEvent(tx, requestCreated(request, why, now), ...granted);
      return showRequest(tx, request.id);
    }),
  );
}

/** Throws the policy's refusal in its own words. */
export function assertAllowed(decision: ReturnType<typeof decide>): Allowed {
  if (decision.outcome === 'allowed') return decision;
  throw new TidegateError(decision.code, decision.why, decision.next);
}

/** Where nobody could approve, the person learns it now and not when the request lapses. */
export async function shortage(tx: Tx, { steps, requester }: AccessRequest): Promise<string> {
  const among = { groups: steps.flatMap(({ groups }) => groups), people: steps.flatMap(({ people }) => people) };
  const found = couldBeApproved(steps, requester, await loadPeopleAmong(tx, among));
  return found.possible ? '' : ` ${found.why}`;
}

async function grantAtOnce(
  context: Context,
  tx: Tx,
  request: AccessRequest,
  inForce: InForce,
  now: Temporal.Instant,
): Promise<ControlEvent[]> {
  if (request.state !== 'approved') return [];
  return [await makeGrant(context, tx, request, inForce, now)];
}

/** The grant of a request that has every approval it needs. */
export async function makeGrant(
  context: Context,
  tx: Tx,
  request: AccessRequest,
  inForce: InForce,
  now: Temporal.Instant,
): Promise<ControlEvent> {
  const grant = scheduleGrant(request, now, newGrantId(context.random));
  const { engine } = resourceNamed(inForce, request.resource);
  const given = givenFor(inForce, request);
  await insertGrant(context, tx, grant, { engine, given, now });
  return grantScheduled(grant, givenText(given, engine), now);
}
