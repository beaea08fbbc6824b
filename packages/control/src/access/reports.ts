/**
 * What gateways report of a grant's principal, and what follows from it. Reports repeat (reconcile, don't script): one
 * that says nothing new changes nothing.
 */
import { activate, due, finishClose, type Grant, type GrantId } from '@tidegate/core';
import type { Context } from '../context.ts';
import { appendEvent } from '../record/events.ts';
import { announce } from '../store/announce.ts';
import type { Tx } from '../store/schema.ts';
import * as events from './events.ts';
import { lockGrant } from './rows.ts';
import { saveActive, saveClosed } from './save.ts';

/** What a person is shown of a gateway's own words. */
const PROBLEM_MAX = 500;

/** The principal is made: the clock starts now (docs/adr/0001), unless the grant's time has passed meanwhile. */
export async function grantPrepared(context: Context, id: GrantId): Promise<void> {
  await change(context, id, async (tx, grant, now) => {
    if (grant.state !== 'scheduled' || due(grant, now) !== 'open') return;
    const active = activate(grant, now);
    await saveActive(tx, active);
    await appendEvent(tx, events.grantActivated(active, now));
  });
}

/** The principal can log in. Recorded the first time; a problem that was told before is over. */
export async function grantOpened(context: Context, id: GrantId, gateway: string): Promise<void> {
  await change(context, id, async (tx, grant, now) => {
    if (grant.state !== 'active') return;
    const { numUpdatedRows } = await tx
      .updateTable('grants')
      .set({ openedAt: now, problem: null })
      .where('id', '=', id)
      .where('openedAt', 'is', null)
      .executeTakeFirstOrThrow();
    if (numUpdatedRows === 0n) {
      await setProblem(tx, grant, null);
      return;
    }
    await announce(tx, grant.resource, { grant: grant.id });
    await appendEvent(tx, events.grantOpened(grant, gateway, now));
  });
}

/** The principal was seen gone. */
export async function grantClosed(context: Context, id: GrantId, gateway: string): Promise<void> {
  await change(context, id, async (tx, grant, now) => {
    if (grant.state !== 'closing') return;
    const closed = finishClose(grant, now);
    await saveClosed(tx, closed);
    await appendEvent(tx, events.grantClosed(closed, gateway, now));
  });
}

/** What stands in the way of opening or closing it just now; the person sees it. It is tried again. */
export async function grantProblem(context: Context, id: GrantId, detail: string): Promise<void> {
  await change(context, id, async (tx, grant) => {
    if (grant.state !== 'closed') await setProblem(tx, grant, detail.slice(0, PROBLEM_MAX));
  });
}

async function setProblem(tx: Tx, grant: Grant, problem: string | null): Promise<void> {
  const { numUpdatedRows } = await tx
    .updateTable('grants')
    .set({ problem })
    .where('id', '=', grant.id)
    .where('problem', 'is distinct from', problem)
    .executeTakeFirstOrThrow();
  if (numUpdatedRows > 0n) await announce(tx, grant.resource, { grant: grant.id });
}

function change(
  { store, now }: Context,
  id: GrantId,
  work: (tx: Tx, grant: Grant, now: Temporal.Instant) => Promise<void>,
): Promise<void> {
  return store.transaction(async (tx) => work(tx, await lockGrant(tx, id), now()));
}
