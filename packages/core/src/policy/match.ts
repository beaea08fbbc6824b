/**
 * Which rule speaks for an ask: the first that matches on who, resource, role and condition. Everything written in a
 * rule has to hold; a part that is left empty matches nobody and nothing, so that a rule half written gives nothing
 * away. Rules for break-glass answer only to who asks for it as such, and others only to who does not.
 */
import type { ResourceName, RoleName } from '../ids.ts';
import type { Chosen, Person, Policy, Resource, Rule } from '../model.ts';
import { allOf, anyOf, quoted } from '../words.ts';
import type { Checked, Condition, Part } from './condition.ts';

/** Who asks for what. */
export interface Asking {
  readonly person: Person;
  readonly resource: Resource;
  readonly role: RoleName;
  readonly breakGlass: boolean;
}

/** How conditions are answered: by the circumstances of an ask, or supposed to hold where nobody asks yet. */
export type Conditions = (condition: Condition) => Checked;
export const SUPPOSED: Conditions = () => ({ holds: true });

/** `broken`: a condition of the first rule that could match cannot be worked out, which denies. `none`: so does that. */
export type Match =
  | { readonly kind: 'rule'; readonly rule: Rule }
  | { readonly kind: 'broken'; readonly rule: Rule; readonly condition: Condition; readonly error: string }
  | { readonly kind: 'none' };

/** Finds the rule that decides. It alone decides: what it refuses, no later rule allows. */
export function matchRule(policy: Policy, asking: Asking, conditions: Conditions): Match {
  for (const rule of policy.rules) {
    if (!speaksFor(rule, asking)) continue;
    let matches = true;
    // After one that does not hold the next is not looked at: `when` can guard what `autoApprove` reads.
    for (const condition of conditionsOf(rule)) {
      const checked = conditions(condition);
      if ('error' in checked) return { kind: 'broken', rule, condition, error: checked.error };
      matches = checked.holds;
      if (!matches) break;
    }
    if (matches) return { kind: 'rule', rule };
  }
  return { kind: 'none' };
}

/**
 * What must hold for a rule to match. A rule that gives access at once under a condition, and asks for no approvals
 * otherwise, has nothing to give while that condition does not hold: a later rule may.
 */
export function conditionsOf({ when, autoApprove, approvals }: Rule): Condition[] {
  return [when, approvals.length === 0 ? autoApprove : null].filter((condition) => condition !== null);
}

/** Is the rule for this person, resource and role, its conditions aside? Cheap: asked of every rule. */
export function speaksFor(rule: Rule, { person, resource, role, breakGlass }: Asking): boolean {
  return (
    (rule.breakGlass !== null) === breakGlass &&
    rule.roles.includes(role) &&
    fitsResource(rule, resource) &&
    isFor(rule.who, person)
  );
}

/** Named as a person, or a member of one of the groups. */
export function isAmong(chosen: Chosen, person: Person): boolean {
  return (
    (person.kind === 'person' && chosen.people.includes(person.name)) ||
    person.groups.some((group) => chosen.groups.includes(group))
  );
}

/** Does the rule speak for this person? */
export function isFor(who: Rule['who'], person: Person): boolean {
  return isAmong(who, person) || (person.kind === 'workload' && who.workloads.includes(person.name));
}

/** Does the rule speak of this resource? */
export function fitsResource({ resources: wanted }: Pick<Rule, 'resources'>, resource: Resource): boolean {
  if ('all' in wanted) return true;
  if (wanted.names.length > 0 && !wanted.names.includes(resource.name)) return false;
  let labelled = false;
  // Asked of every rule for every resource: no list is made of what is only looked at.
  for (const label in wanted.labels) {
    if (labelOf(resource, label) !== wanted.labels[label]) return false;
    labelled = true;
  }
  return labelled || wanted.names.length > 0;
}

/** `Object.hasOwn`: a label called `constructor` must not be found on every object. */
function labelOf({ labels }: Resource, label: string): string | undefined {
  return Object.hasOwn(labels, label) ? labels[label] : undefined;
}

/** One rule that was looked at, in the policy's order, and what kept it from matching (empty: it matched). */
export interface Considered {
  readonly rule: string;
  readonly matched: boolean;
  /** In people's words. */
  readonly because: readonly string[];
  /** Its conditions, part by part; only where the rest of the rule matches. */
  readonly conditions: readonly Part[];
}

/** Every rule up to and including the one that decides, with what did not match. For explanations: it makes sentences. */
export function considerRules(
  policy: Policy,
  asking: Asking,
  explain: (condition: Condition) => readonly Part[],
): readonly Considered[] {
  const considered: Considered[] = [];
  for (const rule of policy.rules) {
    const because = mismatches(rule, asking);
    const explained = because.length > 0 ? [] : conditionsOf(rule).map(explain);
    const conditions = explained.flat();
    const unmet = conditions.filter(({ result }) => !('holds' in result && result.holds));
    const matched = because.length === 0 && decides(explained);
    considered.push({ rule: rule.name, matched, because: [...because, ...unmet.map(describePart)], conditions });
    if (matched) break;
  }
  return considered;
}

/** As `matchRule` has it: the first condition that is not met decides, by being false (no match) or by failing (denied). */
function decides(conditions: readonly (readonly Part[])[]): boolean {
  for (const parts of conditions) {
    // Of `a && b` one that is false makes the whole false, also where the other fails.
    if (parts.some(({ result }) => 'holds' in result && !result.holds)) return false;
    if (parts.some(({ result }) => 'error' in result)) return true;
  }
  return true;
}

export function describePart({ text, result, values }: Part): string {
  const why = values.length === 0 ? '' : `: ${allOf(values)}`;
  return 'error' in result
    ? `${quoted(text)} can't be worked out: ${result.error}`
    : `${quoted(text)} does not hold${why}`;
}

/** Why `rule` does not speak for this ask, one sentence a reason; empty: it does, its conditions aside. */
export function mismatches(rule: Rule, { person, resource, role, breakGlass }: Asking): string[] {
  const because: string[] = [];
  if ((rule.breakGlass !== null) !== breakGlass) {
    because.push(breakGlass ? 'it is not for break-glass' : 'it is for break-glass, which has to be asked for as such');
  }
  if (!isFor(rule.who, person)) because.push(`${person.name} is not ${inWords(rule).who}`);
  if (!fitsResource(rule, resource)) because.push(...resourceMismatches(rule.resources, resource));
  if (!rule.roles.includes(role)) {
    because.push(rule.roles.length === 0 ? 'it names no role' : `it is for ${inWords(rule).roles}, not ${role}`);
  }
  return because;
}

interface InWords {
  readonly who: string;
  readonly roles: string;
}
/** A rule's own words are the same for everybody who asks, and each explanation goes through all the rules. */
const wordsOf = new WeakMap<Rule, InWords>();

function inWords(rule: Rule): InWords {
  const known = wordsOf.get(rule);
  if (known !== undefined) return known;
  const words = { who: describeWho(rule.who), roles: anyOf(rule.roles) };
  wordsOf.set(rule, words);
  return words;
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
    const actual = labelOf(resource, label);
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
  const named = [...who.people, ...who.workloads];
  const people = named.length === 0 ? [] : [anyOf(named)];
  return groups.length + people.length === 0 ? 'named: it names nobody' : anyOf([...groups, ...people]);
}

/** What made `person` match, for the explanation: `alice is in engineers`. */
export function describeMembership(who: Rule['who'], person: Person): string {
  const groups = person.groups.filter((group) => who.groups.includes(group));
  return groups.length > 0 ? `${person.name} is in ${allOf(groups)}` : `${person.name} is named in it`;
}
