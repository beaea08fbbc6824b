/**
 * Roles that list what they give, held against the databases themselves before they are in force (issue 4: checked
 * against the real database at plan time). The control plane touches none of them: their gateways look.
 */
import { type CurrentConfig, type CurrentResource, enginesOf, type Told } from '@tidegate/config';
import { LOOK_LINES_MAX, type LookAnswer } from '@tidegate/contract';
import { ENGINES, fitsResource, type GrantLine, type Role } from '@tidegate/core';
import type { Look } from '../link/looks.ts';

/** A line, and where it stands: roles and lines by their index. */
interface PlacedLine {
  readonly role: Role;
  readonly path: readonly (string | number)[];
  readonly line: GrantLine;
}

/** Tells what is missing as errors, and the rest as warnings, where each stands in the text. */
export async function lookAtLines(look: Look, before: CurrentConfig, after: CurrentConfig, told: Told): Promise<void> {
  for (const role of after.policy.roles) warnOfNothing(role, after, told);
  if (after.policy.roles.every(({ privileges }) => 'level' in privileges)) return;
  const inForce = new Map(before.resources.map((resource) => [resource.name, resource]));
  await Promise.all(
    after.resources.map(async (resource) => {
      const lines = linesOn(resource, after);
      if (lines.length === 0) return;
      if (!isAsBefore(resource, inForce.get(resource.name))) {
        warn(
          told,
          lines,
          `could not be checked on ${resource.name}: it is new or moved; plan again when it is in force.`,
        );
        return;
      }
      for (let at = 0; at < lines.length; at += LOOK_LINES_MAX) {
        const some = lines.slice(at, at + LOOK_LINES_MAX);
        const answer = await look(resource.name, { kind: 'lines', lines: some.map(({ line }) => line) });
        tell(told, resource, some, answer);
      }
    }),
  );
}

/** Lines that some rule lets somebody have on the resource. */
function linesOn(resource: CurrentResource, { policy }: CurrentConfig): PlacedLine[] {
  return policy.roles.flatMap((role, index) => {
    const { privileges } = role;
    if ('level' in privileges) return [];
    if (!policy.rules.some((rule) => rule.roles.includes(role.name) && fitsResource(rule, resource))) return [];
    const lines = privileges.grants[resource.engine] ?? [];
    return lines.map((line, at) => ({ role, path: ['roles', index, 'grants', resource.engine, at], line }));
  });
}

/** A gateway knows a resource as it is in force, and looks at nothing else: a plan must not make it dial new addresses. */
function isAsBefore(resource: CurrentResource, old: CurrentResource | undefined): boolean {
  if (old === undefined || old.engine !== resource.engine || old.address !== resource.address) return false;
  return resource.databases.every((database) => old.databases.includes(database));
}

function tell(told: Told, resource: CurrentResource, lines: readonly PlacedLine[], answer: LookAnswer): void {
  if (answer.kind === 'lines') {
    for (const { line, kind, message } of answer.notes) {
      const path = lines[line]?.path ?? ['roles'];
      if (kind === 'missing') told.error(path, `On ${resource.name}: ${message}`);
      else told.warn(path, `On ${resource.name}: ${message}`);
    }
    return;
  }
  const why = answer.kind === 'failed' ? answer.message : 'its gateway answered strangely.';
  warn(told, lines, `could not be checked on ${resource.name}: ${why}`);
}

/** Once for each role, not for each line. */
function warn(told: Told, lines: readonly PlacedLine[], what: string): void {
  for (const { role, path } of new Map(lines.map((each) => [each.role.name, each])).values()) {
    told.warn(path.slice(0, 2), `The role “${role.name}” ${what}`);
  }
}

/** A rule that gives a role where the role has nothing to give: by name it is an error, by label it may be meant. */
function warnOfNothing(role: Role, { policy, resources }: CurrentConfig, told: Told): void {
  const { privileges, name } = role;
  if ('level' in privileges) return;
  const engines = enginesOf(privileges.grants);
  for (const [index, rule] of policy.rules.entries()) {
    if (!rule.roles.includes(name)) continue;
    const without = resources.filter((resource) => fitsResource(rule, resource) && !engines.includes(resource.engine));
    const [first] = without;
    if (first === undefined) continue;
    const message = `The role “${name}” gives nothing on ${ENGINES[first.engine].label}, and ${first.name} is one.`;
    const path = ['policies', index, 'roles', rule.roles.indexOf(name)];
    if ('names' in rule.resources && rule.resources.names.includes(first.name)) told.error(path, message);
    else told.warn(path, message);
  }
}
