/** A person asks for access. Read it downwards: each line is one check or one step, all in one transaction. */
import type { RequestView } from '@tidegate/contract';
import {
  type AccessRequest,
  durationText,
  givenText,
  newGrantId,
  newRequestId,
  nextOpening,
  type Recurrence,
  type ResourceName,
  type RoleName,
  recurrence,
  scheduleGrant,
  submitRequest,
  tablesAsked,
} from '@tidegate/core';
import type { Context } from '../context.ts';
import type { Caller } from '../identity/caller.ts';
import { assertFreshMfa } from '../identity/mfa.ts';
import { loadPersonAndConfig } from '../identity/people.ts';
import { appendEvent, type ControlEvent } from '../record/events.ts';
import { recorded } from '../refusals.ts';
import type { Tx } from '../store/schema.ts';
import { openAfterReview } from './after-review.ts';
import { assertAllowed, decideFor } from './decision.ts';
import { grantScheduled, requestCreated } from './events.ts';
import { givenFor, type InForce, mfaDemand, resourceNamed, ruleOnExport } from './in-force.ts';
import { insertGrant, insertRequest } from './save.ts';
import { shortage } from './shortage.ts';
import { showNew, showRequest } from './show.ts';

export interface NewRequest {
  readonly resource: ResourceName;
  readonly role: RoleName;
  /** null: the role's default. */
  readonly duration: Temporal.Duration | null;
  /** null: as soon as it is approved. */
  readonly startsAt: Temporal.Instant | null;
  /** As it was asked for; null: one window. */
  readonly recurrence: Recurrence | null;
  readonly reason: string;
  readonly ticket: string | null;
  /** Tables and views; null: all that the role gives. */
  readonly only: readonly string[] | null;
  readonly breakGlass: boolean;
}

/**
 * Asks. Where the rule wants nobody's approval the grant is made at once. Throws what the policy says (`policy_denied`,
 * `duration_too_long`, `reason_required`, `ticket_required`), `mfa_required`, `not_found`, `invalid_input`.
 */
export async function createRequest(context: Context, caller: Caller, ask: NewRequest): Promise<RequestView> {
  const { resource, role, breakGlass, reason, ticket } = ask;
  const duration = ask.duration === null ? null : durationText(ask.duration);
  const startsAt = ask.startsAt?.toString() ?? null;
  const tried = { person: caller.name, resource, role, breakGlass, duration, startsAt, reason, ticket };
  return recorded(context, { kind: 'request.refused', data: tried }, () =>
    context.store.transaction(async (tx) => {
      const now = context.now();
      const goingBy = await loadPersonAndConfig(tx, caller.name);
      const { inForce } = goingBy;
      const windows = ask.recurrence === null ? null : recurrence(ask.recurrence, now);
      // Windows that come again are decided as of the first of them: that is when access would begin.
      const startsAt = windows === null ? ask.startsAt : nextOpening(windows, now);
      const asked = { ...ask, startsAt, requester: caller.name, extension: false };
      const { decision: said, steps } = await decideFor(tx, goingBy, asked, now);
      const decision = assertAllowed(said);
      assertFreshMfa(mfaDemand(decision.mfa), 'request', caller, now);
      // Who asks for what the role does not give learns it now; what it gives is looked up again when it is agreed to.
      givenFor(inForce, ask);
      const id = newRequestId(context.random);
      const { engine } = resourceNamed(inForce, resource);
      const only = tablesAsked(ask.only, engine);
      const when = { startsAt: ask.startsAt, recurrence: windows, extends: null };
      const request = submitRequest({ id, decision, steps, only, ...when });
      const why = `${decision.why}${await shortage(context, tx, request)}`;
      const row = await insertRequest(tx, request, { ...decision, why });
      const looked = decision.breakGlass === null ? [] : [await openAfterReview(tx, request, decision.breakGlass, now)];
      const granted = await grantAtOnce(context, tx, request, inForce, now);
      const view = request.state === 'pending' ? showNew(row) : await showRequest(tx, request.id, now);
      await appendEvent(tx, requestCreated(request, why, now), ...looked, ...granted);
      return view;
    }),
  );
}

/** Windows that come again have their grants made when they are due (`access/windows.ts`). */
async function grantAtOnce(
  context: Context,
  tx: Tx,
  request: AccessRequest,
  inForce: InForce,
  now: Temporal.Instant,
): Promise<ControlEvent[]> {
  if (request.state !== 'approved' || request.recurrence !== null) return [];
  return [await makeGrant(context, tx, request, inForce, now)];
}

/**
 * The grant of a request that has every approval it needs; `window`: which of its windows, where they come again, and the
 * rule that opens it today.
 */
export async function makeGrant(
  context: Context,
  tx: Tx,
  request: AccessRequest,
  inForce: InForce,
  now: Temporal.Instant,
  window: { readonly opening: Temporal.Instant; readonly rule: string } | null = null,
): Promise<ControlEvent> {
  const grant = scheduleGrant(request, now, newGrantId(context.random), window?.opening ?? null);
  const { engine } = resourceNamed(inForce, request.resource);
  const given = givenFor(inForce, request);
  const mayExport = ruleOnExport(inForce, window?.rule ?? request.rule);
  await insertGrant(context, tx, grant, { engine, given, mayExport, now });
  return grantScheduled(grant, givenText(given, engine), now);
}
