/** The configuration in force, asked for one thing at a time. */

import type { AccessRequest, Given, Rule } from '@tidegate/core';
import { durationText, findRole, givenBy, type ResourceName, TidegateError } from '@tidegate/core';
import type { CurrentConfig, CurrentResource } from '../config/current.ts';
import type { MfaDemand } from '../store/schema-access.ts';

export type InForce = CurrentConfig;

/** By name; made once for each version, whose list of resources stays the same. */
const byName = new WeakMap<InForce['resources'], ReadonlyMap<ResourceName, CurrentResource>>();

/** Throws `not_found`. */
export function resourceNamed({ resources }: InForce, name: ResourceName): CurrentResource {
  const named = byName.get(resources) ?? new Map(resources.map((each) => [each.name, each]));
  byName.set(resources, named);
  const resource = named.get(name);
  if (resource !== undefined) return resource;
  throw new TidegateError('not_found', `There is no resource ${name}.`, 'See tidegate resources.');
}

/**
 * What a request's role gives now, narrowed as it asks. Throws `not_found` for a role that the configuration no longer
 * has, and `invalid_input` where it gives nothing there.
 */
export function givenFor(inForce: InForce, { role: name, resource, only }: GivenAsk): Given {
  const role = findRole(inForce.policy, name);
  if (role !== null) return givenBy(role, resourceNamed(inForce, resource), only);
  throw new TidegateError('not_found', `There is no role ${name} any more.`, 'Ask an administrator.');
}
type GivenAsk = Pick<AccessRequest, 'role' | 'resource' | 'only'>;

/**
 * Whether the rule lets results be saved; null: it says nothing of it, and the resource does. Of a rule that is no longer
 * there nobody knows what it said: they may not.
 */
export function ruleOnExport({ policy }: InForce, name: string): boolean | null {
  const rule = policy.rules.find((each) => each.name === name);
  return rule === undefined ? false : rule.allow.export;
}

/** As it is kept with the request. */
export const mfaDemand = ({ at, within }: Rule['mfa']): MfaDemand => ({ at, within: durationText(within) });
