/** Rules: patterns and durations that hold, approvals that somebody can give, rules that can ever decide. */
import type { ConfigApproval } from '@tidegate/contract';
import {
  type ApprovalStep,
  type AskedStep,
  type Conditions,
  compileCondition,
  conditionsOf,
  couldBeApproved,
  fitsResource,
  isConditionProblem,
  matchRule,
  type Person,
  type PersonName,
  type Policy,
  personOf,
  type Resource,
  type Rule,
  speaksFor,
  stepsFor,
  ticketPatternProblem,
} from '@tidegate/core';
import { duration } from './check-resources.ts';
import { type ResourceClass, resourceClasses } from './classes.ts';
import type { CurrentConfig } from './content.ts';
import type { Draft, Findings, Placed } from './draft.ts';
import type { ConfigPath } from './errors.ts';
import type { Membership } from './membership.ts';
import { RulesFor } from './rules-for.ts';

export function checkRules(draft: Draft, findings: Findings): void {
  for (const { path, value } of draft.rules) {
    const { duration: lasts, mfa, breakGlass, lapseAfter } = value;
    if (lasts !== undefined) duration(lasts.max, [...path, 'duration', 'max'], findings);
    if (mfa !== undefined) duration(mfa.within, [...path, 'mfa', 'within'], findings);
    if (breakGlass !== undefined) duration(breakGlass.reviewWithin, [...path, 'breakGlass', 'reviewWithin'], findings);
    duration(lapseAfter, [...path, 'lapseAfter'], findings);
    for (const { path: place, value: approval } of approvalsOf(value, path)) {
      if (approval.escalate !== undefined) duration(approval.escalate.after, [...place, 'escalate', 'after'], findings);
    }
    checkCondition(value.when, [...path, 'when'], findings);
    checkCondition(value.autoApprove, [...path, 'autoApprove'], findings);
    const { ticket } = value.reason;
    const problem = ticket === undefined ? null : ticketPatternProblem(ticket);
    if (problem !== null) findings.error([...path, 'reason', 'ticket'], `This is no pattern for tickets: ${problem}.`);
  }
}

function checkCondition(source: string | undefined, path: ConfigPath, findings: Findings): void {
  if (source === undefined) return;
  const compiled = compileCondition(source);
  if (!isConditionProblem(compiled)) return;
  const place = compiled.start === 0 ? '' : ` (at “${source.slice(compiled.start, compiled.start + 20)}”)`;
  findings.error(path, `This is no condition: ${compiled.message}${place}.`);
}

/** Each approval a rule asks for, and where it stands. */
export function approvalsOf(
  { approvals }: Draft['rules'][number]['value'],
  path: ConfigPath,
): Placed<ConfigApproval>[] {
  return (approvals ?? []).flatMap((stage, index) => {
    const place = [...path, 'approvals', index];
    if (!('parallel' in stage)) return [{ path: place, value: stage }];
    return stage.parallel.map((approval, each) => ({ path: [...place, 'parallel', each], value: approval }));
  });
}

/** An empty name is nobody's: whoever asks is somebody else than those who could approve. */
const ANYBODY = '' as PersonName;
/** Stands for whoever manages the requester: who that is, a configuration does not know. */
const MANAGER = '(manager)' as PersonName;
const NAMED_MAX = 3;
const REQUESTERS_MAX = 500;

/**
 * Approvals that nobody could give, whoever asks, are an error; those that only some requesters could never get (they
 * are themselves the only approver) a warning that names them. Asked for each set of owners that a resource of the
 * rule has.
 */
export function checkApprovals(config: CurrentConfig, membership: Membership, findings: Findings): void {
  const classes = resourceClasses([config.policy], config.resources);
  for (const [index, rule] of config.policy.rules.entries()) {
    if (rule.approvals.length === 0) continue;
    const path: ConfigPath = ['policies', index, 'approvals'];
    for (const resource of oneOfEachOwners(classes, rule)) {
      const steps = anyOfThem(stepsFor(rule.approvals, resource, { ...personOf(ANYBODY, []), manager: MANAGER }));
      const reviewers = [...membership.enoughFor(steps), personOf(MANAGER, [])];
      const ever = couldBeApproved(steps, { name: ANYBODY, runBy: [] }, reviewers);
      if (!ever.possible) {
        const { stage, groups, people } = steps[ever.step] ?? { stage: 0, groups: [], people: [] };
        const asked = [...groups, ...people].join(', ');
        const why = asked === '' ? 'it names nobody' : `too few different people are in ${asked}`;
        findings.error([...path, stage], `Nobody could ever give this approval: ${why}.`);
        break;
      }
      if (warnOfStuck(membership, rule, steps, reviewers, path, findings)) break;
    }
  }
}

function warnOfStuck(
  membership: Membership,
  rule: Rule,
  steps: readonly ApprovalStep[],
  reviewers: readonly Person[],
  path: ConfigPath,
  findings: Findings,
): boolean {
  // Whoever is no reviewer takes nobody away from the steps.
  const names = new Set(reviewers.map(({ name }) => name));
  const stuck = membership
    .among(rule.who, REQUESTERS_MAX)
    .filter((name) => names.has(name) && !couldBeApproved(steps, { name, runBy: [] }, reviewers).possible);
  if (stuck.length === 0) return false;
  const more = stuck.length > NAMED_MAX ? ` and ${stuck.length - NAMED_MAX} more` : '';
  const who = `${stuck.slice(0, NAMED_MAX).join(', ')}${more}`;
  findings.warn(path, `Nobody could approve what ${who} would ask for by this rule: nobody approves their own.`);
  return true;
}

/** A share of those who could is met by them, as long as there is anybody. */
const anyOfThem = (steps: readonly AskedStep[]): ApprovalStep[] =>
  steps.map((step) => ({ ...step, count: typeof step.count === 'number' ? step.count : 1 }));

/** One resource of the rule for each set of owners: approvals differ by nothing else of it. */
function oneOfEachOwners(classes: readonly ResourceClass[], rule: Rule): Resource[] {
  const fitting = classes.filter(({ example }) => fitsResource(rule, example));
  // Of a rule for resources that are yet to come, what its approvals name can be looked at all the same.
  if (!rule.approvals.some(({ from }) => from.resourceOwners)) {
    return (fitting.length > 0 ? fitting : classes).slice(0, 1).map(({ example }) => example);
  }
  const byOwners = new Map<string, Resource>();
  for (const { members } of fitting) {
    for (const resource of members) byOwners.set(JSON.stringify([...resource.owners].sort()), resource);
  }
  return [...byOwners.values()];
}

/** Rules times asks that are looked at before the question is left open: it is only about a warning. */
const ASKS_MAX = 5_000_000;

/** Rules that never decide, because nothing matches them or earlier rules always decide before them. */
export function checkReach(config: CurrentConfig, membership: Membership, findings: Findings): void {
  const { policy } = config;
  const rulesFor = new RulesFor(policy.rules);
  const resources = resourceClasses([policy], config.resources).map(({ example }) => example);
  let asks = 0;
  for (const [index, rule] of policy.rules.entries()) {
    const fitting = resources.filter((resource) => fitsResource(rule, resource));
    const people = subjects(rule.who, membership);
    asks += people.length * fitting.length * rule.roles.length * (index + 1);
    if (asks > ASKS_MAX) return;
    const path = ['policies', index, 'name'];
    const before = decidersBefore(policy, rulesFor, rule, people, fitting);
    if (before === 'none match') {
      findings.warn(path, `Rule “${rule.name}” never matches: ${whyNever(rule.who, config.resources.length)}.`);
    } else if (before !== 'reached') {
      findings.warn(path, `Rule “${rule.name}” never decides: ${quotedList(before)} always does before it.`);
    }
  }
}

/** The rules that always decide before this one; `reached`: it decides somewhere. */
function decidersBefore(
  policy: Policy,
  rulesFor: RulesFor,
  rule: Rule,
  people: readonly Person[],
  resources: readonly Resource[],
): string[] | 'reached' | 'none match' {
  const before = new Set<string>();
  // An earlier rule that has a condition may not match when it is asked: it hides nothing.
  // One that must hold for this rule to match holds for the earlier one too.
  const own = conditionsOf(rule).map(({ source }) => source);
  const conditions: Conditions = ({ source }) => ({ holds: own.includes(source) });
  const breakGlass = rule.breakGlass !== null;
  for (const person of people) {
    const theirs: Policy = { ...policy, rules: rulesFor.of(person) };
    for (const resource of resources) {
      for (const role of rule.roles) {
        if (!speaksFor(rule, { person, resource, role, breakGlass })) continue;
        const found = matchRule(theirs, { person, resource, role, breakGlass }, conditions);
        if (found.kind === 'none') continue;
        if (found.rule === rule) return 'reached';
        before.add(found.rule.name);
      }
    }
  }
  return before.size === 0 ? 'none match' : [...before];
}

const quotedList = (names: readonly string[]): string =>
  `${names
    .slice(0, NAMED_MAX)
    .map((name) => `“${name}”`)
    .join(', ')}${names.length > NAMED_MAX ? ' or another' : ''}`;

function whyNever(who: Rule['who'], resources: number): string {
  if (who.groups.length + who.people.length + who.workloads.length === 0) return 'it names nobody';
  return resources === 0 ? 'there are no resources' : 'no resource is what it asks for';
}

/** Whom a rule could speak for: those it names, and for each of its groups somebody in that one only. */
function subjects(who: Rule['who'], membership: Membership): Person[] {
  return [
    ...who.groups.map((group) => personOf(ANYBODY, [group])),
    ...who.people.map((name) => personOf(name, membership.groupsOf(name))),
    ...who.workloads.map((name) => ({ ...personOf(name, membership.groupsOf(name)), kind: 'workload' as const })),
  ];
}
