/** From the configuration as it is written to the shapes that decisions are made with. */
import type { Config } from '@tidegate/contract';
import {
  DEFAULT_ROLES,
  type Engine,
  type GrantLine,
  type GroupName,
  isProblem,
  type PersonName,
  type Policy,
  type Privileges,
  parseDuration,
  parseGrantLine,
  type Resource,
  type Role,
  type Rule,
  TidegateError,
} from '@tidegate/core';
import { enginesOf } from './check-roles.ts';

type Written<K extends 'groups' | 'resources' | 'policies' | 'workloads' | 'permissions'> = Config[K][number];

/** A resource, with what only its gateways need. */
export interface CurrentResource extends Resource {
  /** As written; see `parseAddress`. */
  readonly address: string;
  /** Groups whose members may revoke its grants and cut its sessions. */
  readonly owners: readonly GroupName[];
  readonly credential: Written<'resources'>['credential'];
  readonly tls: Written<'resources'>['tls'];
  readonly ownerRole: string | null;
  readonly record: Written<'resources'>['record'];
  readonly maxSessionsPerGrant: number;
  readonly allow: Written<'resources'>['allow'];
}

export interface CurrentGroup {
  readonly name: GroupName;
  readonly members: readonly PersonName[];
}

export type CurrentWorkload = Written<'workloads'>;
export type CurrentPermission = Written<'permissions'>;

/** A configuration as it is in force. */
export interface CurrentConfig {
  /** 0: nothing was ever applied. */
  readonly version: number;
  readonly groups: readonly CurrentGroup[];
  readonly resources: readonly CurrentResource[];
  readonly policy: Policy;
  readonly workloads: readonly CurrentWorkload[];
  readonly permissions: readonly CurrentPermission[];
  readonly apiKeys: Config['apiKeys'];
}

/** A fresh second factor is this fresh where a rule does not say. Only read where a rule asks for one. */
const MFA_WITHIN = 'PT5M';

export function toCurrent(config: Config, version: number): CurrentConfig {
  return Object.freeze({
    version,
    groups: Object.freeze(config.groups),
    resources: Object.freeze(config.resources.map(toResource)),
    policy: Object.freeze({
      version,
      rules: Object.freeze(config.policies.map(toRule)),
      roles: config.roles === undefined ? DEFAULT_ROLES : Object.freeze(config.roles.map(toRole)),
    }),
    workloads: Object.freeze(config.workloads),
    permissions: Object.freeze(config.permissions),
    apiKeys: Object.freeze(config.apiKeys),
  });
}

function toResource(written: Written<'resources'>): CurrentResource {
  return Object.freeze({ ...written, ownerRole: written.ownerRole ?? null });
}

type WrittenRole = NonNullable<Config['roles']>[number];

function toRole(written: WrittenRole): Role {
  const { name, duration } = written;
  return Object.freeze({
    name,
    privileges: toPrivileges(written),
    defaultDuration: parseDuration(duration.default),
    maxDuration: parseDuration(duration.max),
  });
}

function toPrivileges(written: WrittenRole): Privileges {
  if ('privileges' in written) return Object.freeze({ level: written.privileges });
  const { grants } = written;
  const lines = enginesOf(grants).map((engine) => [engine, (grants[engine] ?? []).map((text) => toLine(text, engine))]);
  return Object.freeze({ grants: Object.freeze(Object.fromEntries(lines)) });
}

/** Throws for a line that was refused when the configuration was applied: one written by another release. */
function toLine(text: string, engine: Engine): GrantLine {
  const line = parseGrantLine(text, engine);
  if (!isProblem(line)) return line;
  throw new TidegateError('internal', `A role’s line for ${engine} cannot be read: “${text}”.`, '', line.message);
}

function toRule(written: Written<'policies'>): Rule {
  const { name, resources, roles, who, duration, reason, mfa, approvals, lapseAfter } = written;
  return Object.freeze({
    name,
    resources,
    roles,
    who,
    maxDuration: duration === undefined ? null : parseDuration(duration.max),
    reason: Object.freeze({ required: reason.required, ticket: reason.ticket ?? null }),
    mfa: Object.freeze({ at: mfa?.at ?? [], within: parseDuration(mfa?.within ?? MFA_WITHIN) }),
    approvals: Object.freeze(approvals.map(({ from, count }) => Object.freeze({ ...from, count }))),
    lapseAfter: parseDuration(lapseAfter),
  });
}
