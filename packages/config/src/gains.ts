/** Who gains or loses the chance to get what: the two policies asked the same questions, and the answers compared. */
import {
  durationLimits,
  findRole,
  fitsResource,
  formatDuration,
  type GroupName,
  matchRule,
  type Person,
  type PersonName,
  type Policy,
  personOf,
  type Resource,
  type ResourceName,
  type RoleName,
  type Rule,
  SUPPOSED,
} from '@tidegate/core';
import { resourceClasses } from './classes.ts';
import type { CurrentConfig } from './content.ts';
import { approvalsText, type Change } from './differences.ts';
import type { Known } from './draft.ts';
import { Membership } from './membership.ts';
import { RulesFor } from './rules-for.ts';

/** Questions asked of both policies together. Beyond that the answer stays open, and the plan says so. */
const QUESTIONS_MAX = 30_000_000;

/** null: there are too many people, resources and rules to ask about each. */
export function gains(before: CurrentConfig, after: CurrentConfig, known: Known): Change[] | null {
  const subjects = [...new Set([...subjectsOf(before), ...subjectsOf(after)])];
  const kinds = classesOf(before, after);
  const roles = [...new Set([...before.policy.roles, ...after.policy.roles].map(({ name }) => name))];
  if (subjects.length * kinds.length * roles.length > QUESTIONS_MAX) return null;

  const oldAnswers = answers(before, kinds, (kind) => kind.before, known);
  const newAnswers = answers(after, kinds, (kind) => kind.after, known);
  return subjects.flatMap((subject) => {
    const [old, now] = [oldAnswers(subject), newAnswers(subject)];
    // In the kinds' own order, and none that no rule of the subject's speaks of.
    const concerned = [...new Set([...old.kinds, ...now.kinds])].sort((a, b) => a - b);
    return changesOf(
      subject,
      concerned.flatMap((index) => kinds[index] ?? []),
      roles,
      old,
      now,
    );
  });
}

/** A kind of resource before and after; one that is not there then has no example of it. */
interface Kind {
  readonly names: readonly ResourceName[];
  readonly before: Resource | undefined;
  readonly after: Resource | undefined;
}

/** Resources that neither policy can tell apart, and that changed alike. */
function classesOf(before: CurrentConfig, after: CurrentConfig): Kind[] {
  const policies = [before.policy, after.policy];
  const indexed = [before, after].map(({ resources }) => {
    const byName = new Map<ResourceName, { readonly example: Resource; readonly at: number }>();
    for (const [at, { example, members }] of resourceClasses(policies, resources).entries()) {
      for (const { name } of members) byName.set(name, { example, at });
    }
    return byName;
  });
  const [old, now] = indexed;
  const kinds = new Map<string, { names: ResourceName[]; before: Resource | undefined; after: Resource | undefined }>();
  for (const name of new Set([...(old?.keys() ?? []), ...(now?.keys() ?? [])])) {
    const was = old?.get(name);
    const is = now?.get(name);
    const key = `${was?.at ?? '-'} ${is?.at ?? '-'}`;
    const kind = kinds.get(key) ?? { names: [], before: was?.example, after: is?.example };
    kind.names.push(name);
    kinds.set(key, kind);
  }
  return [...kinds.values()];
}

function changesOf(
  subject: Subject,
  kinds: readonly Kind[],
  roles: readonly RoleName[],
  old: Answer,
  now: Answer,
): Change[] {
  // One line for all that changes in the same way.
  const alike = new Map<string, { readonly what: string[]; readonly kind: Change['kind'] }>();
  for (const { names, before, after } of kinds) {
    for (const role of roles) {
      const was = before === undefined ? '' : old.of(before, role);
      const is = after === undefined ? '' : now.of(after, role);
      if (was === is) continue;
      const kind = was === '' ? 'add' : is === '' ? 'remove' : 'change';
      const how = kind === 'add' ? is : kind === 'remove' ? 'no longer' : `${was} → ${is}`;
      const group = alike.get(how) ?? { what: [], kind };
      group.what.push(...names.map((name) => `${role} on ${name}`));
      alike.set(how, group);
    }
  }
  return [...alike].map(([how, { what, kind }]): Change => {
    const more = what.length > 5 ? ` and ${what.length - 5} more` : '';
    return { kind, what: `${nameOf(subject)} and ${what.slice(0, 5).join(', ')}${more}`, detail: how };
  });
}

/** `group:engineers`, `person:alice`, `workload:deploy`. */
type Subject = `${'group' | 'person' | 'workload'}:${string}`;

const nameOf = (subject: Subject): string => subject.slice(subject.indexOf(':') + 1);

function subjectsOf({ policy }: CurrentConfig): Subject[] {
  return policy.rules.flatMap(({ who }) => [
    ...who.groups.map((group): Subject => `group:${group}`),
    ...who.people.map((person): Subject => `person:${person}`),
    ...who.workloads.map((workload): Subject => `workload:${workload}`),
  ]);
}

/** What a subject would need for a role on a resource; empty: it cannot be asked for. */
interface Answer {
  /** Indices of those that a rule of the subject's speaks of: of the others there is nothing to ask. */
  readonly kinds: readonly number[];
  readonly of: (resource: Resource, role: RoleName) => string;
}
const NOTHING: Answer = { kinds: [], of: () => '' };

/** Conditions are supposed to hold: what counts is the chance, and the answer names the condition. */
function answers(
  { policy, groups }: CurrentConfig,
  kinds: readonly Kind[],
  exampleOf: (kind: Kind) => Resource | undefined,
  known: Known,
): (subject: Subject) => Answer {
  const membership = new Membership(groups, known);
  const rulesFor = new RulesFor(policy.rules);
  // Worked out once for each rule, though many subjects share it.
  const fitting = new Map<Rule, readonly number[]>();
  const kindsOf = (rule: Rule): readonly number[] => {
    const known = fitting.get(rule);
    if (known !== undefined) return known;
    const found = kinds.flatMap((kind, index) => {
      const example = exampleOf(kind);
      return example !== undefined && fitsResource(rule, example) ? [index] : [];
    });
    fitting.set(rule, found);
    return found;
  };
  return (subject) => {
    const person = toPerson(subject, membership);
    const rules = rulesFor.of(person);
    if (rules.length === 0) return NOTHING;
    const own: Policy = { ...policy, rules };
    return {
      kinds: rules.flatMap(kindsOf),
      of: (resource, role) =>
        [false, true]
          .map((breakGlass) => answer(own, { person, resource, role, breakGlass }))
          .filter((text) => text !== '')
          .join('; or '),
    };
  };
}

function answer(policy: Policy, asking: Parameters<typeof matchRule>[1]): string {
  const role = findRole(policy, asking.role);
  const found = matchRule(policy, asking, SUPPOSED);
  if (role === null || found.kind !== 'rule') return '';
  const { rule } = found;
  const { maxDuration } = durationLimits(role, rule);
  const when = rule.when === null ? '' : ` when “${rule.when.source}”`;
  const mfa = rule.mfa.at.length === 0 ? '' : `, second factor at ${rule.mfa.at.join(' and ')}`;
  const { export: saving } = rule.allow;
  const may = saving === null ? '' : `, results ${saving ? 'may' : 'may not'} be saved`;
  return `${approvalsText(rule)}${when}${mfa}, at most ${formatDuration(maxDuration)}${may}`;
}

function toPerson(subject: Subject, membership: Membership): Person {
  if (subject.startsWith('group:')) return personOf('' as PersonName, [nameOf(subject) as GroupName]);
  const name = nameOf(subject) as PersonName;
  const kind = subject.startsWith('workload:') ? 'workload' : 'person';
  return { ...personOf(name, membership.groupsOf(name)), kind };
}
