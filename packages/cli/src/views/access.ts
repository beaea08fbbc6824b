/** Requests, grants, sessions and explanations as people read them. */
import type { Explanation, GrantView, RequestView, SessionView } from '@tidegate/contract';
import { paint } from '../colour.ts';
import { fields, safe, table, wrap } from '../layout.ts';
import { away, clock, length, when } from './time.ts';

const COLOUR = {
  pending: paint.yellow,
  approved: paint.green,
  denied: paint.red,
  cancelled: paint.dim,
  lapsed: paint.dim,
  scheduled: paint.yellow,
  active: paint.green,
  closing: paint.yellow,
  closed: paint.dim,
} as const;

const state = (name: keyof typeof COLOUR): string => COLOUR[name](name);

interface Step {
  readonly groups: readonly string[];
  readonly people: readonly string[];
  readonly count: number;
}

/** `one of leads`, `2 of dba or dave`. */
const ofWhom = ({ groups, people }: Step, count: number): string =>
  `${count === 1 ? 'one' : String(count)} of ${[...groups, ...people].map(safe).join(' or ')}`;

const wordsOf = (who: { groups: readonly string[]; people: readonly string[] } | undefined): string =>
  [...(who?.groups ?? []), ...(who?.people ?? [])].map(safe).join(' or ');

/** Who still has to agree: `one of leads, then one of dba`. */
function waitingFor({ steps }: RequestView): string {
  const stages = new Map<number, string[]>();
  for (const step of steps) {
    if (step.state === 'done') continue;
    const said = `${ofWhom(step, step.count - step.approvedBy.length)}${laterToo(step)}`;
    stages.set(step.stage, [...(stages.get(step.stage) ?? []), said]);
  }
  // Done, and yet an approval there helps: one that counts there counts for a step that lacks it then.
  const instead = steps.filter(({ state: stands, takesMore }) => stands === 'done' && takesMore);
  return [...stages]
    .map(([stage, together]) => {
      const others = instead.filter((step) => step.stage === stage).map((step) => `${wordsOf(step)}${laterToo(step)}`);
      return `${together.join(' and ')}${others.length === 0 ? '' : `, or instead one of ${others.join(' or ')}`}`;
    })
    .join(', then ');
}

const laterToo = ({ escalate, escalatesAt }: RequestView['steps'][number]): string =>
  escalatesAt === null ? '' : ` (from ${when(escalatesAt)} ${wordsOf(escalate?.to)} too)`;

export function requestText(request: RequestView): string {
  const { grant, reviews } = request;
  const asks = request.extends === null ? 'asks for' : `asks for more time (grant ${request.extends}):`;
  const said = reviews.map(({ decision, reviewer, onBehalfOf, duration, round, comment }) =>
    [
      `${decision === 'approve' ? 'approved' : 'denied'} by ${safe(reviewer)}`,
      onBehalfOf === null ? '' : ` for ${safe(onBehalfOf)}`,
      duration === null ? '' : ` for ${length(duration)}`,
      round === request.round ? '' : ' (before the policy changed)',
      comment === null ? '' : `: ${safe(comment)}`,
    ].join(''),
  );
  return fields([
    ['request', `${request.id}  ${state(request.state)}`],
    ['who', `${safe(request.requester)} ${asks} ${paint.bold(request.role)} on ${paint.bold(request.resource)}`],
    ['only', request.only === null ? null : request.only.map(safe).join('\n')],
    ['for', windowText(request)],
    ['emergency', request.breakGlass ? afterReviewText(request) : null],
    ['reason', safe(request.reason)],
    ['ticket', request.ticket === null ? null : safe(request.ticket)],
    ['asked', when(request.createdAt)],
    ['decision', safe(request.decision.why)],
    ['waits for', request.state === 'pending' ? `${waitingFor(request)}; lapses ${when(request.lapsesAt)}` : null],
    ['reviews', said.join('\n')],
    ['grant', grant === null ? null : `${grant.id}  ${grantState(grant)}`],
  ]);
}

function windowText({ duration, agreedDuration, startsAt, recurrence, nextOpening }: RequestView): string {
  const agreed = agreedDuration === duration ? '' : ` (agreed: ${length(agreedDuration)})`;
  if (recurrence === null) return `${length(duration)}${agreed}${startsAt === null ? '' : `, from ${when(startsAt)}`}`;
  const next = nextOpening === null ? '' : `; next ${when(nextOpening)}`;
  return `${length(duration)}${agreed} each ${recurrence.days.join(', ')} at ${recurrence.at} (${safe(recurrence.timeZone)}), until ${when(recurrence.until)}${next}`;
}

function afterReviewText({ afterReview }: RequestView): string {
  if (afterReview === null) return 'break-glass';
  const { state: stands, dueAt, verdict, reviewedBy } = afterReview;
  if (stands === 'done') return `break-glass, ${verdict?.replace('_', ' ')} (${safe(reviewedBy ?? '')})`;
  return `break-glass, to be looked at ${stands === 'overdue' ? paint.red('(overdue since)') : 'by'} ${when(dueAt)}`;
}

function grantState(grant: GrantView): string {
  const said = state(grant.state);
  const problem = grant.problem === null ? '' : `: ${safe(grant.problem)}`;
  if (grant.state === 'scheduled') return `${said}${problem}`;
  if (grant.state === 'active') return `${said} until ${when(grant.expiresAt)}${problem}`;
  const because = grant.closedBecause === null ? '' : `, ${grant.closedBecause}`;
  const by = grant.closedBy === null ? '' : ` by ${safe(grant.closedBy)}`;
  const at = grant.closedAt === null ? '' : ` ${when(grant.closedAt)}`;
  return `${said}${because}${by}${at}${grant.comment === null ? '' : `: ${safe(grant.comment)}`}${problem}`;
}

/** @param shows `mine` leaves out who asks, `to-review` the state: every line would say the same */
export function requestsText(
  requests: readonly RequestView[],
  shows: 'mine' | 'to-review' | 'all',
  none: string,
): string {
  const standing = (request: RequestView): string =>
    request.state === 'pending' ? `${state('pending')}: ${waitingFor(request)}` : state(request.state);
  const who = shows !== 'mine';
  const states = shows !== 'to-review';
  return table(
    ['ID', ...(who ? ['WHO'] : []), 'ASKS FOR', 'ASKED', ...(states ? ['STATE'] : []), 'REASON'],
    requests.map((request) => [
      request.id,
      ...(who ? [safe(request.requester)] : []),
      `${request.role} on ${request.resource}, ${request.extends === null ? '' : '+'}${length(request.duration)}`,
      away(request.createdAt),
      ...(states ? [standing(request)] : []),
      safe(request.reason),
    ]),
    none,
  );
}

export function grantsText(grants: readonly GrantView[], none: string): string {
  return table(
    ['ID', 'WHO', 'ROLE', 'RESOURCE', 'STATE'],
    grants.map((grant) => [grant.id, safe(grant.person), grant.role, grant.resource, grantState(grant)]),
    none,
  );
}

/** One line, after something was done to it. */
export const grantText = (grant: GrantView): string =>
  wrap(`${grant.id}  ${grant.role} on ${grant.resource}  ${grantState(grant)}`);

export function grantDetails(grant: GrantView): string {
  return fields([
    ['grant', `${grant.id}  ${grantState(grant)}`],
    ['who', `${safe(grant.person)}, as database user ${grant.loginName}`],
    [
      'what',
      `${paint.bold(grant.role)} on ${paint.bold(grant.resource)} (${grant.engine}), for ${length(grant.duration)}`,
    ],
    ['gives', grant.lines === null ? null : grant.lines.map(safe).join('\n')],
    ['began', grant.startsAt === null ? null : when(grant.startsAt)],
    ['request', grant.request],
  ]);
}

function sessionState({ startedAt, endedAt, endedBecause, statements }: SessionView): string {
  const said = `${statements} statement${statements === 1 ? '' : 's'}`;
  if (endedAt === null) return `${paint.green('open')} since ${clock(startedAt)}, ${said}`;
  return `${(endedBecause ?? 'ended').replaceAll('_', ' ')} ${clock(endedAt)}, ${said}`;
}

export function sessionsText(sessions: readonly SessionView[]): string {
  return table(
    ['ID', 'WHO', 'IN', 'FROM', 'STATE'],
    sessions.map((session) => [
      session.id,
      safe(session.person),
      `${session.resource}/${safe(session.database)}`,
      `${session.application === '' ? '' : `${safe(session.application)} at `}${session.clientAddress}`,
      sessionState(session),
    ]),
    'No sessions.',
  );
}

export function explanationText(explanation: Explanation): string {
  const head = {
    allowed: paint.green('allowed at once'),
    needs_approval: paint.yellow('allowed, once agreed to'),
    denied: paint.red('denied'),
  }[explanation.outcome];
  const { defaultDuration, maxDuration } = explanation;
  const steps = explanation.steps.map((step, index) => {
    const who = step.candidates.length === 0 ? paint.red('nobody could now') : step.candidates.map(safe).join(', ');
    const later =
      step.escalate === null
        ? ''
        : `; after ${length(step.escalate.after)} also ${step.escalatedTo.map(safe).join(', ')}`;
    const together = explanation.steps.some((other) => other !== step && other.stage === step.stage);
    return [
      `${index + 1}.`,
      `${ofWhom(step, step.count)}: ${who}${later}${together ? paint.dim(' (at once)') : ''}`,
    ] as const;
  });
  const considered = explanation.considered.map(
    ({ rule, matched, because, conditions }) =>
      [
        matched ? paint.green('✓') : '·',
        [
          `${safe(rule)}${because.length === 0 || conditions.length > 0 ? '' : paint.dim(`: ${because.map(safe).join('; ')}`)}`,
          ...conditions.map(
            ({ text, holds, error, values }) =>
              `${holds === true ? paint.green('✓') : paint.red('✗')} ${safe(text)}${paint.dim(` ${safe(error ?? values.join(', '))}`)}`,
          ),
        ].join('\n'),
      ] as const,
  );
  return [
    fields([
      ['decision', `${head}${explanation.rule === null ? '' : ` by rule ${paint.bold(safe(explanation.rule))}`}`],
      ['why', safe(explanation.why)],
      [
        'duration',
        maxDuration === null
          ? null
          : `${length(defaultDuration ?? maxDuration)} unless asked for, at most ${length(maxDuration)}`,
      ],
      ['gives', explanation.lines === null ? null : explanation.lines.map(safe).join('\n')],
      ['MFA', explanation.mfaAt.length === 0 ? null : `at ${explanation.mfaAt.join(', ')}`],
    ]),
    ...(steps.length === 0 ? [] : ['', paint.dim('who could agree'), fields(steps)]),
    ...(considered.length === 0 ? [] : ['', paint.dim('rules, in order'), fields(considered)]),
  ].join('\n');
}
