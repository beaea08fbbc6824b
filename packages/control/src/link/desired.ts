/**
 * What gateways are told (docs/ARCHITECTURE.md, Desired state): from a snapshot of the store and the time. All gateways
 * serve all resources; only who reconciles differs. Texts instead of values, because they are compared and sent far
 * more often than made.
 */

import { isLocal, parseAddress } from '@tidegate/config';
import type { DesiredGrant, DesiredResource, EntraTrust } from '@tidegate/contract';
import {
  type Closing,
  desiredPhase,
  due,
  durationText,
  EXPIRED,
  failed,
  type Given,
  type Grant,
  type GrantId,
  nextDue,
  type ResourceName,
  type RoleName,
  type TicketId,
} from '@tidegate/core';
import { givenOf } from '../access/rows.ts';
import { openCredential } from '../config/credentials.ts';
import type { CurrentResource } from '../config/current.ts';
import type { Sealer } from '../keys/seal.ts';
import type { GrantAndTickets, Snapshot } from './snapshot.ts';

/** Holds secrets: never into a log. */
export interface Desired {
  /** JSON of each resource, by whether its gateway is the one that reconciles it. */
  readonly resources: ReadonlyMap<ResourceName, { readonly relays: string; readonly reconciles: string }>;
  readonly grants: ReadonlyMap<GrantId, { readonly json: string; readonly tickets: readonly TicketId[] }>;
  /** Grants that no gateway can be told of, and why, in words for their person. */
  readonly blocked: ReadonlyMap<GrantId, string>;
  /** When time alone makes this different; null: never. */
  readonly changesAt: Temporal.Instant | null;
}

/** `trusts`: the tenants of Entra ID whose tokens let people in. */
export function desiredState(
  snapshot: Snapshot,
  opened: OpenedSecrets,
  trusts: readonly EntraTrust[],
  now: Temporal.Instant,
): Desired {
  const resources = new Map<ResourceName, { relays: string; reconciles: string }>();
  for (const resource of snapshot.resources) {
    const desired = desiredResource(resource, snapshot.credentials.get(resource.name), opened, trusts);
    if (desired === null) continue;
    resources.set(resource.name, {
      relays: JSON.stringify({ ...desired, reconcile: false }),
      reconciles: JSON.stringify({ ...desired, reconcile: true }),
    });
  }
  const grants = new Map<GrantId, { json: string; tickets: readonly TicketId[] }>();
  const blocked = new Map<GrantId, string>();
  let changesAt: Temporal.Instant | null = null;
  for (const each of snapshot.grants) {
    const next = nextDue(each.grant, now);
    if (next !== null && (changesAt === null || Temporal.Instant.compare(next, changesAt) < 0)) changesAt = next;
    const desired = desiredGrant(each, opened, now);
    if (desired === null) continue;
    const { id, resource } = each.grant;
    if (resources.has(resource))
      grants.set(id, { json: JSON.stringify(desired), tickets: desired.tickets.map((ticket) => ticket.id) });
    else blocked.set(id, `No administrator password is stored for ${resource} yet.`);
  }
  opened.keepOnly(snapshot);
  return { resources, grants, blocked, changesAt };
}

/** null: its password is to come from the store, and is not there yet. */
function desiredResource(
  resource: CurrentResource,
  sealed: string | undefined,
  opened: OpenedSecrets,
  trusts: readonly EntraTrust[],
): Omit<DesiredResource, 'reconcile'> | null {
  const { name, engine, databases, tls, ownerRole, record, maxSessionsPerGrant, allow } = resource;
  const source = credentialSource(resource, sealed, opened);
  const address = parseAddress(resource.address);
  // Refused when it was applied.
  if (source === null || typeof address === 'string') return null;
  const mode = 'socket' in address && isLocal(address) ? 'disable' : tls.mode;
  return {
    name,
    engine,
    address,
    tls: { mode, ca: tls.ca ?? null, serverName: tls.serverName ?? null },
    databases: [...databases],
    credential: { user: resource.credential.user, source },
    ownerRole,
    record,
    maxSessionsPerGrant,
    allow,
    entra: engine === 'sqlserver' ? [...trusts] : [],
  };
}

function credentialSource(
  { name, credential: { env, file, tokenFile } }: CurrentResource,
  sealed: string | undefined,
  opened: OpenedSecrets,
): DesiredResource['credential']['source'] | null {
  if (env !== undefined) return { kind: 'env', name: env };
  if (file !== undefined) return { kind: 'file', path: file };
  if (tokenFile !== undefined) return { kind: 'tokenFile', path: tokenFile };
  return sealed === undefined ? null : { kind: 'secret', password: opened.credential(name, sealed) };
}

/** null: its time has not come, or it is closed. */
function desiredGrant({ grant, row, tickets, entra }: GrantAndTickets, opened: OpenedSecrets, now: Temporal.Instant) {
  const phase = desiredPhase(grant, now);
  if (phase === null) return null;
  const desired: DesiredGrant = {
    id: grant.id,
    resource: grant.resource,
    person: grant.person,
    role: desiredRole(grant.role, givenOf(row)),
    loginName: grant.loginName,
    phase,
    duration: durationText(grant.duration),
    startsAt: row.startsAt?.toString() ?? null,
    expiresAt: row.expiresAt?.toString() ?? null,
    closing: phase === 'close' ? closingOf(grant, now) : null,
    principalPassword: opened.principalPassword(grant.id, row.principalPassword),
    scram: { salt: row.scramSalt.toString('base64'), iterations: row.scramIterations },
    // A grant lets in only while it is open: before and after, no gateway needs to know a ticket.
    tickets: phase === 'open' ? tickets.map(ticketOf) : [],
    entra: row.engine === 'sqlserver' ? entra : null,
  };
  return desired;
}

const desiredRole = (name: RoleName, given: Given): DesiredGrant['role'] =>
  'level' in given ? { name, privileges: given.level } : { name, lines: [...given.lines] };

const ticketOf = (ticket: GrantAndTickets['tickets'][number]): DesiredGrant['tickets'][number] => {
  const { id, storedKey, serverKey, mysqlSha2, mysqlNative } = ticket;
  return {
    id,
    verifier: { storedKey: storedKey.toString('base64'), serverKey: serverKey.toString('base64') },
    mysql:
      mysqlSha2 === null || mysqlNative === null
        ? null
        : { sha2: mysqlSha2.toString('base64'), native: mysqlNative.toString('base64') },
  };
};

/** Why it closes; what the clock says counts before anybody has noted it. */
function closingOf(grant: Grant, now: Temporal.Instant): Closing {
  if (grant.state === 'closing' || grant.state === 'closed') return grant.because;
  return due(grant, now) === 'fail' ? failed('It could not be opened in time.') : EXPIRED;
}

/** Secrets of open grants and resources, opened once each: the state is made anew with every change. */
export class OpenedSecrets {
  readonly #sealer: Sealer;
  readonly #opened = new Map<string, string>();

  constructor(sealer: Sealer) {
    this.#sealer = sealer;
  }

  credential(resource: ResourceName, sealed: string): string {
    return this.#open(sealed, () => openCredential(this.#sealer, resource, sealed));
  }

  principalPassword(grant: GrantId, sealed: string): string {
    return this.#open(sealed, () => this.#sealer.open(sealed, `principal/${grant}`));
  }

  /** Forgets what is of no grant or resource any more. */
  keepOnly({ credentials, grants }: Snapshot): void {
    const kept = new Set([...credentials.values(), ...grants.map(({ row }) => row.principalPassword)]);
    for (const sealed of this.#opened.keys()) if (!kept.has(sealed)) this.#opened.delete(sealed);
  }

  #open(sealed: string, open: () => string): string {
    const known = this.#opened.get(sealed) ?? open();
    this.#opened.set(sealed, known);
    return known;
  }
}
