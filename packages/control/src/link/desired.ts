/**
 * What gateways are told (docs/ARCHITECTURE.md, Desired state): from a snapshot of the store and the time. All gateways
 * serve all resources; only who reconciles differs. Texts instead of values, because they are compared and sent far
 * more often than made.
 */

import type { DesiredGrant } from '@tidegate/contract';
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
import type { ResourceTexts } from './desired-resources.ts';
import type { OpenedSecrets } from './opened.ts';
import type { GrantAndTickets, Snapshot } from './snapshot.ts';

/** Holds secrets: never into a log. */
export interface Desired {
  readonly resources: ReadonlyMap<ResourceName, ResourceTexts>;
  readonly grants: ReadonlyMap<GrantId, { readonly json: string; readonly tickets: readonly TicketId[] }>;
  /** Grants that no gateway can be told of, and why, in words for their person. */
  readonly blocked: ReadonlyMap<GrantId, string>;
  /** When time alone makes this different; null: never. */
  readonly changesAt: Temporal.Instant | null;
}

export function desiredState(
  snapshot: Snapshot,
  resources: Desired['resources'],
  opened: OpenedSecrets,
  now: Temporal.Instant,
): Desired {
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
