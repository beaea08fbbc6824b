/** What the record says of requests and grants: one place for the names and the members of each event. */
import type { AccessRequest, Grant, PersonName, Review } from '@tidegate/core';
import { type ActiveGrant, type ClosedGrant, type ClosingGrant, durationText } from '@tidegate/core';
import type { ControlEvent } from '../record/events.ts';

type At = Temporal.Instant;

const ofRequest = (request: AccessRequest) => ({
  person: request.requester,
  request: request.id,
  resource: request.resource,
  role: request.role,
});
const ofGrant = (grant: Grant) => ({
  person: grant.person,
  grant: grant.id,
  request: grant.request,
  resource: grant.resource,
  role: grant.role,
});

const stepsData = ({ steps }: AccessRequest) =>
  steps.map(({ stage, groups, people, count, escalate }) => ({
    stage,
    groups: [...groups],
    people: [...people],
    count,
    escalate:
      escalate === null
        ? null
        : {
            after: durationText(escalate.after),
            groups: [...escalate.to.groups],
            people: [...escalate.to.people],
          },
  }));

export const requestCreated = (request: AccessRequest, why: string, at: At): ControlEvent => ({
  kind: 'request.created',
  at,
  data: {
    ...ofRequest(request),
    duration: durationText(request.duration),
    startsAt: request.startsAt?.toString() ?? null,
    reason: request.reason,
    ticket: request.ticket,
    extends: request.extends,
    only: request.only,
    rule: request.rule,
    policyVersion: request.policyVersion,
    steps: stepsData(request),
    round: request.round,
    breakGlass: request.breakGlass,
    recurrence:
      request.recurrence === null
        ? null
        : { ...request.recurrence, days: [...request.recurrence.days], until: request.recurrence.until.toString() },
    why,
    state: request.state,
  },
});

export const requestReviewed = (request: AccessRequest, review: Review, at: At): ControlEvent => ({
  kind: 'request.reviewed',
  at,
  data: {
    ...ofRequest(request),
    by: review.reviewer,
    onBehalfOf: review.onBehalfOf,
    round: review.round,
    step: review.step,
    fits: [...review.fits],
    decision: review.decision,
    duration: review.duration === null ? null : durationText(review.duration),
    comment: review.comment,
    state: request.state,
  },
});

/** The policy changed while it was pending. */
export const requestRedecided = (before: AccessRequest, after: AccessRequest, why: string, at: At): ControlEvent => ({
  kind: 'request.redecided',
  at,
  data: {
    ...ofRequest(after),
    rule: after.rule,
    policyVersion: after.policyVersion,
    anew: after.round > before.round,
    steps: stepsData(after),
    state: after.state,
    why,
  },
});

/** Windows that come again were agreed to; the first opens then. */
export const windowsScheduled = (request: AccessRequest, first: At | null, at: At): ControlEvent => ({
  kind: 'windows.scheduled',
  at,
  data: {
    ...ofRequest(request),
    first: first?.toString() ?? null,
    until: request.recurrence?.until.toString() ?? null,
  },
});

/** One of them stays shut. */
export const windowSkipped = (request: AccessRequest, opening: At, why: string, at: At): ControlEvent => ({
  kind: 'window.skipped',
  at,
  data: { ...ofRequest(request), opening: opening.toString(), why },
});

/** `request.cancelled`, `request.lapsed`: ended without a decision. */
export const requestEnded = (request: AccessRequest, by: PersonName | null, why: string, at: At): ControlEvent => ({
  kind: `request.${request.state}`,
  at,
  data: { ...ofRequest(request), by, why },
});

/** @param lines exactly what it gives; null: its role's level on the whole of the resource */
export const grantScheduled = (grant: Grant, lines: readonly string[] | null, at: At): ControlEvent => ({
  kind: 'grant.scheduled',
  at,
  data: {
    ...ofGrant(grant),
    loginName: grant.loginName,
    duration: durationText(grant.duration),
    notBefore: grant.notBefore?.toString() ?? null,
    opening: grant.opening?.toString() ?? null,
    openBy: grant.openBy.toString(),
    lines,
  },
});

export const grantActivated = (grant: ActiveGrant, at: At): ControlEvent => ({
  kind: 'grant.activated',
  at,
  data: { ...ofGrant(grant), startsAt: grant.startsAt.toString(), expiresAt: grant.expiresAt.toString() },
});

export const grantExtended = (grant: ActiveGrant, before: At, request: AccessRequest, at: At): ControlEvent => ({
  kind: 'grant.extended',
  at,
  data: { ...ofGrant(grant), by: request.id, from: before.toString(), expiresAt: grant.expiresAt.toString() },
});

export const grantOpened = (grant: Grant, gateway: string, at: At): ControlEvent => ({
  kind: 'grant.opened',
  at,
  data: { ...ofGrant(grant), gateway },
});

export const grantClosing = (grant: ClosingGrant, at: At): ControlEvent => ({
  kind: 'grant.closing',
  at,
  data: { ...ofGrant(grant), reason: grant.because.reason, by: grant.because.by, comment: grant.because.comment },
});

/** @param gateway who saw the principal gone; null: nobody did, it was given up */
export const grantClosed = (grant: ClosedGrant, gateway: string | null, at: At): ControlEvent => ({
  kind: 'grant.closed',
  at,
  data: { ...ofGrant(grant), reason: grant.because.reason, gateway },
});
