/**
 * Which rule speaks for an ask: the first that matches on who, resource and role. Everything written in a rule has to
 * hold; a part that is left empty matches nobody and nothing, so that a rule half written gives nothing away.
 */
import type { ResourceName, RoleName } from '../ids.ts';
import type { Person, Policy, Resource, Rule } from '../model.ts';
import { allOf, anyOf, quoted } from '../words.ts';

/** One rule that was looked at, in the policy's order, and what kept it from matching (empty: it matched). */
export interface Considered {
  readonly rule: string;
  readonly matched: boolean;
  /** In people's words. */
  readonly because: readonly string[];
}

export interface Match {
  /** null: no rule matches, which denies. */
  readonly rule: Rule | null;
  /** Every rule up to and including the one that matched. */
  readonly considered: readonly Considered[];
}

/** Finds the rule that decides. It alone decides: what it refuses, no later rule allows. */
export function matchRule(policy: Policy, person: Person, resource: Resource, role: RoleName): Match {
  const considered: Considered[] = [];
  for (const rule of policy.rules) {
    const because = mismatches(rule, person, resource, role);
    const matched = because.length === 0;
    considered.push(Object.freeze({ rule: rule.name, matched, because: Object.freeze(because) }));
    if (matched) return Object.freeze({ rule, considered: Object.freeze(considered) });
  }
  return Object.freeze({ rule: null, considered: Object.freeze(considered) });
}

/** Why `rule` does not speak for this ask, one sentence a reason; empty: it does. */
export function mismatches(rule: Rule, person: Person, resource: Resource, role: RoleName): string[] {
  const because: string[] = [];
  if (!isAmong(rule.who, person)) {
    because.push(`${person.name} is not ${describeWho(rule.who)}`);
  }
  because.push(...resourceMismatches(rule.resources, resource));
  if (!rule.roles.includes(role)) {
    because.push(rule.roles.length === 0 ? 'it names no role' : `it is for ${anyOf(rule.roles)}, not ${role}`);
  }
  return because;
}

/** Named, or a member of one of the groups. */
export function isAmong(who: Rule['who'], person: Person): boolean {
  return who.people.includes(person.name) || person.groups.some((group) => who.groups.includes(group));
}

function resourceMismatches(wanted: Rule['resources'], resource: Resource): string[] {
  if ('all' in wanted) return [];
  const labels = Object.entries(wanted.labels);
  if (wanted.names.length === 0 && labels.length === 0) return ['it names no resource'];
  const because: string[] = [];
  if (wanted.names.length > 0 && !wanted.names.includes(resource.name)) {
    because.push(`it is for ${anyOfResources(wanted.names)}, not ${resource.name}`);
  }
  for (const [label, value] of labels) {
    // `Object.hasOwn`: a label called `constructor` must not be found on every object.
    const actual = Object.hasOwn(resource.labels, label) ? resource.labels[label] : undefined;
    if (actual === value) continue;
    because.push(
      actual === undefined
        ? `${resource.name} has no label ${quoted(label)}, and it asks for ${quoted(value)}`
        : `${resource.name} has ${quoted(actual)} as its label ${quoted(label)}, and it asks for ${quoted(value)}`,
    );
  }
  return because;
}

function anyOfResources(names: readonly ResourceName[]): string {
  return names.length > 5 ? `${names.length} other resources` : anyOf(names);
}

function describeWho(who: Rule['who']): string {
  const groups = who.groups.length === 0 ? [] : [`in ${anyOf(who.groups)}`];
  const people = who.people.length === 0 ? [] : [anyOf(who.people)];
  return groups.length + people.length === 0 ? 'named: it names nobody' : anyOf([...groups, ...people]);
}

/** What made `person` match, for the explanation: `alice is in engineers`. */
export function describeMembership(who: Rule['who'], person: Person): string {
  const groups = person.groups.filter((group) => who.groups.includes(group));
  return groups.length > 0 ? `${person.name} is in ${allOf(groups)}` : `${person.name} is named in it`;
}
