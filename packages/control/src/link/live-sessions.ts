/** Sessions as the link tells them: for people to look at. The record, not this, is the truth about what was done. */
import type { LiveSession } from '@tidegate/contract';
import type { DisconnectReason, GatewayId, SessionId } from '@tidegate/core';
import { sql } from 'kysely';
import { announceSessions } from '../store/announce.ts';
import type { Reader, Tx } from '../store/schema.ts';

/** What ended while nobody was there to tell. */
const LOST: DisconnectReason = 'relay_worker_lost';

/** The gateway's whole list: what is new is added, what is gone has ended. */
export async function reconcileSessions(
  tx: Tx,
  gateway: GatewayId,
  live: readonly LiveSession[],
  now: Temporal.Instant,
): Promise<void> {
  const ended = await tx
    .updateTable('dbSessions')
    .set({ endedAt: now, endedBecause: LOST })
    .where('gateway', '=', gateway)
    .where('endedAt', 'is', null)
    .where(sql<boolean>`id <> ALL (${live.map(({ id }) => id)}::text[])`)
    .returning('id')
    .execute();
  await announceSessions(tx, idsOf(ended));
  await openSessions(tx, gateway, live);
}

/** Adds sessions, unless they are known. One of a grant that is not ours is passed over. */
export async function openSessions(db: Reader, gateway: GatewayId, live: readonly LiveSession[]): Promise<void> {
  if (live.length === 0) return;
  const column = <K extends keyof LiveSession>(name: K) => sql`${live.map((session) => session[name])}::text[]`;
  const { rows } = await sql<{ id: SessionId }>`
    INSERT INTO db_sessions (id, "grant", gateway, database, client_address, application, started_at)
    SELECT told.id, told."grant", ${gateway}, told.database, told.client_address, told.application,
      told.started_at::timestamptz
    FROM unnest(
      ${column('id')}, ${column('grant')}, ${column('database')}, ${column('clientAddress')}, ${column('application')},
      ${column('startedAt')}
    ) AS told (id, "grant", database, client_address, application, started_at)
    JOIN grants ON grants.id = told."grant"
    ON CONFLICT (id) DO NOTHING
    RETURNING id`.execute(db);
  await announceSessions(db, idsOf(rows));
}

const idsOf = (rows: readonly { readonly id: SessionId }[]): SessionId[] => rows.map(({ id }) => id);

export interface SessionEnd {
  readonly session: SessionId;
  readonly because: string;
  readonly statements: number;
}

/** The gateway's own word on how a session ended; it corrects what was only supposed. */
export async function closeSession(
  db: Reader,
  gateway: GatewayId,
  { session, because, statements }: SessionEnd,
  now: Temporal.Instant,
): Promise<void> {
  const ended = await db
    .updateTable('dbSessions')
    .set((eb) => ({
      endedAt: eb.fn.coalesce('endedAt', sql<Temporal.Instant>`${now.toString()}::timestamptz`),
      endedBecause: because,
      statements,
    }))
    .where('id', '=', session)
    .where('gateway', '=', gateway)
    .where((eb) => eb.or([eb('endedAt', 'is', null), eb('endedBecause', '=', LOST)]))
    .returning('id')
    .execute();
  await announceSessions(db, idsOf(ended));
}

/** Gateways out of touch for longer than they keep sessions open: whatever was open has ended. */
export async function endLostSessions(db: Reader, outOfTouchMs: number, now: Temporal.Instant): Promise<void> {
  const since = now.subtract({ milliseconds: outOfTouchMs });
  const ended = await db
    .updateTable('dbSessions')
    .set({ endedAt: now, endedBecause: LOST })
    .where('endedAt', 'is', null)
    .where('gateway', 'in', (eb) =>
      eb
        .selectFrom('gateways')
        .select('gateways.id')
        .where('lastSeenAt', '<', since)
        .where((or) => or.or([or('aliveUntil', 'is', null), or('aliveUntil', '<', now)])),
    )
    .returning('id')
    .execute();
  await announceSessions(db, idsOf(ended));
}
