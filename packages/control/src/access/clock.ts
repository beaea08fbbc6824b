/**
 * What time alone does: grants open, expire and fail, requests lapse, windows come again. Every control plane runs it; rows that another one
 * is working on are skipped. Gateways keep the same ends by timers of their own: nobody stays in because this is late.
 */
import { beginClose, due, EXPIRED, failed, isLapseDue, lapseRequest } from '@tidegate/core';
import { sql } from 'kysely';
import type { Context } from '../context.ts';
import { appendEvent, type ControlEvent } from '../record/events.ts';
import { isOutage } from '../store/outage.ts';
import type { Reader, Tx } from '../store/schema.ts';
import { notify, STATE_CHANNEL } from '../store/store.ts';
import { cancelExtensionsOf } from './cancel.ts';
import { grantClosing, requestEnded } from './events.ts';
import { reviewsOf, toGrant, toRequest } from './rows.ts';
import { saveClosing, saveDecision } from './save.ts';
import { openWindows } from './windows.ts';

/** It looks at least this often, whatever it was told: what another control plane made is seen by then. */
const POLL_MS = 1_000;
/** Rows in one transaction, so that many ends in one second hold no lock for long. */
const BATCH = 100;

export interface Clock {
  stop(): Promise<void>;
}

/** Runs until stopped. A store that is away is waited for. */
export function startClock(context: Context): Clock {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let seen = context.now();
  let running: Promise<void> = Promise.resolve();

  const turn = async (): Promise<void> => {
    let pause = POLL_MS;
    try {
      const now = context.now();
      await announceOpening(context, seen, now);
      seen = now;
      while (await endDueGrants(context)) if (stopped) return;
      while (await lapseDueRequests(context)) if (stopped) return;
      while (await openWindows(context)) if (stopped) return;
      const next = await nextDueAt(context.store.db, now);
      if (next !== null)
        pause = Math.min(POLL_MS, Math.max(1, next.epochMilliseconds - context.now().epochMilliseconds));
    } catch (error) {
      context.log[isOutage(error) ? 'warn' : 'error']({ err: error }, 'the clock could not look at what is due');
    }
    if (!stopped) timer = setTimeout(wake, pause);
  };
  const wake = (): void => {
    running = turn();
  };
  wake();

  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}

/** Scheduled grants whose start came between two looks: their gateways are to prepare them now. */
async function announceOpening({ store }: Context, from: Temporal.Instant, to: Temporal.Instant): Promise<void> {
  const rows = await store.db
    .selectFrom('grants')
    .select('resource')
    .distinct()
    .where('state', '=', 'scheduled')
    .where('notBefore', '>', from)
    .where('notBefore', '<=', to)
    .execute();
  if (rows.length === 0) return;
  await store.transaction(async (tx) => {
    for (const { resource } of rows) await notify(tx, STATE_CHANNEL, resource);
  });
}

/** Closes what is over; true when there may be more. */
async function endDueGrants({ store, now }: Context): Promise<boolean> {
  return store.transaction(async (tx) => {
    const at = now();
    const rows = await tx
      .selectFrom('grants')
      .selectAll()
      .where((eb) =>
        eb.or([
          eb.and([eb('state', '=', 'active'), eb('expiresAt', '<=', at)]),
          eb.and([eb('state', '=', 'scheduled'), eb('openBy', '<=', at)]),
        ]),
      )
      .limit(BATCH)
      .forUpdate()
      .skipLocked()
      .execute();
    const events: ControlEvent[] = [];
    for (const row of rows) {
      const grant = toGrant(row);
      const because = due(grant, at) === 'fail' ? failed(whyNotOpened(row.problem)) : EXPIRED;
      const closing = beginClose(grant, because, at);
      await saveClosing(tx, closing, at);
      events.push(grantClosing(closing, at), ...(await cancelExtensionsOf(tx, grant.id, null, at)));
    }
    await appendEvent(tx, ...events);
    return rows.length === BATCH;
  });
}

const whyNotOpened = (problem: string | null): string =>
  problem === null ? 'It could not be opened in time.' : `It could not be opened in time: ${problem}`;

async function lapseDueRequests({ store, now }: Context): Promise<boolean> {
  return store.transaction(async (tx) => {
    const at = now();
    const rows = await tx
      .selectFrom('requests')
      .selectAll()
      .where('state', '=', 'pending')
      .where('lapsesAt', '<=', at)
      .limit(BATCH)
      .forUpdate()
      .skipLocked()
      .execute();
    await appendEvent(tx, ...(await lapseAll(tx, rows, at)));
    return rows.length === BATCH;
  });
}

async function lapseAll(tx: Tx, rows: readonly Parameters<typeof toRequest>[0][], at: Temporal.Instant) {
  const reviews = await reviewsOf(
    tx,
    rows.map(({ id }) => id),
  );
  const events: ControlEvent[] = [];
  for (const request of rows.map((row) => toRequest(row, reviews))) {
    if (!isLapseDue(request, at)) continue;
    const lapsed = lapseRequest(request, at);
    await saveDecision(tx, request, lapsed, at);
    events.push(requestEnded(lapsed, null, 'nobody decided in time', at));
  }
  return events;
}

/** When something is due next, if anything is. */
async function nextDueAt(db: Reader, now: Temporal.Instant): Promise<Temporal.Instant | null> {
  const { rows } = await sql<{ at: Temporal.Instant | null }>`
    SELECT min(at) AS at FROM (
      SELECT min(expires_at) FROM grants WHERE state = 'active'
      UNION ALL SELECT min(open_by) FROM grants WHERE state = 'scheduled'
      UNION ALL SELECT min(not_before) FROM grants WHERE state = 'scheduled' AND not_before > ${now}
      UNION ALL SELECT min(lapses_at) FROM requests WHERE state = 'pending'
    ) AS due (at)`.execute(db);
  return rows[0]?.at ?? null;
}
