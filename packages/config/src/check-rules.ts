/** Rules: patterns and durations that hold, approvals that somebody can give, rules that can ever decide. */
import {
  couldBeApproved,
  findRole,
  type GroupName,
  type isAmong,
  matchRule,
  mismatches,
  type Person,
  type PersonName,
  personOf,
  ticketPatternProblem,
} from '@tidegate/core';
import { duration } from './check-resources.ts';
import type { CurrentConfig } from './content.ts';
import type { Draft, Findings, Known } from './draft.ts';
import type { ConfigPath } from './errors.ts';
import { Membership } from './membership.ts';

export function checkRules(draft: Draft, findings: Findings): void {
  for (const { path, value } of draft.rules) {
    if (value.duration !== undefined) duration(value.duration.max, [...path, 'duration', 'max'], findings);
    if (value.mfa !== undefined) duration(value.mfa.within, [...path, 'mfa', 'within'], findings);
    duration(value.lapseAfter, [...path, 'lapseAfter'], findings);
    const { ticket } = value.reason;
    const problem = ticket === undefined ? null : ticketPatternProblem(ticket);
    if (problem !== null) findings.error([...path, 'reason', 'ticket'], `This is no pattern for tickets: ${problem}.`);
  }
}

/** An empty name is nobody's: whoever asks is somebody else than those who could approve. */
const ANYBODY = '' as PersonName;
const NAMED_MAX = 3;
const REQUESTERS_MAX = 500;

/**
 * Approvals that nobody could give, whoever asks, are an error; those that only some requesters could never get (they
 * are themselves the only approver) a warning that names them.
 */
export function checkApprovals(config: CurrentConfig, known: Known, findings: Findings): void {
  const membership = new Membership(config.groups, known);
  for (const [index, rule] of config.policy.rules.entries()) {
    if (rule.approvals.length === 0) continue;
    const path: ConfigPath = ['policies', index, 'approvals'];
    const reviewers = membership.enoughFor(rule.approvals);
    const ever = couldBeApproved(rule.approvals, ANYBODY, reviewers);
    if (!ever.possible) {
      const { groups, people } = rule.approvals[ever.step] ?? { groups: [], people: [] };
      const asked = [...groups, ...people].join(', ');
      const why = asked === '' ? 'it names nobody' : `too few different people are in ${asked}`;
      findings.error([...path, ever.step], `Nobody could ever give this approval: ${why}.`);
      continue;
    }
    const stuck = membership
      .among(rule.who, REQUESTERS_MAX)
      .filter((person) => !couldBeApproved(rule.approvals, person, reviewers).possible);
    if (stuck.length > 0) {
      const more = stuck.length > NAMED_MAX ? ` and ${stuck.length - NAMED_MAX} more` : '';
      const who = `${stuck.slice(0, NAMED_MAX).join(', ')}${more}`;
      findings.warn(path, `Nobody could approve what ${who} would ask for by this rule: nobody approves their own.`);
    }
  }
}

/** Rules times asks that are looked at before the question is left open: it is only about a warning. */
const ASKS_MAX = 200_000;

/** Rules that never decide, because nothing matches them or earlier rules always decide before them. */
export function checkReach(config: CurrentConfig, known: Known, findings: Findings): void {
  const { policy, resources, groups } = config;
  const membership = new Membership(groups, known);
  let asks = 0;
  for (const [index, rule] of policy.rules.entries()) {
    const before = new Set<string>();
    let reached = false;
    let matched = false;
    for (const person of subjects(rule.who, membership)) {
      for (const resource of resources) {
        for (const role of rule.roles) {
          if (reached || findRole(policy, role) === null) continue;
          asks += index + 1;
          if (asks > ASKS_MAX) return;
          if (mismatches(rule, person, resource, role).length > 0) continue;
          matched = true;
          const decides = matchRule(policy, person, resource, role).rule;
          if (decides === rule) reached = true;
          else if (decides !== null) before.add(decides.name);
        }
      }
    }
    const path = ['policies', index, 'name'];
    if (reached) continue;
    if (!matched) findings.warn(path, `Rule “${rule.name}” never matches: ${whyNever(rule.who, resources.length)}.`);
    else findings.warn(path, `Rule “${rule.name}” never decides: ${quotedList([...before])} always does before it.`);
  }
}

const quotedList = (names: readonly string[]): string =>
  `${names
    .slice(0, NAMED_MAX)
    .map((name) => `“${name}”`)
    .join(', ')}${names.length > NAMED_MAX ? ' or another' : ''}`;

function whyNever(who: { groups: readonly GroupName[]; people: readonly PersonName[] }, resources: number): string {
  if (who.groups.length + who.people.length === 0) return 'it names nobody';
  return resources === 0 ? 'there are no resources' : 'no resource is what it asks for';
}

/** Whom a rule could speak for: its people with their groups, and for each of its groups somebody in that one only. */
function subjects(who: Parameters<typeof isAmong>[0], membership: Membership): Person[] {
  return [
    ...who.groups.map((group) => personOf(ANYBODY, [group])),
    ...who.people.map((name) => personOf(name, membership.groupsOf(name))),
  ];
}
