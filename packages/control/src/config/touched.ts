/** Open grants and pending requests that a change of configuration would leave without their resource or role. */

import type { CurrentConfig, CurrentResource } from '@tidegate/config';
import type { Grant, GrantId, PersonName, RequestId, ResourceName, RoleName } from '@tidegate/core';
import type { Reader } from '../store/schema.ts';

export interface OpenGrant {
  readonly id: GrantId;
  readonly person: PersonName;
  readonly resource: ResourceName;
  readonly state: Grant['state'];
}

export interface Touched {
  /** Grants that are not closed, on resources that would go. */
  readonly grants: readonly OpenGrant[];
  /** Grants that are not closed, on resources that would be another server or lose databases: see `moves`. */
  readonly moved: readonly OpenGrant[];
  /** Pending requests for a resource or a role that would go: they could be approved, and no grant would come of it. */
  readonly requests: readonly {
    readonly id: RequestId;
    readonly requester: PersonName;
    readonly resource: ResourceName;
    readonly role: RoleName;
  }[];
}

export async function touchedBy(db: Reader, before: CurrentConfig, after: CurrentConfig): Promise<Touched> {
  const keptResources = new Set(after.resources.map(({ name }) => name));
  const keptRoles = new Set(after.policy.roles.map(({ name }) => name));
  const resources = before.resources.map(({ name }) => name).filter((name) => !keptResources.has(name));
  const roles = before.policy.roles.map(({ name }) => name).filter((name) => !keptRoles.has(name));
  const grants = await openGrantsOn(db, resources);
  const kept = new Map(after.resources.map((resource) => [resource.name, resource]));
  const moved = await openGrantsOn(
    db,
    before.resources.filter((old) => moves(old, kept.get(old.name))).map(({ name }) => name),
  );
  const requests =
    resources.length + roles.length === 0
      ? []
      : await db
          .selectFrom('requests')
          .select(['id', 'requester', 'resource', 'role'])
          .where('state', '=', 'pending')
          .where((eb) =>
            eb.or([
              ...(resources.length === 0 ? [] : [eb('resource', 'in', resources)]),
              ...(roles.length === 0 ? [] : [eb('role', 'in', roles)]),
            ]),
          )
          .orderBy('createdAt')
          .execute();
  return { grants, moved, requests };
}

async function openGrantsOn(db: Reader, resources: readonly ResourceName[]): Promise<OpenGrant[]> {
  if (resources.length === 0) return [];
  return db
    .selectFrom('grants')
    .select(['id', 'person', 'resource', 'state'])
    .where('state', '!=', 'closed')
    .where('resource', 'in', [...resources])
    .orderBy('createdAt')
    .execute();
}

/** What gateways made there would be looked for elsewhere: allowed, because a server may have moved under them. */
function moves(old: CurrentResource, kept: CurrentResource | undefined): boolean {
  if (kept === undefined) return false;
  return kept.address !== old.address || old.databases.some((database) => !kept.databases.includes(database));
}
