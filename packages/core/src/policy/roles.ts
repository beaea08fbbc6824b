/** The roles of a policy that names none: reader and editor up to 2 h, owner up to 4 h, an hour where none is asked for. */
import type { RoleName } from '../ids.ts';
import type { Level, Policy, Role } from '../model.ts';

const HOUR = Temporal.Duration.from({ hours: 1 });

function role(name: string, level: Level, maxHours: number): Role {
  return Object.freeze({
    name: name as RoleName,
    privileges: Object.freeze({ level }),
    defaultDuration: HOUR,
    maxDuration: Temporal.Duration.from({ hours: maxHours }),
  });
}

export const DEFAULT_ROLES: readonly Role[] = Object.freeze([
  role('reader', 'read', 2),
  role('editor', 'write', 2),
  role('owner', 'own', 4),
]);

/** The role of that name, or null. */
export function findRole(policy: Policy, name: RoleName): Role | null {
  return policy.roles.find((each) => each.name === name) ?? null;
}
