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
    step: z.int(),
    decision: z.enum(['approve', 'deny']),
    comment: z.string().nullable(),
    at: instant,
  })
  .meta({ id: 'Review' });

export const step = z
  .object({
    groups: z.array(groupName),
    people: z.array(personName),
    count: z.int(),
    approvedBy: z.array(personName),
    state: z.enum(['waiting', 'open', 'done']),
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
  })
  .meta({ id: 'Grant' });
export type GrantView = z.infer<typeof grant>;

export const request = z
  .object({
    id: requestId,
    requester: personName,
    resource: resourceName,
    role: roleName,
    duration,
    startsAt: instant.nullable(),
    reason: z.string(),
    ticket: z.string().nullable(),
    extends: grantId.nullable(),
    /** The tables and views that the role is narrowed to; null: all that it gives. */
    only: z.array(z.string()).nullable(),
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
  mfaCode: z.string().max(16).optional(),
});
export const requestFilter = z.enum(['mine', 'to-review', 'all']);

export const newReview = z.object({
  decision: z.enum(['approve', 'deny']),
  comment: z.string().max(2000).optional(),
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
    /** Per step: who could approve now (the requester is never among them). */
    steps: z.array(step.extend({ candidates: z.array(personName) })),
    /** Every rule in order, with what did not match. */
    considered: z.array(z.object({ rule: z.string(), matched: z.boolean(), because: z.array(z.string()) })),
  })
  .meta({ id: 'Explanation' });
export type Explanation = z.infer<typeof explanation>;

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
