/** What a configuration says differently of workloads, and of who has power over Tidegate itself. */
import type { CurrentConfig, CurrentPermission, CurrentWorkload } from './content.ts';
import type { Change } from './differences.ts';

const signsInBy = ({ trust, certificates }: CurrentWorkload): string =>
  [
    ...trust.map(({ issuer, subject, audience }) => `${subject} of ${issuer} for ${audience}`),
    ...certificates.map((each) => ('sha256' in each ? `certificate ${each.sha256}` : `certificate ${each.subject}`)),
  ].join(', ') || 'API keys alone';

export const describeWorkload = (workload: CurrentWorkload): string =>
  `run by ${workload.runBy.join(', ')}; signs in by ${signsInBy(workload)}`;

export function workloadChanges(old: CurrentWorkload, now: CurrentWorkload): string[] {
  const told: [what: string, of: (workload: CurrentWorkload) => string][] = [
    ['run by', ({ runBy }) => runBy.join(', ')],
    ['groups', ({ groups }) => groups.join(', ') || 'none'],
    ['signs in by', signsInBy],
  ];
  return told.flatMap(([what, of]) => (of(old) === of(now) ? [] : [`${what}: ${of(old)} → ${of(now)}`]));
}

/** Permissions have no names: each is what it says. */
export function powerChanges(before: CurrentConfig, after: CurrentConfig): Change[] {
  const [old, now] = [before, after].map(
    (config) => new Set([...config.permissions.map(inWords), ...keyMakers(config)]),
  );
  return [
    ...[...(now ?? [])].filter((each) => !old?.has(each)).map((each) => change('add', each)),
    ...[...(old ?? [])].filter((each) => !now?.has(each)).map((each) => change('remove', each)),
  ];
}

const change = (kind: Change['kind'], detail: string): Change => ({ kind, what: 'permission', detail });

function inWords({ role, to, resources }: CurrentPermission): string {
  const who = [...to.groups, ...to.people].join(', ');
  if (resources === undefined) return `${who}: ${role} of everything`;
  const labels = Object.entries(resources.labels).map(([name, value]) => `${name}=${value}`);
  return `${who}: ${role} of ${[...resources.names, ...labels].join(', ')}`;
}

const keyMakers = ({ apiKeys: { self } }: CurrentConfig): string[] =>
  [...self.groups, ...self.people].map((who) => `${who}: makes API keys for themselves`);
