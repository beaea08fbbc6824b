/** Who gains or loses the chance to get what: the two policies asked the same questions, and the answers compared. */
import {
  findRole,
  formatDuration,
  type GroupName,
  matchRule,
  type Person,
  type PersonName,
  personOf,
  shorter,
} from '@tidegate/core';
import type { CurrentConfig } from './content.ts';
import { approvalsText, type Change } from './differences.ts';
import type { Known } from './draft.ts';
import { Membership } from './membership.ts';

/** Rules looked at, in both policies together. Beyond that the question stays open, and the plan says so. */
const LOOKS_MAX = 400_000;

/** null: there are too many people, resources and rules to ask about each. */
export function gains(before: CurrentConfig, after: CurrentConfig, known: Known): Change[] | null {
  const subjects = [...new Set([...subjectsOf(before), ...subjectsOf(after)])];
  const resources = [...new Set([...before.resources, ...after.resources].map(({ name }) => name))];
  const roles = [...new Set([...before.policy.roles, ...after.policy.roles].map(({ name }) => name))];
  const rules = before.policy.rules.length + after.policy.rules.length;
  if (subjects.length * resources.length * roles.length * rules > LOOKS_MAX) return null;

  const asks = [before, after].map((config) => answers(config, known));
  return subjects.flatMap((subject) => {
    // One line for all that changes in the same way.
    const alike = new Map<string, { readonly what: string[]; readonly kind: Change['kind'] }>();
    for (const resource of resources) {
      for (const role of roles) {
        const [old, now] = asks.map((answer) => answer(subject, resource, role));
        if (old === undefined || now === undefined || old === now) continue;
        const kind = old === '' ? 'add' : now === '' ? 'remove' : 'change';
        const how = kind === 'add' ? now : kind === 'remove' ? 'no longer' : `${old} → ${now}`;
        const group = alike.get(how) ?? { what: [], kind };
        group.what.push(`${role} on ${resource}`);
        alike.set(how, group);
      }
    }
    return [...alike].map(([how, { what, kind }]): Change => {
      const more = what.length > 5 ? ` and ${what.length - 5} more` : '';
      return { kind, what: `${nameOf(subject)} and ${what.slice(0, 5).join(', ')}${more}`, detail: how };
    });
  });
}

/** `group:engineers`, `person:alice`. */
type Subject = `${'group' | 'person'}:${string}`;

const nameOf = (subject: Subject): string => subject.slice(subject.indexOf(':') + 1);

function subjectsOf({ policy }: CurrentConfig): Subject[] {
  return policy.rules.flatMap(({ who }) => [
    ...who.groups.map((group): Subject => `group:${group}`),
    ...who.people.map((person): Subject => `person:${person}`),
  ]);
}

/** What a subject would need for a role on a resource under `config`; empty: it cannot be asked for. */
function answers(config: CurrentConfig, known: Known) {
  const membership = new Membership(config.groups, known);
  const resources = new Map(config.resources.map((resource) => [resource.name, resource]));
  return (subject: Subject, resourceName: CurrentConfig['resources'][number]['name'], roleName: string): string => {
    const resource = resources.get(resourceName);
    const role = config.policy.roles.find(({ name }) => name === roleName);
    if (resource === undefined || role === undefined || findRole(config.policy, role.name) === null) return '';
    const { rule } = matchRule(config.policy, toPerson(subject, membership), resource, role.name);
    if (rule === null) return '';
    const longest = rule.maxDuration === null ? role.maxDuration : shorter(role.maxDuration, rule.maxDuration);
    const mfa = rule.mfa.at.length === 0 ? '' : `, second factor at ${rule.mfa.at.join(' and ')}`;
    return `${approvalsText(rule)}${mfa}, at most ${formatDuration(longest)}`;
  };
}

function toPerson(subject: Subject, membership: Membership): Person {
  if (subject.startsWith('group:')) return personOf('' as PersonName, [nameOf(subject) as GroupName]);
  const name = nameOf(subject) as PersonName;
  return personOf(name, membership.groupsOf(name));
}
