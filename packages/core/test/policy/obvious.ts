/** Slow and obvious: the decision as the words of the design have it. Shares no code with what it is held against. */
import type { Approval, Ask, Condition, ErrorCode, Person, Policy, Resource, Rule } from '../../src/index.ts';
import { meaning } from './conditions.ts';

/** A code, or what the rule gives. */
export type Said =
  | { readonly code: ErrorCode; readonly rule: string | null }
  | {
      readonly code: null;
      readonly rule: string;
      readonly minutes: number;
      readonly most: number;
      readonly approvals: readonly Approval[];
      readonly mfa: string;
    };

export function said(ask: Ask): Said {
  const { policy, person, resource, breakGlass } = ask;
  const role = policy.roles.find((each) => each.name === ask.role);
  if (role === undefined) return { code: 'not_found', rule: null };
  const holds = (condition: Condition): boolean | 'fails' =>
    meaning(condition, {
      minutes: (ask.duration ?? role.defaultDuration).total('minute'),
      hour: Math.floor(ask.now.epochMilliseconds / 3_600_000) % 24,
      person: person.name,
      workload: person.kind === 'workload',
      extension: ask.extension,
      label: resource.labels.env,
    });

  for (const rule of policy.rules) {
    if (breakGlass !== (rule.breakGlass !== null)) continue;
    if (!isAsked(rule, person) || !rule.roles.some((one) => one === ask.role) || !speaksOf(rule, resource)) continue;
    const when = rule.when === null ? true : holds(rule.when);
    const auto = rule.autoApprove === null ? false : holds(rule.autoApprove);
    const givesOnlyAtOnce = rule.approvals.length === 0 && rule.autoApprove !== null;
    if (when === false) continue;
    if (when === 'fails' || (givesOnlyAtOnce && auto === 'fails')) return { code: 'policy_denied', rule: rule.name };
    if (givesOnlyAtOnce && !auto) continue;

    const refused = (code: ErrorCode): Said => ({ code, rule: rule.name });
    const most = longest(policy, rule, ask.role);
    const minutes = ask.duration?.total('minute') ?? Math.min(role.defaultDuration.total('minute'), most);
    if (minutes <= 0) return refused('invalid_input');
    if (minutes > most) return refused('duration_too_long');
    if (rule.reason.required && ask.reason.trim() === '') return refused('reason_required');
    const { ticket } = rule.reason;
    if (ticket !== null && !(ask.ticket !== null && new RegExp(ticket).test(ask.ticket))) {
      return refused('ticket_required');
    }
    if (auto === 'fails') return refused('policy_denied');
    const approvals = rule.breakGlass !== null || auto ? [] : rule.approvals;
    const mfa = new Set([...(rule.breakGlass === null ? [] : ['request']), ...rule.mfa.at]);
    return { code: null, rule: rule.name, minutes, most, approvals, mfa: [...mfa].sort().join() };
  }
  return { code: 'policy_denied', rule: null };
}

/** The longest that a rule gives of a role, in minutes. */
export function longest(policy: Policy, rule: Rule, roleName: string): number {
  const role = policy.roles.find((each) => each.name === roleName);
  return Math.min(role?.maxDuration.total('minute') ?? 0, rule.maxDuration?.total('minute') ?? Infinity);
}

/** People are named among the people, workloads among the workloads, and either may be in a group. */
function isAsked({ who }: Rule, person: Person): boolean {
  for (const one of who.groups) if (person.groups.includes(one)) return true;
  for (const one of person.kind === 'person' ? who.people : who.workloads) if (one === person.name) return true;
  return false;
}

function speaksOf({ resources: wanted }: Rule, { name, labels }: Resource): boolean {
  if ('all' in wanted) return true;
  if (wanted.names.length === 0 && Object.keys(wanted.labels).length === 0) return false;
  const named = wanted.names.length === 0 || wanted.names.includes(name);
  return named && Object.entries(wanted.labels).every(([label, value]) => labels[label] === value);
}
