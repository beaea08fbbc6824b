/** Resources as people see them: what they are, what can be asked for on them, and how they are just now. */
import type { ResourceView } from '@tidegate/contract';
import { durationText, type Engine, grantLineText, type ResourceName, type Role } from '@tidegate/core';
import { currentConfig } from '../config/current.ts';
import type { Reader } from '../store/schema.ts';
import { type InForce, resourceNamed } from './in-force.ts';

/** All of them, by name. */
export async function listResources(db: Reader, now: Temporal.Instant): Promise<ResourceView[]> {
  const inForce = await currentConfig(db);
  const state = await stateOf(db, now, null);
  return inForce.resources.map(({ name }) => viewOf(inForce, name, state)).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Throws `not_found`. */
export async function showResource(db: Reader, name: ResourceName, now: Temporal.Instant): Promise<ResourceView> {
  const inForce = await currentConfig(db);
  resourceNamed(inForce, name);
  return viewOf(inForce, name, await stateOf(db, now, name));
}

function rolePrivileges({ privileges }: Role, engine: Engine): Pick<RoleView, 'privileges' | 'lines'> {
  if ('level' in privileges) return { privileges: privileges.level, lines: [] };
  return { privileges: 'lines', lines: (privileges.grants[engine] ?? []).map((line) => grantLineText(line, engine)) };
}
type RoleView = ResourceView['roles'][number];

type State = Awaited<ReturnType<typeof stateOf>>;

/** What moves: the gateway that makes principals there, what it last saw, how many grants are open. */
async function stateOf(db: Reader, now: Temporal.Instant, only: ResourceName | null) {
  const leases = await db
    .selectFrom('reconcilerLeases as lease')
    .innerJoin('gateways', 'gateways.id', 'lease.gateway')
    .leftJoin('resourceHealth as health', (join) =>
      join.onRef('health.resource', '=', 'lease.resource').onRef('health.gateway', '=', 'lease.gateway'),
    )
    .select(['lease.resource', 'gateways.name as gateway', 'health.ok', 'health.detail', 'health.checkedAt'])
    .where('lease.until', '>', now)
    .$if(only !== null, (query) => query.where('lease.resource', '=', only))
    .execute();
  const open = await db
    .selectFrom('grants')
    .select(({ fn }) => ['resource', fn.countAll<number>().as('count')])
    .where('state', '!=', 'closed')
    .$if(only !== null, (query) => query.where('resource', '=', only))
    .groupBy('resource')
    .execute();
  return { leases, open };
}

function viewOf(inForce: InForce, name: ResourceName, { leases, open }: State): ResourceView {
  const { engine, address, databases, labels, owners, credential } = resourceNamed(inForce, name);
  const lease = leases.find(({ resource }) => resource === name);
  return {
    name,
    engine,
    address,
    databases: [...databases],
    labels: { ...labels },
    owners: [...owners],
    roles: inForce.policy.roles.map((role) => ({
      name: role.name,
      ...rolePrivileges(role, engine),
      defaultDuration: durationText(role.defaultDuration),
      maxDuration: durationText(role.maxDuration),
    })),
    gateway: lease?.gateway ?? null,
    health: {
      state: lease === undefined || lease.ok === null ? 'unknown' : lease.ok ? 'ok' : 'failing',
      detail: lease?.detail ?? '',
      checkedAt: lease?.checkedAt?.toString() ?? null,
    },
    openGrants: open.find(({ resource }) => resource === name)?.count ?? 0,
    passwordStored: credential.stored === true,
  };
}
