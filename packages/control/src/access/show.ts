/** Requests and grants as the API shows them, and who may see them. */
import type { AfterReviewView, GrantView, RequestView } from '@tidegate/contract';
import {
  type AccessRequest,
  type ApprovalStep,
  agreedDuration,
  durationText,
  type Grant,
  type GrantId,
  givenText,
  isEligible,
  isRequester,
  namedIn,
  type Person,
  type RequestId,
  type ResourceName,
  stepsOf,
  TidegateError,
} from '@tidegate/core';
import { currentConfig } from '../config/current.ts';
import { administers, seenBy, sees, seesAll } from '../identity/permissions/may.ts';
import type { Powered } from '../identity/permissions/powers.ts';
import { anyOf } from '../store/any.ts';
import type { Reader } from '../store/schema.ts';
import type { GrantRow } from '../store/schema-access.ts';
import { afterReviewsOf, judges } from './after-review.ts';
import { givenOf, noSuchGrant, noSuchRequest, type RequestRow, readGrantRow, reviewsOf, toRequest } from './rows.ts';

/** Administrators, of everything or of this resource, and members of the resource's owning groups. */
export async function mayAct(db: Reader, person: Powered, resource: ResourceName): Promise<boolean> {
  return administers(person, resource) || (await ownedBy(db, person)).includes(resource);
}

/** The resources a person's groups own. */
export async function ownedBy(db: Reader, { groups }: Person): Promise<readonly ResourceName[]> {
  const { resources } = await currentConfig(db);
  return resources.filter(({ owners }) => owners.some((group) => groups.includes(group))).map(({ name }) => name);
}

/** The resources where a person may look at what is others': those they own, and those that their roles here reach. */
export async function inSightOf(db: Reader, person: Powered): Promise<readonly ResourceName[]> {
  const { resources } = await currentConfig(db);
  const names = resources.map(({ name }) => name);
  return [...new Set([...(await ownedBy(db, person)), ...seenBy(person, names)])];
}

/**
 * Its requester, whoever reviewed it or could (in their own right, or in the stead of the `absent`), the resource's
 * owners, auditors and administrators; of a break-glass, whoever judges it afterwards.
 */
export async function maySeeRequest(
  db: Reader,
  person: Powered,
  request: AccessRequest,
  absent: readonly Person[] = [],
): Promise<boolean> {
  const requester = { name: request.requester, runBy: request.runBy };
  return (
    isRequester(requester, person.name) ||
    seesAll(person) ||
    request.reviews.some(({ reviewer }) => reviewer === person.name) ||
    request.steps.some((step) =>
      [person, ...absent].some((each) => isEligible(namedIn(step, true), requester, each)),
    ) ||
    (await inSightOf(db, person)).includes(request.resource) ||
    (request.breakGlass && (await judges(db, person, request.id)))
  );
}

/** Throws `not_found` to whoever may not see it: that it exists is nothing to them. */
export async function assertMaySeeRequest(
  db: Reader,
  person: Powered,
  request: AccessRequest,
  absent: readonly Person[] = [],
): Promise<void> {
  if (!(await maySeeRequest(db, person, request, absent))) throw noSuchRequest(request.id);
}

/** Its holder, the resource's owners, auditors and administrators, and who judges its break-glass; `not_found` to others. */
export async function assertMaySeeGrant(
  db: Reader,
  person: Powered,
  grant: Pick<Grant, 'id' | 'request' | 'person' | 'resource'>,
): Promise<void> {
  if (grant.person === person.name || seesAll(person)) return;
  if ((await inSightOf(db, person)).includes(grant.resource)) return;
  if (await judges(db, person, grant.request)) return;
  throw noSuchGrant(grant.id);
}

/** Throws `forbidden` to those who may see it, `not_found` to all others. */
export function assertOwnGrant(person: Powered, grant: Pick<Grant, 'id' | 'person' | 'resource'>): void {
  if (grant.person === person.name) return;
  if (!sees(person, grant.resource)) throw noSuchGrant(grant.id);
  throw new TidegateError('forbidden', 'Only its holder may do this with a grant.', `Ask ${grant.person}.`);
}

/** Throws `not_found`. */
export async function showRequest(db: Reader, id: RequestId, now: Temporal.Instant): Promise<RequestView> {
  const rows = await db.selectFrom('requests').selectAll().where('id', '=', id).execute();
  const [view] = await showRequests(db, rows, now);
  if (view === undefined) throw noSuchRequest(id);
  return view;
}

/** One that was asked just now and waits: nobody has reviewed it, and nothing came of it. */
export const showNew = (row: RequestRow): RequestView => viewOf(row, toRequest(row, []), null, null);

/** In the order of `rows`; reviews and grants are read for all of them at once. */
export async function showRequests(
  db: Reader,
  rows: readonly RequestRow[],
  now: Temporal.Instant,
): Promise<RequestView[]> {
  if (rows.length === 0) return [];
  const ids = rows.map(({ id }) => id);
  const extended = rows.map((row) => row.extends).filter((id) => id !== null);
  const reviews = await reviewsOf(db, ids);
  const grants = await db
    .selectFrom('grants')
    .selectAll()
    .where((eb) => eb.or([eb('request', '=', anyOf(ids)), eb('id', '=', anyOf(extended))]))
    // Of windows that come again the latest is shown.
    .orderBy('createdAt', 'desc')
    .execute();
  const looked = await afterReviewsOf(
    db,
    rows.filter(({ breakGlass }) => breakGlass).map(({ id }) => id),
    now,
  );
  return rows.map((row) => {
    const grant = grants.find((each) => each.request === row.id || each.id === row.extends);
    return viewOf(row, toRequest(row, reviews), grant ?? null, looked.get(row.id) ?? null);
  });
}

/** A step as it is asked for. */
export const showStep = ({ stage, groups, people, count, escalate }: ApprovalStep) => ({
  stage,
  groups: [...groups],
  people: [...people],
  count,
  escalate:
    escalate === null
      ? null
      : {
          after: durationText(escalate.after),
          to: { groups: [...escalate.to.groups], people: [...escalate.to.people] },
        },
});

function viewOf(
  row: RequestRow,
  request: AccessRequest,
  grant: GrantRow | null,
  afterReview: AfterReviewView | null,
): RequestView {
  return {
    id: request.id,
    requester: request.requester,
    runBy: [...request.runBy],
    resource: request.resource,
    role: request.role,
    duration: durationText(request.duration),
    startsAt: request.startsAt?.toString() ?? null,
    recurrence:
      request.recurrence === null
        ? null
        : { ...request.recurrence, days: [...request.recurrence.days], until: request.recurrence.until.toString() },
    nextOpening: row.nextOpening?.toString() ?? null,
    agreedDuration: durationText(agreedDuration(request)),
    breakGlass: request.breakGlass,
    afterReview,
    reason: request.reason,
    ticket: request.ticket,
    extends: request.extends,
    only: request.only === null ? null : [...request.only],
    round: request.round,
    state: request.state,
    createdAt: request.createdAt.toString(),
    lapsesAt: request.lapsesAt.toString(),
    steps: stepsOf(request).map(({ step, approvedBy, state, takesMore, escalatesAt }) => ({
      ...showStep(step),
      escalatesAt: escalatesAt?.toString() ?? null,
      approvedBy: [...approvedBy],
      state,
      takesMore,
    })),
    reviews: request.reviews.map(({ reviewer, onBehalfOf, round, step, decision, duration, comment, at }) => ({
      reviewer,
      onBehalfOf,
      round,
      step,
      decision,
      duration: duration === null ? null : durationText(duration),
      comment,
      at: at.toString(),
    })),
    decision: { rule: request.rule, why: row.why },
    grant: grant === null ? null : showGrantRow(grant),
  };
}

/** Throws `not_found`. */
export async function showGrant(db: Reader, id: GrantId): Promise<GrantView> {
  return showGrantRow(await readGrantRow(db, id));
}

export function showGrantRow(row: GrantRow): GrantView {
  return {
    id: row.id,
    request: row.request,
    person: row.person,
    resource: row.resource,
    engine: row.engine,
    role: row.role,
    loginName: row.loginName,
    state: row.state,
    duration: durationText(row.duration),
    startsAt: row.startsAt?.toString() ?? null,
    expiresAt: row.expiresAt?.toString() ?? null,
    closedAt: row.closedAt?.toString() ?? null,
    closedBecause: row.closeReason,
    closedBy: row.closedBy,
    comment: row.closeComment,
    problem: row.problem,
    lines: givenText(givenOf(row), row.engine),
    mayExport: row.mayExport,
  };
}
