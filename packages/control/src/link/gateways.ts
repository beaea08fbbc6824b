/** Gateways as people see them. */
import type { GatewayView } from '@tidegate/contract';
import { reached } from '@tidegate/core';
import type { Reader } from '../store/schema.ts';

/** All that were not taken out, by name. */
export async function listGateways(db: Reader, now: Temporal.Instant): Promise<GatewayView[]> {
  const rows = await db
    .selectFrom('gateways')
    .select(['id', 'name', 'aliveUntil', 'connection', 'lastSeenAt', 'version', 'listeners', 'spool'])
    .where('revokedAt', 'is', null)
    .orderBy('name')
    .execute();
  return rows.map(({ aliveUntil, connection, lastSeenAt, listeners, ...row }) => ({
    ...row,
    connected: connection !== null && aliveUntil !== null && !reached(aliveUntil, now),
    lastSeenAt: lastSeenAt?.toString() ?? null,
    listeners: listeners.map(({ engine, host, port }) => ({ engine, host, port })),
  }));
}
