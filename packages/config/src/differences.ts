/** What a configuration says differently from the one in force, part by part, in people's terms. */
import type { ConfigPlan, IdentityProvider } from '@tidegate/contract';
import { describeApprovals, durationText, formatDuration, grantLineText, type Role, type Rule } from '@tidegate/core';
import { enginesOf } from './check-roles.ts';
import type { CurrentConfig, CurrentGroup, CurrentResource } from './content.ts';
import { describeWorkload, powerChanges, workloadChanges } from './differences-of-power.ts';

export type Change = ConfigPlan['changes'][number];

export function differences(before: CurrentConfig, after: CurrentConfig): Change[] {
  return [
    ...compare(
      'identity provider',
      before.identityProviders,
      after.identityProviders,
      describeProvider,
      providerChanges,
    ),
    ...compare('group', before.groups, after.groups, describeGroup, groupChanges),
    ...compare('resource', before.resources, after.resources, describeResource, resourceChanges),
    ...compare('role', before.policy.roles, after.policy.roles, describeRole, roleChanges),
    ...compare('rule', before.policy.rules, after.policy.rules, describeRule, ruleChanges),
    ...orderChanges(before.policy.rules, after.policy.rules),
    ...compare('workload', before.workloads, after.workloads, describeWorkload, workloadChanges),
    ...powerChanges(before, after),
    ...(before.policy.timeZone === after.policy.timeZone
      ? []
      : [
          {
            kind: 'change' as const,
            what: 'time zone',
            detail: `${before.policy.timeZone} → ${after.policy.timeZone}`,
          },
        ]),
  ];
}

interface Named {
  readonly name: string;
}

function compare<T extends Named>(
  what: string,
  before: readonly T[],
  after: readonly T[],
  describe: (part: T) => string,
  changesOf: (old: T, part: T) => string[],
): Change[] {
  const old = new Map(before.map((part) => [part.name, part]));
  const kept = new Set(after.map(({ name }) => name));
  const changed = after.flatMap((part): Change[] => {
    const known = old.get(part.name);
    if (known === undefined) return [{ kind: 'add', what: `${what} ${part.name}`, detail: describe(part) }];
    // Of ten thousand parts most are as they were, and word for word: then nothing of them need be looked at.
    if (JSON.stringify(known) === JSON.stringify(part)) return [];
    const details = changesOf(known, part);
    return details.length === 0 ? [] : [{ kind: 'change', what: `${what} ${part.name}`, detail: details.join('; ') }];
  });
  const gone = before
    .filter(({ name }) => !kept.has(name))
    .map((part): Change => ({ kind: 'remove', what: `${what} ${part.name}`, detail: describe(part) }));
  return [...changed, ...gone];
}

const LISTED_MAX = 5;
function list(items: readonly string[]): string {
  const shown = items.slice(0, LISTED_MAX).join(', ');
  return items.length > LISTED_MAX ? `${shown} and ${items.length - LISTED_MAX} more` : shown;
}

const describeProvider = ({ issuer, clientId }: IdentityProvider): string => `${issuer}, client ${clientId}`;

/** What matters most by its value, the rest by its name: nothing of it is a secret, and much of it is long. */
function providerChanges(old: IdentityProvider, provider: IdentityProvider): string[] {
  const rest = (['clientSecret', 'scopes', 'groups', 'appRoles', 'entra', 'graph', 'nameFrom'] as const).filter(
    (key) => !same(old[key], provider[key]),
  );
  const more = (['trustNames', 'scim', 'mfa', 'session'] as const).filter((key) => !same(old[key], provider[key]));
  return [
    ...moved('issuer', old.issuer, provider.issuer),
    ...moved('client', old.clientId, provider.clientId),
    ...[...rest, ...more].map(
      (key) => `${key}: ${comparable(old[key]) || 'none'} → ${comparable(provider[key]) || 'none'}`,
    ),
  ];
}

function describeGroup({ members, fromIdp }: CurrentGroup): string {
  const listed = members.length === 0 ? 'no members in the file' : `members: ${list(members)}`;
  return fromIdp === null ? listed : `${listed}; ${fromIdpText(fromIdp)}`;
}
const fromIdpText = (from: CurrentGroup['fromIdp']): string =>
  from === null ? 'no provider’s' : `those of ${from.provider} in ${from.id}`;

function groupChanges(old: CurrentGroup, group: CurrentGroup): string[] {
  const joined = group.members.filter((person) => !old.members.includes(person));
  const left = old.members.filter((person) => !group.members.includes(person));
  return [
    ...(joined.length > 0 ? [`${list(joined)} joins`] : []),
    ...(left.length > 0 ? [`${list(left)} leaves`] : []),
    ...moved('from identity provider', fromIdpText(old.fromIdp), fromIdpText(group.fromIdp)),
  ];
}

const describeResource = ({ engine, address, databases }: CurrentResource): string =>
  `${engine} at ${address}: ${list(databases)}`;

function resourceChanges(old: CurrentResource, resource: CurrentResource): string[] {
  const labels = (of: CurrentResource) => list(Object.entries(of.labels).map(([name, value]) => `${name}=${value}`));
  return [
    ...moved('engine', old.engine, resource.engine),
    ...moved('address', old.address, resource.address),
    ...moved('databases', list(old.databases), list(resource.databases), old.databases, resource.databases),
    ...moved('labels', labels(old), labels(resource), sorted(old.labels), sorted(resource.labels)),
    ...moved('owners', list(old.owners), list(resource.owners), old.owners, resource.owners),
    ...moved('credential', credentialText(old), credentialText(resource)),
    ...moved('tls', old.tls.mode, resource.tls.mode),
    ...(same({ ...old.tls, mode: '' }, { ...resource.tls, mode: '' }) ? [] : ['tls: authority or server name']),
    ...moved('owner role', old.ownerRole ?? 'made for it', resource.ownerRole ?? 'made for it'),
    ...moved('recorded values', old.record.values, resource.record.values),
    ...moved('sessions per grant', String(old.maxSessionsPerGrant), String(resource.maxSessionsPerGrant)),
    ...moved('local files', allowedText(old.allow.localInfile), allowedText(resource.allow.localInfile)),
    ...moved('saving results', allowedText(old.allow.export), allowedText(resource.allow.export)),
  ];
}

const allowedText = (allowed: boolean): string => (allowed ? 'allowed' : 'refused');

/** Where the password comes from: a name, never what it names. */
function credentialText({ credential: { user, env, file, tokenFile } }: CurrentResource): string {
  if (tokenFile !== undefined) return `${user} by token in ${tokenFile}`;
  if (env !== undefined) return `${user} by variable ${env}`;
  return file === undefined ? `${user} by the store` : `${user} by file ${file}`;
}

const describeRole = (role: Role): string =>
  `${privilegesText(role)}, ${formatDuration(role.defaultDuration)}, at most ${formatDuration(role.maxDuration)}`;

function privilegesText({ privileges }: Role): string {
  if ('level' in privileges) return privileges.level;
  const { grants } = privileges;
  const texts = enginesOf(grants).map(
    (engine) => `${engine}: ${list((grants[engine] ?? []).map((line) => grantLineText(line, engine)))}`,
  );
  return texts.join('; ');
}

const roleChanges = (old: Role, role: Role): string[] => [
  ...moved('privileges', privilegesText(old), privilegesText(role), old.privileges, role.privileges),
  ...moved('default', formatDuration(old.defaultDuration), formatDuration(role.defaultDuration)),
  ...moved('longest', formatDuration(old.maxDuration), formatDuration(role.maxDuration)),
];

function describeRule(rule: Rule): string {
  const who = whoText(rule);
  return `${who}: ${list(rule.roles)} on ${resourcesText(rule)}; ${approvalsText(rule)}`;
}

const ruleChanges = (old: Rule, rule: Rule): string[] => [
  ...moved('resources', resourcesText(old), resourcesText(rule), old.resources, rule.resources),
  ...moved('roles', list(old.roles), list(rule.roles), old.roles, rule.roles),
  ...moved('who', whoText(old), whoText(rule), old.who, rule.who),
  ...moved('when', whenText(old), whenText(rule)),
  ...moved('longest', longestText(old), longestText(rule)),
  ...moved('reason', reasonText(old), reasonText(rule)),
  ...moved('second factor', mfaText(old), mfaText(rule)),
  ...moved('approvals', approvalsText(old), approvalsText(rule), given(old), given(rule)),
  ...moved('saving results', savingText(old), savingText(rule)),
  ...moved('lapses after', formatDuration(old.lapseAfter), formatDuration(rule.lapseAfter)),
];

const given = ({ approvals, autoApprove, breakGlass }: Rule) => [approvals, autoApprove?.source, breakGlass];
const whoText = ({ who }: Rule): string => list([...who.groups, ...who.people, ...who.workloads]) || 'nobody';
const savingText = ({ allow }: Rule): string => (allow.export === null ? 'as the resource' : allowedText(allow.export));
const longestText = ({ maxDuration }: Rule): string =>
  maxDuration === null ? 'as the role' : formatDuration(maxDuration);
const reasonText = ({ reason }: Rule): string =>
  `${reason.required ? 'required' : 'not required'}${reason.ticket === null ? '' : `, ticket ${reason.ticket}`}`;
const mfaText = ({ mfa }: Rule): string =>
  mfa.at.length === 0 ? 'none' : `at ${list(mfa.at)}, within ${formatDuration(mfa.within)}`;
/** What a rule takes: `one of leads, then one of dba`, `at once while …`, `break-glass, told to dba`. */
export function approvalsText({ approvals, autoApprove, breakGlass }: Rule): string {
  if (breakGlass !== null)
    return `break-glass, told to ${list([...breakGlass.notify.groups, ...breakGlass.notify.people])}`;
  const needed = describeApprovals(approvals);
  if (autoApprove === null) return needed;
  return `at once while “${autoApprove.source}”${approvals.length === 0 ? '' : `, otherwise ${needed}`}`;
}
const whenText = ({ when }: Rule): string => (when === null ? 'always' : `“${when.source}”`);

function resourcesText({ resources }: Rule): string {
  if ('all' in resources) return 'all resources';
  const labels = Object.entries(resources.labels).map(([name, value]) => `${name}=${value}`);
  return list([...resources.names, ...labels]) || 'nothing';
}

/** Rules stand in order, the first that matches decides: a rule that changed places may decide something else. */
function orderChanges(before: readonly Rule[], after: readonly Rule[]): Change[] {
  const names = new Set(after.map(({ name }) => name));
  const known = new Set(before.map(({ name }) => name));
  const old = before.map(({ name }) => name).filter((name) => names.has(name));
  const now = after.map(({ name }) => name).filter((name) => known.has(name));
  if (same(old, now)) return [];
  return [{ kind: 'change', what: 'order of the rules', detail: `${list(old)} → ${list(now)}` }];
}

/** Compared by `from` and `to` where given, else by their texts, which may leave something out. */
function moved(what: string, old: string, now: string, from: unknown = old, to: unknown = now): string[] {
  if (same(from, to)) return [];
  return [old === now ? `${what}: ${now}, and more` : `${what}: ${old || 'none'} → ${now || 'none'}`];
}

const same = (a: unknown, b: unknown): boolean => comparable(a) === comparable(b);
const comparable = (value: unknown): string =>
  JSON.stringify(value, (_, part) => (part instanceof Temporal.Duration ? durationText(part) : part)) ?? '';
const sorted = (labels: Readonly<Record<string, string>>) =>
  Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
