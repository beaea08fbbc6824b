/**
 * A configuration while it is checked: whatever has the right shape, each part by itself, so that one misspelt key does
 * not hide what is wrong elsewhere.
 */
import type { Config } from '@tidegate/contract';
import {
  configGroup,
  configIdentityProvider,
  configPermission,
  configResource,
  configRole,
  configRule,
  configWorkload,
} from '@tidegate/contract';
import { DEFAULT_ROLES, type GroupName, type PersonName } from '@tidegate/core';
import type { z } from 'zod';
import type { ConfigPath } from './errors.ts';

/** One part that has the right shape, and where it stands. */
export interface Placed<T> {
  readonly path: ConfigPath;
  readonly value: T;
}

export interface Draft {
  readonly providers: readonly Placed<Config['identityProviders'][number]>[];
  readonly groups: readonly Placed<Config['groups'][number]>[];
  readonly resources: readonly Placed<Config['resources'][number]>[];
  readonly roles: readonly Placed<NonNullable<Config['roles']>[number]>[];
  readonly rules: readonly Placed<Config['policies'][number]>[];
  readonly workloads: readonly Placed<Config['workloads'][number]>[];
  readonly permissions: readonly Placed<Config['permissions'][number]>[];
  /** Names that are declared, also by parts that have other faults: those are no reason to call them missing. */
  readonly names: {
    readonly providers: ReadonlySet<string>;
    readonly groups: ReadonlySet<string>;
    readonly resources: ReadonlySet<string>;
    readonly roles: ReadonlySet<string>;
    readonly workloads: ReadonlySet<string>;
  };
  /** Every part has the right shape: what can only be said of the whole may be said. */
  readonly whole: boolean;
}

/** What the store knows beside the file. */
export interface Known {
  /** Members of groups that did not come from a configuration. */
  readonly members: ReadonlyMap<GroupName, ReadonlySet<PersonName>>;
  /** Accounts that are disabled: members of nothing, whatever the file says. */
  readonly disabled: ReadonlySet<PersonName>;
}

export const NOTHING_KNOWN: Known = { members: new Map(), disabled: new Set() };

/** Where checks put what they find. */
export interface Findings {
  /** `into`: how far into the text at `path` it stands, in UTF-16 units. */
  error(path: ConfigPath, message: string, into?: number): void;
  warn(path: ConfigPath, message: string): void;
}

export function toDraft(value: unknown): Draft {
  const providers = parts(value, 'identityProviders', configIdentityProvider);
  const groups = parts(value, 'groups', configGroup);
  const resources = parts(value, 'resources', configResource);
  const roles = parts(value, 'roles', configRole);
  const rules = parts(value, 'policies', configRule);
  const workloads = parts(value, 'workloads', configWorkload);
  const permissions = parts(value, 'permissions', configPermission);
  const roleNames = member(value, 'roles') === undefined ? DEFAULT_ROLES.map(({ name }) => name) : roles.names;
  return {
    providers: providers.placed,
    groups: groups.placed,
    resources: resources.placed,
    roles: roles.placed,
    rules: rules.placed,
    workloads: workloads.placed,
    permissions: permissions.placed,
    names: {
      providers: new Set(providers.names),
      groups: new Set(groups.names),
      resources: new Set(resources.names),
      roles: new Set(roleNames),
      workloads: new Set(workloads.names),
    },
    whole: [providers, groups, resources, roles, rules, workloads, permissions].every(({ whole }) => whole),
  };
}

function parts<S extends z.ZodType>(value: unknown, key: string, schema: S) {
  const items = member(value, key);
  const list: unknown[] = Array.isArray(items) ? items : [];
  const placed: Placed<z.infer<S>>[] = [];
  const names: string[] = [];
  for (const [index, item] of list.entries()) {
    const name = member(item, 'name');
    if (typeof name === 'string') names.push(name);
    const parsed = schema.safeParse(item);
    if (parsed.success) placed.push({ path: [key, index], value: parsed.data });
  }
  return { placed, names, whole: (items === undefined || Array.isArray(items)) && placed.length === list.length };
}

function member(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined;
}
