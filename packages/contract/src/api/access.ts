/** Requests, reviews, grants, tickets: what crosses the API between asking and being let in. */
import { ONLY_MAX } from '@tidegate/core';
import { z } from 'zod';
import {
  closeReason,
  duration,
  engine,
  grantId,
  grantState,
  groupName,
  instant,
  personName,
  requestId,
  requestState,
  resourceName,
  roleName,
  sessionId,
  ticketId,
} from '../shapes.ts';

export const review = z
  .object({
    reviewer: personName,
    /** Who is away, and had the reviewer stand in. */
    onBehalfOf: personName.nullable(),
    /** Reviews of earlier rounds no longer count: the policy changed since, and asks others. */
    round: z.int(),
    step: z.int(),
    decision: z.enum(['approve', 'deny']),
    /** Approved for this long only. */
    duration: duration.nullable(),
    comment: z.string().nullable(),
    at: instant,
  })
  .meta({ id: 'Review' });

/** People picked by name or by group. */
export const chosen = z.object({ groups: z.array(groupName), people: z.array(personName) });

export const step = z
  .object({
    /** Steps of one stage are open together; stages stand in order. */
    stage: z.int(),
    groups: z.array(groupName),
    people: z.array(personName),
    count: z.int(),
    /** Who may approve as well when nobody did for so long. */
    escalate: z.object({ after: duration, to: chosen }).nullable(),
    /** When that will be; null: never, or it does not wait yet. */
    escalatesAt: instant.nullable(),
    approvedBy: z.array(personName),
    /** `open`: lacks approvals and waits for them; `waiting`: an earlier stage comes first, or the request is over. */
    state: z.enum(['waiting', 'open', 'done']),
    /** An approval here helps now; where the step is done, one that counts here then counts for a step that lacks it. */
    takesMore: z.boolean(),
  })
  .meta({ id: 'Step' });

export const grant = z
  .object({
    id: grantId,
    request: requestId,
    person: personName,
    resource: resourceName,
    engine,
    role: roleName,
    loginName: z.string(),
    state: grantState,
    duration,
    startsAt: instant.nullable(),
    expiresAt: instant.nullable(),
    closedAt: instant.nullable(),
    closedBecause: closeReason.nullable(),
    closedBy: personName.nullable(),
    comment: z.string().nullable(),
    /** What stands in the way of opening or closing it just now, if anything. */
    problem: z.string().nullable(),
    /** Exactly what it gives, in the lines of docs/ROLES.md; null: its role's level on the whole of the resource. */
    lines: z.array(z.string()).nullable(),
    /** Whether the rule that gave it lets results be saved from the web app; null: as its resource says. */
    mayExport: z.boolean().nullable(),
  })
  .meta({ id: 'Grant' });
export type GrantView = z.infer<typeof grant>;

export const weekday = z.enum(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']);
export const recurrence = z
  .object({
    days: z.array(weekday).min(1).max(7),
    at: z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day, such as 22:00'),
    timeZone: z.string().min(1).max(64),
    until: instant,
  })
  .meta({ id: 'Recurrence' });

/** What became of a break-glass afterwards. */
export const afterReview = z
  .object({
    request: requestId,
    requester: personName,
    resource: resourceName,
    role: roleName,
    reviewers: chosen,
    dueAt: instant,
    state: z.enum(['open', 'overdue', 'done']),
    reviewedBy: personName.nullable(),
    verdict: z.enum(['justified', 'not_justified']).nullable(),
    comment: z.string().nullable(),
    reviewedAt: instant.nullable(),
  })
  .meta({ id: 'AfterReview' });
export type AfterReviewView = z.infer<typeof afterReview>;
export const newAfterReview = z.object({
  verdict: z.enum(['justified', 'not_justified']),
  comment: z.string().min(1).max(2000),
});

export const request = z
  .object({
    id: requestId,
    requester: personName,
    /** Of a workload's request: in whose hands the workload is. */
    runBy: z.array(personName),
    resource: resourceName,
    role: roleName,
    duration,
    startsAt: instant.nullable(),
    /** Windows that come again, each a grant of its own. */
    recurrence: recurrence.nullable(),
    /** When the next of them opens. */
    nextOpening: instant.nullable(),
    /** What was agreed to, where reviewers gave less time than was asked for. */
    agreedDuration: duration,
    breakGlass: z.boolean(),
    afterReview: afterReview.nullable(),
    reason: z.string(),
    ticket: z.string().nullable(),
    extends: grantId.nullable(),
    /** The tables and views that the role is narrowed to; null: all that it gives. */
    only: z.array(z.string()).nullable(),
    round: z.int(),
    state: requestState,
    createdAt: instant,
    lapsesAt: instant,
    steps: z.array(step),
    reviews: z.array(review),
    /** The rule that decided, and why, in people's words. */
    decision: z.object({ rule: z.string(), why: z.string() }),
    grant: grant.nullable(),
  })
  .meta({ id: 'Request' });
export type RequestView = z.infer<typeof request>;

export const newRequest = z.object({
  resource: resourceName,
  role: roleName,
  duration: duration.optional(),
  startsAt: instant.optional(),
  reason: z.string().max(2000).default(''),
  ticket: z.string().max(200).optional(),
  /** Tables and views, with their schema (MySQL: their database): the role's privileges on these and on nothing else. */
  only: z.array(z.string().min(1).max(600)).min(1).max(ONLY_MAX).optional(),
  breakGlass: z.boolean().default(false),
  recurrence: recurrence.optional(),
  mfaCode: z.string().max(16).optional(),
});
export const requestFilter = z.enum(['mine', 'to-review', 'all']);

export const newReview = z.object({
  decision: z.enum(['approve', 'deny']),
  comment: z.string().max(2000).optional(),
  /** Approve for this long only: never for longer than was asked. */
  duration: duration.optional(),
  mfaCode: z.string().max(16).optional(),
});

export const extendGrant = z.object({ duration, reason: z.string().max(2000).default('') });
export const revokeGrant = z.object({ reason: z.string().min(1).max(2000) });

/** Ask for a ticket: by resource (the caller's own open grant on it is found) or by grant. */
export const connect = z.object({
  resource: resourceName,
  grant: grantId.optional(),
  role: roleName.optional(),
  database: z.string().max(128).optional(),
  mfaCode: z.string().max(16).optional(),
});
/** Handed out once, and only when a gateway knows the ticket. */
export const connection = z
  .object({
    grant: grantId,
    ticket: ticketId,
    engine,
    gateway: z.string(),
    host: z.string(),
    port: z.int(),
    user: z.string(),
    password: z.string(),
    database: z.string(),
    /** PEM of the authority that signed the gateway's listener certificate. */
    ca: z.string(),
    /** False where the listener is on loopback and takes the engine's protocol without TLS. */
    tlsRequired: z.boolean(),
    expiresAt: instant,
  })
  .meta({ id: 'Connection' });
export type Connection = z.infer<typeof connection>;

export const explainQuery = z.object({
  resource: resourceName,
  role: roleName,
  as: personName.optional(),
  duration: duration.optional(),
  /** As `only` of a request, as a JSON list: names may hold any sign that could part them. */
  only: z.string().max(10_000).optional(),
  /** As if it were asked then. */
  at: instant.optional(),
  startsAt: instant.optional(),
  breakGlass: z.stringbool().default(false),
});
export const explanation = z
  .object({
    outcome: z.enum(['allowed', 'needs_approval', 'denied']),
    rule: z.string().nullable(),
    why: z.string(),
    maxDuration: duration.nullable(),
    defaultDuration: duration.nullable(),
    mfaAt: z.array(z.enum(['request', 'review', 'connect'])),
    /** Exactly what it would give, in the lines of docs/ROLES.md; null: the role's level on the whole of the resource. */
    lines: z.array(z.string()).nullable(),
    /** Whether results may be saved from the web app. */
    mayExport: z.boolean(),
    /** Per step: who could approve now (the requester is never among them). */
    steps: z.array(
      step.omit({ escalatesAt: true }).extend({
        candidates: z.array(personName),
        /** Who could as well, once it is escalated. */
        escalatedTo: z.array(personName),
      }),
    ),
    /** What it asks to be given as a reason. */
    reason: z.object({ required: z.boolean(), ticket: z.string().nullable() }).nullable(),
    /** Every rule in order, with what did not match, and each part of its conditions with the values it looked at. */
    considered: z.array(
      z.object({
        rule: z.string(),
        matched: z.boolean(),
        because: z.array(z.string()),
        conditions: z.array(
          z.object({
            text: z.string(),
            holds: z.boolean().nullable(),
            error: z.string().nullable(),
            values: z.array(z.string()),
          }),
        ),
      }),
    ),
  })
  .meta({ id: 'Explanation' });
export type Explanation = z.infer<typeof explanation>;

/** Somebody stands in for a reviewer who is away. */
export const delegation = z
  .object({
    id: z.string(),
    person: personName,
    delegate: personName,
    startsAt: instant,
    endsAt: instant,
    reason: z.string(),
    endedAt: instant.nullable(),
  })
  .meta({ id: 'Delegation' });
export type DelegationView = z.infer<typeof delegation>;
export const newDelegation = z.object({
  delegate: personName,
  /** For administrators: who is away. Otherwise yourself. */
  person: personName.optional(),
  startsAt: instant.optional(),
  endsAt: instant,
  reason: z.string().max(2000).default(''),
});

/** An open grant that today's policy would not give. */
export const outgrownGrant = z
  .object({
    grant,
    /** Why not. */
    why: z.string(),
    policyVersion: z.int(),
    /** Who decided to keep it nevertheless, under this policy. */
    kept: z.object({ by: personName, comment: z.string(), at: instant }).nullable(),
  })
  .meta({ id: 'OutgrownGrant' });
export type OutgrownGrantView = z.infer<typeof outgrownGrant>;
export const keepGrant = z.object({ comment: z.string().min(1).max(2000) });

export const session = z
  .object({
    id: sessionId,
    grant: grantId,
    person: personName,
    resource: resourceName,
    role: roleName,
    database: z.string(),
    gateway: z.string(),
    clientAddress: z.string(),
    application: z.string(),
    startedAt: instant,
    endedAt: instant.nullable(),
    endedBecause: z.string().nullable(),
    statements: z.int(),
  })
  .meta({ id: 'Session' });
export type SessionView = z.infer<typeof session>;
export const cutSession = z.object({ reason: z.string().min(1).max(2000) });
