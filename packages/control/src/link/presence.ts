/**
 * Which gateway is connected, where, and since when it was heard: rows that the control plane with the connection moves
 * on. Ages are measured here and added to the store's own clock, so that control planes need not agree on the time.
 */
import type { FromGateway } from '@tidegate/contract';
import type { GatewayId, ResourceName, TicketId } from '@tidegate/core';
import { sql } from 'kysely';
import type { Reader, Tx } from '../store/schema.ts';
import { notify, STATE_CHANNEL } from '../store/store.ts';
import { TICKETS_CHANNEL } from './tickets.ts';

/** Not heard for this long: not connected any more. */
export const ALIVE_MS = 15_000;
/** Not heard for this long: another gateway may take over as reconciler. */
export const LEASE_MS = 10_000;

type Hello = Extract<FromGateway, { type: 'hello' }>;

/** A new connection of a gateway takes the place of whichever it had, here or at another control plane. */
export async function claimConnection(tx: Tx, gateway: GatewayId, connection: string, hello: Hello): Promise<void> {
  await sql`
    UPDATE gateways SET connection = ${connection}, version = ${hello.version.slice(0, 100)},
      listeners = ${JSON.stringify(hello.listeners)}, listener_ca = ${hello.listenerCa},
      last_seen_at = now(), alive_until = now() + ${milliseconds(ALIVE_MS)}
    WHERE id = ${gateway}`.execute(tx);
  // Known over the connection before: its workers may have been restarted since.
  await tx.deleteFrom('knownTickets').where('gateway', '=', gateway).execute();
  await notify(tx, STATE_CHANNEL, '');
}

/** The connection is over. Its leases stay until they run out: a gateway that comes back soon goes on with them. */
export async function releaseConnection(tx: Tx, gateway: GatewayId, connection: string): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('gateways')
    .set({ connection: null, aliveUntil: null })
    .where('id', '=', gateway)
    .where('connection', '=', connection)
    .executeTakeFirstOrThrow();
  return numUpdatedRows > 0n;
}

export interface Heard {
  readonly gateway: GatewayId;
  readonly connection: string;
  readonly serial: string;
  /** Milliseconds since its last message. */
  readonly agoMs: number;
}

/** Moves presence and leases on; answers the connections that are good still: not replaced, not revoked, not expired. */
export async function keepAlive(db: Reader, heard: readonly Heard[]): Promise<Set<string>> {
  if (heard.length === 0) return new Set();
  const { rows } = await sql<{ connection: string }>`
    UPDATE gateways SET last_seen_at = now() - age.ago, alive_until = now() + ${milliseconds(ALIVE_MS)} - age.ago
    FROM ${agesOf(heard)}, gateway_certificates AS certificate
    WHERE gateways.id = age.gateway AND gateways.connection = age.connection AND gateways.revoked_at IS NULL
      AND certificate.serial = age.serial AND certificate.revoked_at IS NULL AND certificate.not_after > now()
    RETURNING gateways.connection`.execute(db);
  await sql`
    UPDATE reconciler_leases AS lease SET until = greatest(until, now() + ${milliseconds(LEASE_MS)} - age.ago)
    FROM ${agesOf(heard)} JOIN gateways ON gateways.id = age.gateway AND gateways.connection = age.connection
    WHERE lease.gateway = age.gateway AND lease.until > now()`.execute(db);
  return new Set(rows.map(({ connection }) => connection));
}

const agesOf = (heard: readonly Heard[]) => sql`(
  SELECT gateway, connection, serial, ago * interval '1 millisecond' AS ago
  FROM unnest(
    ${heard.map(({ gateway }) => gateway)}::text[], ${heard.map(({ connection }) => connection)}::text[],
    ${heard.map(({ serial }) => serial)}::text[], ${heard.map(({ agoMs }) => Math.round(agoMs))}::bigint[]
  ) AS told (gateway, connection, serial, ago)
) AS age`;

const milliseconds = (ms: number) => sql`${ms} * interval '1 millisecond'`;

/**
 * Takes the leases that nobody has for the gateways connected here, spread evenly over them. True: some were taken, and
 * gateways have to be told.
 */
export async function takeVacantLeases(
  db: Reader,
  resources: readonly ResourceName[],
  gateways: readonly GatewayId[],
): Promise<boolean> {
  if (resources.length === 0 || gateways.length === 0) return false;
  const takers = resources.map((_, index) => gateways[index % gateways.length]);
  const { rows } = await sql`
    INSERT INTO reconciler_leases (resource, gateway, until)
    SELECT resource, gateway, now() + ${milliseconds(LEASE_MS)}
    FROM unnest(${[...resources]}::text[], ${takers}::text[]) AS vacant (resource, gateway)
    ORDER BY resource
    ON CONFLICT (resource) DO UPDATE SET gateway = excluded.gateway, until = excluded.until
      WHERE reconciler_leases.until <= now()
    RETURNING resource`.execute(db);
  return rows.length > 0;
}

/** Every relay worker of the gateway knows these tickets. Tells those who wait for one. */
export async function markKnown(
  tx: Tx,
  gateway: GatewayId,
  connection: string,
  tickets: readonly TicketId[],
): Promise<void> {
  await sql`
    INSERT INTO known_tickets (ticket, gateway)
    SELECT tickets.id, gateways.id FROM tickets
    JOIN gateways ON gateways.id = ${gateway} AND gateways.connection = ${connection}
    WHERE tickets.id = ANY (${[...tickets]})
    ON CONFLICT DO NOTHING`.execute(tx);
  await notify(tx, TICKETS_CHANNEL, '');
}
