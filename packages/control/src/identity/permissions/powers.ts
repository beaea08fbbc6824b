/**
 * Tidegate's own roles: what somebody may do here, apart from what a policy may give them on databases (nothing follows
 * from one to the other: promise 5). The groups administrators and auditors have theirs everywhere; `permissions` in the
 * configuration gives roles to others, everywhere or on some resources alone.
 */
import { ADMINISTRATORS, AUDITORS, type CurrentConfig, type CurrentPermission } from '@tidegate/config';
import type { TidegateRole } from '@tidegate/contract';
import type { Person, ResourceName } from '@tidegate/core';

/** How far a role goes: over all of Tidegate, or over some resources (none: the role is not had). */
export type Reach = 'everything' | ReadonlySet<ResourceName>;

export type Powers = Readonly<Record<TidegateRole, Reach>>;

/** Somebody whose powers are known. */
export interface Powered extends Person {
  readonly powers: Powers;
}

type Ruling = Pick<CurrentConfig, 'permissions' | 'resources'>;

/** What the configuration gives a person, by their name and the groups that count for them now. */
export function powersUnder(config: Ruling, person: Pick<Person, 'name' | 'groups'>): Powers {
  return {
    administrator: person.groups.includes(ADMINISTRATORS) ? 'everything' : given(config, person, 'administrator'),
    auditor: person.groups.includes(AUDITORS) ? 'everything' : given(config, person, 'auditor'),
    'policy-editor': given(config, person, 'policy-editor'),
    reviewer: given(config, person, 'reviewer'),
    // Whoever can sign in is a user, until the configuration says who is.
    user: config.permissions.some(({ role }) => role === 'user') ? given(config, person, 'user') : 'everything',
  };
}

const NOWHERE: Reach = new Set();

function given(
  { permissions, resources }: Ruling,
  { name, groups }: Pick<Person, 'name' | 'groups'>,
  role: TidegateRole,
): Reach {
  const own = permissions.filter(
    ({ role: each, to }) =>
      each === role && (to.people.includes(name) || to.groups.some((group) => groups.includes(group))),
  );
  // Most people have none: their calls do not look at ten thousand resources.
  if (own.length === 0) return NOWHERE;
  if (own.some((permission) => permission.resources === undefined)) return 'everything';
  const covered = resources.filter((resource) => own.some((permission) => covers(permission, resource)));
  return new Set(covered.map((resource) => resource.name));
}

/** Names and labels narrow each other, as they do in a rule of the policy; all labels must be the resource's. */
function covers({ resources }: CurrentPermission, resource: Ruling['resources'][number]): boolean {
  if (resources === undefined) return true;
  const named = resources.names.length === 0 || resources.names.includes(resource.name);
  return named && Object.entries(resources.labels).every(([label, value]) => resource.labels[label] === value);
}

export const reaches = (reach: Reach, resource: ResourceName): boolean => reach === 'everything' || reach.has(resource);

/** Whether the role is had at all. */
export const isHad = (reach: Reach): boolean => reach === 'everything' || reach.size > 0;
