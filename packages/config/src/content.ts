/** From the configuration as it is written to the shapes that decisions are made with. */
import type { Config, IdentityProvider } from '@tidegate/contract';
import {
  type Approval,
  type Condition,
  compileCondition,
  DEFAULT_ROLES,
  type Engine,
  type GrantLine,
  type GroupName,
  isConditionProblem,
  isProblem,
  type PersonName,
  type Policy,
  type Privileges,
  parseDuration,
  parseGrantLine,
  type Resource,
  type Role,
  type Rule,
  type Share,
  TidegateError,
} from '@tidegate/core';
import { enginesOf } from './check-roles.ts';

type Written<K extends 'groups' | 'resources' | 'policies' | 'workloads' | 'permissions'> = Config[K][number];

/** A resource, with what only its gateways need. */
export interface CurrentResource extends Resource {
  /** As written; see `parseAddress`. */
  readonly address: string;
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
  /** The provider's group or app role whose people are in it; null: none. */
  readonly fromIdp: { readonly provider: string; readonly id: string } | null;
}

export type CurrentWorkload = Written<'workloads'>;
export type CurrentPermission = Written<'permissions'>;

/** A configuration as it is in force. */
export interface CurrentConfig {
  /** 0: nothing was ever applied. */
  readonly version: number;
  readonly identityProviders: readonly IdentityProvider[];
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
    identityProviders: Object.freeze(config.identityProviders),
    groups: Object.freeze(config.groups.map((group) => toGroup(group, config.identityProviders))),
    resources: Object.freeze(config.resources.map(toResource)),
    policy: Object.freeze({
      version,
      timeZone: config.timeZone,
      rules: Object.freeze(config.policies.map(toRule)),
      roles: config.roles === undefined ? DEFAULT_ROLES : Object.freeze(config.roles.map(toRole)),
    }),
    workloads: Object.freeze(config.workloads),
    permissions: Object.freeze(config.permissions),
    apiKeys: Object.freeze(config.apiKeys),
  });
}

/** A group id that names no provider is the only provider's; `check-providers.ts` has seen that there is one. */
function toGroup({ name, members, fromIdp }: Written<'groups'>, [only]: readonly IdentityProvider[]): CurrentGroup {
  const from = typeof fromIdp === 'string' ? { provider: only?.name ?? '', id: fromIdp } : fromIdp;
  return Object.freeze({ name, members, fromIdp: from ?? null });
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
  const { name, resources, roles, who, duration, reason, mfa, approvals, breakGlass, allow, lapseAfter } = written;
  return Object.freeze({
    name,
    resources,
    roles,
    who,
    when: toCondition(written.when),
    maxDuration: duration === undefined ? null : parseDuration(duration.max),
    reason: Object.freeze({ required: reason.required, ticket: reason.ticket ?? null }),
    mfa: Object.freeze({ at: mfa?.at ?? [], within: parseDuration(mfa?.within ?? MFA_WITHIN) }),
    approvals: Object.freeze((approvals ?? []).flatMap(toApprovals)),
    autoApprove: toCondition(written.autoApprove),
    breakGlass:
      breakGlass === undefined
        ? null
        : Object.freeze({ notify: breakGlass.notify, reviewWithin: parseDuration(breakGlass.reviewWithin) }),
    allow: Object.freeze({ export: allow?.export ?? null }),
    lapseAfter: parseDuration(lapseAfter),
  });
}

/** Checked when it was applied: one that no longer compiles must not read as "always" or "never". */
function toCondition(source: string | undefined): Condition | null {
  if (source === undefined) return null;
  const compiled = compileCondition(source);
  if (!isConditionProblem(compiled)) return compiled;
  throw new TidegateError('invalid_config', `The condition “${source}” cannot be read: ${compiled.message}.`);
}

/** Each entry of the list is a stage: one approval, or several that are asked for at once. */
function toApprovals(written: NonNullable<Written<'policies'>['approvals']>[number], stage: number): Approval[] {
  const together = 'parallel' in written ? written.parallel : [written];
  return together.map(({ from, count, quorum, escalate }) =>
    Object.freeze({
      stage,
      from,
      count: quorum === undefined ? (count ?? 1) : toShare(quorum),
      escalate:
        escalate === undefined ? null : Object.freeze({ after: parseDuration(escalate.after), to: escalate.to }),
    }),
  );
}

/** A majority is more than half: of four it is three. */
const MAJORITY = 0.500001;

function toShare(quorum: string): Share {
  if (quorum === 'majority') return { share: MAJORITY };
  return { share: quorum === 'all' ? 1 : Number.parseInt(quorum, 10) / 100 };
}
