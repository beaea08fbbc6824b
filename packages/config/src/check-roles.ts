/** Roles: durations that fit together, and grant lines that say what may be given, and nothing else. */
import { compareDurations, type Engine, isProblem, parseGrantLine } from '@tidegate/core';
import { duration } from './check-resources.ts';
import type { Draft, Findings } from './draft.ts';
import type { ConfigPath } from './errors.ts';

type Role = Draft['roles'][number]['value'];

export function checkRoles(draft: Draft, findings: Findings): void {
  for (const { path, value } of draft.roles) {
    checkDurations(value, path, findings);
    if ('grants' in value) checkLines(value, path, findings);
  }
}

function checkDurations(role: Role, path: ConfigPath, findings: Findings): void {
  const standard = duration(role.duration.default, [...path, 'duration', 'default'], findings);
  const longest = duration(role.duration.max, [...path, 'duration', 'max'], findings);
  if (standard !== null && longest !== null && compareDurations(standard, longest) > 0) {
    findings.error([...path, 'duration', 'default'], `The default is longer than the longest, ${role.duration.max}.`);
  }
}

function checkLines({ name, grants }: Extract<Role, { grants: object }>, path: ConfigPath, findings: Findings): void {
  const engines = enginesOf(grants);
  if (engines.length === 0) findings.error([...path, 'grants'], `The role “${name}” gives nothing: name an engine.`);
  for (const engine of engines) {
    for (const [index, text] of (grants[engine] ?? []).entries()) {
      const line = parseGrantLine(text, engine);
      if (isProblem(line)) findings.error([...path, 'grants', engine, index], line.message, line.at);
    }
  }
}

const ENGINE_KEYS: readonly Engine[] = ['postgres', 'mysql', 'sqlserver'];

/** The engines that a role has lines for. */
export const enginesOf = (grants: Readonly<Partial<Record<Engine, unknown>>>): Engine[] =>
  ENGINE_KEYS.filter((engine) => grants[engine] !== undefined);
