/** Requests, grants, sessions and explanations as people read them. */
import type { Explanation, GrantView, RequestView, SessionView } from '@tidegate/contract';
import pc from 'picocolors';
import { fields, safe, table } from '../terminal.ts';
import { length, when } from './time.ts';

const COLOUR = {
  pending: pc.yellow,
  approved: pc.green,
  denied: pc.red,
  cancelled: pc.dim,
  lapsed: pc.dim,
  scheduled: pc.yellow,
  active: pc.green,
  closing: pc.yellow,
  closed: pc.dim,
} as const;

const state = (name: keyof typeof COLOUR): string => COLOUR[name](name);

/** Who still has to agree: `one of leads, then one of dba`. */
function waitingFor(request: RequestView): string {
  return request.steps
    .filter((step) => step.state !== 'done')
    .map((step) => {
      const missing = step.count - step.approvedBy.length;
      const from = [...step.groups, ...step.people].map(safe).join(' or ');
      return `${missing === 1 ? 'one' : String(missing)} of ${from}`;
    })
    .join(', then ');
}

export function requestText(request: RequestView): string {
  const { grant } = request;
  const reviews = request.reviews.map(
    (review) =>
      `${review.decision === 'approve' ? 'approved' : 'denied'} by ${safe(review.reviewer)}${review.comment === null ? '' : `: ${safe(review.comment)}`}`,
  );
  return fields([
    ['request', `${request.id}  ${state(request.state)}`],
    ['who', `${safe(request.requester)} asks for ${pc.bold(request.role)} on ${pc.bold(request.resource)}`],
    ['for', `${length(request.duration)}${request.startsAt === null ? '' : `, from ${when(request.startsAt)}`}`],
    ['reason', safe(request.reason)],
    ['ticket', request.ticket === null ? null : safe(request.ticket)],
    ['decided by', `${safe(request.decision.rule)}: ${safe(request.decision.why)}`],
    ['waits for', request.state === 'pending' ? `${waitingFor(request)}; lapses ${when(request.lapsesAt)}` : null],
    ['reviews', reviews.join('\n')],
    ['grant', grant === null ? null : `${grant.id}  ${grantState(grant)}`],
  ]);
}

function grantState(grant: GrantView): string {
  const said = state(grant.state);
  if (grant.state === 'scheduled') return `${said}${grant.problem === null ? '' : `: ${safe(grant.problem)}`}`;
  if (grant.state === 'active') return `${said} until ${when(grant.expiresAt)}`;
  const because = grant.closedBecause === null ? '' : `, ${grant.closedBecause}`;
  const by = grant.closedBy === null ? '' : ` by ${safe(grant.closedBy)}`;
  return `${said}${because}${by}${grant.comment === null ? '' : `: ${safe(grant.comment)}`}`;
}

export function requestsText(requests: readonly RequestView[], none: string): string {
  return table(
    ['ID', 'WHO', 'ASKS FOR', 'FOR', 'STATE', 'WAITS FOR', 'ASKED', 'REASON'],
    requests.map((request) => [
      request.id,
      safe(request.requester),
      `${request.role} on ${request.resource}`,
      length(request.duration),
      state(request.state),
      request.state === 'pending' ? waitingFor(request) : '',
      when(request.createdAt),
      safe(request.reason),
    ]),
    none,
  );
}

export function grantsText(grants: readonly GrantView[]): string {
  return table(
    ['ID', 'WHO', 'ROLE', 'RESOURCE', 'STATE'],
    grants.map((grant) => [grant.id, safe(grant.person), grant.role, grant.resource, grantState(grant)]),
    'No grants are open.',
  );
}

export const grantText = (grant: GrantView): string =>
  `${grant.id}  ${grant.role} on ${grant.resource}  ${grantState(grant)}`;

export function sessionsText(sessions: readonly SessionView[]): string {
  return table(
    ['ID', 'WHO', 'RESOURCE', 'DATABASE', 'FROM', 'APPLICATION', 'BEGAN', 'ENDED', 'STATEMENTS'],
    sessions.map((session) => [
      session.id,
      safe(session.person),
      `${session.role} on ${session.resource}`,
      safe(session.database),
      session.clientAddress,
      safe(session.application),
      when(session.startedAt),
      session.endedAt === null ? pc.green('open') : `${when(session.endedAt)} ${session.endedBecause ?? ''}`,
      String(session.statements),
    ]),
    'No sessions.',
  );
}

export function explanationText(explanation: Explanation): string {
  const head = {
    allowed: pc.green('allowed at once'),
    needs_approval: pc.yellow('allowed, once agreed to'),
    denied: pc.red('denied'),
  }[explanation.outcome];
  const steps = explanation.steps.map((step, index) => {
    const from = [...step.groups, ...step.people].map(safe).join(' or ');
    const who = step.candidates.length === 0 ? pc.red('nobody could now') : step.candidates.map(safe).join(', ');
    return `${index + 1}. ${step.count} of ${from}: ${who}`;
  });
  const considered = explanation.considered.map(
    ({ rule, matched, because }) =>
      `${matched ? pc.green('✓') : pc.dim('·')} ${safe(rule)}${because.length === 0 ? '' : pc.dim(`: ${because.map(safe).join('; ')}`)}`,
  );
  return [
    fields([
      ['decision', `${head}${explanation.rule === null ? '' : ` by rule ${pc.bold(safe(explanation.rule))}`}`],
      ['why', safe(explanation.why)],
      [
        'duration',
        explanation.maxDuration === null
          ? null
          : `${length(explanation.defaultDuration ?? explanation.maxDuration)} unless asked for, at most ${length(explanation.maxDuration)}`,
      ],
      ['MFA', explanation.mfaAt.length === 0 ? null : `at ${explanation.mfaAt.join(', ')}`],
    ]),
    ...(steps.length === 0 ? [] : ['', pc.dim('who could agree'), ...steps]),
    ...(considered.length === 0 ? [] : ['', pc.dim('rules, in order'), ...considered]),
  ].join('\n');
}
