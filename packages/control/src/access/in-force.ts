/** The configuration in force, asked for one thing at a time. */

import type { Rule } from '@tidegate/core';
import {
  durationText,
  findRole,
  type Privileges,
  type ResourceName,
  type RoleName,
  TidegateError,
} from '@tidegate/core';
import type { CurrentConfig, CurrentResource } from '../config/current.ts';
import type { MfaDemand } from '../store/schema-access.ts';

export type InForce = CurrentConfig;

/** Throws `not_found`. */
export function resourceNamed(inForce: InForce, name: ResourceName): CurrentResource {
  const resource = inForce.resources.find((each) => each.name === name);
  if (resource !== undefined) return resource;
  throw new TidegateError('not_found', `There is no resource ${name}.`, 'See tidegate resources.');
}

/** What the role may do now. Throws `not_found` for one that the configuration no longer has. */
export function privilegesOf(inForce: InForce, name: RoleName): Privileges {
  const role = findRole(inForce.policy, name);
  if (role !== null) return role.privileges;
  throw new TidegateError('not_found', `There is no role ${name} any more.`, 'Ask an administrator.');
}

/** As it is kept with the request. */
export const mfaDemand = ({ at, within }: Rule['mfa']): MfaDemand => ({ at, within: durationText(within) });
