/** All that gateways must know, read at one moment. */
import type { EntraIdentity } from '@tidegate/contract';
import {
  type GatewayId,
  type Grant,
  type GrantId,
  type PersonName,
  type ResourceName,
  type SessionId,
  type TicketId,
  TidegateError,
} from '@tidegate/core';
import { sql } from 'kysely';
import { toGrant } from '../access/rows.ts';
import { type CurrentResource, currentConfig } from '../config/current.ts';
import { entraOf } from '../identity/people.ts';
import type { Reader, Tx } from '../store/schema.ts';
import type { GrantRow } from '../store/schema-access.ts';

export interface TicketRow {
  readonly id: TicketId;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
  readonly mysqlSha2: Buffer | null;
  readonly mysqlNative: Buffer | null;
}

export interface GrantAndTickets {
  readonly grant: Grant;
  readonly row: GrantRow;
  /** Not revoked; in the order in which they were made. */
  readonly tickets: readonly TicketRow[];
  /** Who its person is in Entra ID. */
  readonly entra: EntraIdentity | null;
}

export interface WantedCut {
  readonly session: SessionId;
  readonly gateway: GatewayId;
  readonly by: PersonName;
  readonly reason: string;
}

export interface Snapshot {
  readonly resources: readonly CurrentResource[];
  /** Passwords that the store keeps, sealed. */
  readonly credentials: ReadonlyMap<ResourceName, string>;
  /** All that are not closed. */
  readonly grants: readonly GrantAndTickets[];
  /** Who makes and drops principals where, as long as the lease lasts. */
  readonly leases: ReadonlyMap<ResourceName, GatewayId>;
  /** The connection each gateway has now, on whichever control plane. */
  readonly connections: ReadonlyMap<GatewayId, string>;
  /** Gateways that were taken out: whatever connection they have here is closed. */
  readonly revoked: ReadonlySet<GatewayId>;
  /** Sessions that somebody wants ended and that have not. */
  readonly cuts: readonly WantedCut[];
}

/** Read in one transaction that sees one moment: a ticket never comes without its grant as it then was. */
export function readSnapshot(db: Reader): Promise<Snapshot> {
  return db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (tx) => ({
      resources: (await currentConfig(tx)).resources,
      credentials: await readCredentials(tx),
      grants: await readGrants(tx),
      leases: await readLeases(tx),
      connections: await readConnections(tx),
      revoked: await readRevoked(tx),
      cuts: await readCuts(tx),
    }));
}

async function readGrants(tx: Tx): Promise<GrantAndTickets[]> {
  const rows = await tx
    .selectFrom('grants')
    .innerJoin('people', 'people.name', 'grants.person')
    .selectAll('grants')
    .select(['people.entraTenant', 'people.entraObject'])
    .where('state', '!=', 'closed')
    .orderBy('id')
    .execute();
  if (rows.length === 0) return [];
  const tickets = await tx
    .selectFrom('tickets')
    .innerJoin('grants', 'grants.id', 'tickets.grant')
    .select([
      'tickets.id',
      'tickets.grant',
      'tickets.storedKey',
      'tickets.serverKey',
      'tickets.mysqlSha2',
      'tickets.mysqlNative',
    ])
    .where('tickets.revokedAt', 'is', null)
    .where('grants.state', '!=', 'closed')
    .orderBy('tickets.createdAt')
    .orderBy('tickets.id')
    .execute();
  const byGrant = Map.groupBy(tickets, ({ grant }): GrantId => grant);
  return rows.map((row) => ({ grant: toGrant(row), row, tickets: byGrant.get(row.id) ?? [], entra: entraOf(row) }));
}

async function readCredentials(tx: Tx): Promise<Map<ResourceName, string>> {
  const rows = await tx.selectFrom('resourceCredentials').select(['resource', 'password']).execute();
  return new Map(rows.map(({ resource, password }) => [resource, password]));
}

async function readLeases(tx: Tx): Promise<Map<ResourceName, GatewayId>> {
  const rows = await tx
    .selectFrom('reconcilerLeases')
    .select(['resource', 'gateway'])
    .where(sql<boolean>`until > now()`)
    .execute();
  return new Map(rows.map(({ resource, gateway }) => [resource, gateway]));
}

async function readConnections(tx: Tx): Promise<Map<GatewayId, string>> {
  const rows = await tx
    .selectFrom('gateways')
    .select(['id', 'connection'])
    .where('connection', 'is not', null)
    .where('revokedAt', 'is', null)
    .execute();
  return new Map(rows.flatMap(({ id, connection }) => (connection === null ? [] : [[id, connection]])));
}

async function readRevoked(tx: Tx): Promise<Set<GatewayId>> {
  const rows = await tx.selectFrom('gateways').select('id').where('revokedAt', 'is not', null).execute();
  return new Set(rows.map(({ id }) => id));
}

async function readCuts(tx: Tx): Promise<WantedCut[]> {
  const rows = await tx
    .selectFrom('dbSessions')
    .select(['id', 'gateway', 'cutBy', 'cutReason'])
    .where('cutBy', 'is not', null)
    .where('endedAt', 'is', null)
    .execute();
  return rows.map(({ id, gateway, cutBy, cutReason }) => {
    if (cutBy === null || cutReason === null) throw new TidegateError('internal', `Session ${id} is cut by nobody.`);
    return { session: id, gateway, by: cutBy, reason: cutReason };
  });
}
