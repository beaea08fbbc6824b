/** Names: each declared once, and every one that is referred to declared. */
import { suggestion } from '@tidegate/contract';
import { approvalsOf } from './check-rules.ts';
import type { Draft, Findings, Known } from './draft.ts';
import type { ConfigPath } from './errors.ts';
import { ADMINISTRATORS, AUDITORS } from './groups.ts';

export function checkNames(draft: Draft, known: Known, findings: Findings): void {
  const kinds = [
    ['identity provider', draft.providers],
    ['group', draft.groups],
    ['resource', draft.resources],
    ['role', draft.roles],
    ['rule', draft.rules],
  ] as const;
  for (const [kind, parts] of kinds) {
    const seen = new Set<string>();
    for (const { path, value } of parts) {
      if (seen.has(value.name)) {
        findings.error([...path, 'name'], `There is a ${kind} “${value.name}” already, further up.`);
      }
      seen.add(value.name);
    }
  }
  checkReferences(draft, known, findings);
}

/** What may have been meant is looked for so many times: among five thousand groups it takes a while each time. */
const SUGGESTIONS_MAX = 100;

function suggestions(names: ReadonlySet<string>): (name: string) => string {
  const found = new Map<string, string>();
  return (name) => {
    const known = found.get(name);
    if (known !== undefined || found.size >= SUGGESTIONS_MAX) return known ?? '';
    const meant = suggestion(name, [...names]);
    found.set(name, meant);
    return meant;
  };
}

/** A misspelt group would silently let nobody in, or nobody approve. */
function checkReferences(draft: Draft, known: Known, findings: Findings): void {
  const groups = new Set([...draft.names.groups, ...known.members.keys(), ADMINISTRATORS, AUDITORS]);
  const refer = (kind: string, names: ReadonlySet<string>) => {
    const meant = suggestions(names);
    return (path: ConfigPath, referred: readonly string[]): void => {
      for (const [index, name] of referred.entries()) {
        if (names.has(name)) continue;
        findings.error([...path, index], `There is no ${kind} “${name}”.${meant(name)}`);
      }
    };
  };
  const toGroups = refer('group', groups);
  const toResources = refer('resource', draft.names.resources);
  const toRoles = refer('role', draft.names.roles);

  for (const { path, value } of draft.resources) toGroups([...path, 'owners'], value.owners);
  for (const { path, value } of draft.rules) {
    toRoles([...path, 'roles'], value.roles);
    toGroups([...path, 'who', 'groups'], value.who.groups);
    if ('names' in value.resources) toResources([...path, 'resources', 'names'], value.resources.names);
    for (const { path: place, value: approval } of approvalsOf(value, path)) {
      toGroups([...place, 'from', 'groups'], approval.from.groups);
      if (approval.escalate !== undefined)
        toGroups([...place, 'escalate', 'to', 'groups'], approval.escalate.to.groups);
    }
    if (value.breakGlass !== undefined) {
      toGroups([...path, 'breakGlass', 'notify', 'groups'], value.breakGlass.notify.groups);
    }
  }
  for (const { path, value } of draft.groups) {
    const local = known.members.get(value.name)?.size ?? 0;
    if (value.fromIdp !== undefined) continue;
    if (value.members.length + local === 0) findings.warn([...path, 'name'], `Nobody is in the group “${value.name}”.`);
  }
}
