/** Requests and grants as the API shows them, and who may see them. */
import type { GrantView, RequestView } from '@tidegate/contract';
import {
  type AccessRequest,
  durationText,
  type Grant,
  type GrantId,
  givenText,
  isEligible,
  type Person,
  type RequestId,
  type ResourceName,
  stepsOf,
  TidegateError,
} from '@tidegate/core';
import { currentConfig } from '../config/current.ts';
import { isAdministrator, seesAll } from '../identity/caller.ts';
import { anyOf } from '../store/any.ts';
import type { Reader } from '../store/schema.ts';
import type { GrantRow } from '../store/schema-access.ts';
import { givenOf, noSuchGrant, noSuchRequest, type RequestRow, readGrantRow, reviewsOf, toRequest } from './rows.ts';

/** Administrators, and members of the resource's owning groups. */
export async function mayAct(db: Reader, person: Person, resource: ResourceName): Promise<boolean> {
  return isAdministrator(person) || (await ownedBy(db, person)).includes(resource);
}

/** The resources a person's groups own. */
export async function ownedBy(db: Reader, { groups }: Person): Promise<readonly ResourceName[]> {
  const { resources } = await currentConfig(db);
  return resources.filter(({ owners }) => owners.some((group) => groups.includes(group))).map(({ name }) => name);
}

/** Its requester, whoever reviewed it or could, the resource's owners, auditors and administrators. */
export async function maySeeRequest(db: Reader, person: Person, request: AccessRequest): Promise<boolean> {
  return (
    request.requester === person.name ||
    seesAll(person) ||
    request.reviews.some(({ reviewer }) => reviewer === person.name) ||
    request.steps.some((step) => isEligible(step, request.requester, person)) ||
    (await ownedBy(db, person)).includes(request.resource)
  );
}

/** Throws `not_found` to whoever may not see it: that it exists is nothing to them. */
export async function assertMaySeeRequest(db: Reader, person: Person, request: AccessRequest): Promise<void> {
  if (!(await maySeeRequest(db, person, request))) throw noSuchRequest(request.id);
}

/** Its holder, the resource's owners, auditors and administrators; `not_found` to others. */
export async function assertMaySeeGrant(
  db: Reader,
  person: Person,
  grant: Pick<Grant, 'id' | 'person' | 'resource'>,
): Promise<void> {
  if (grant.person === person.name || seesAll(person)) return;
  if ((await ownedBy(db, person)).includes(grant.resource)) return;
  throw noSuchGrant(grant.id);
}

/** Throws `forbidden` to those who may see it, `not_found` to all others. */
export function assertOwnGrant(person: Person, grant: Pick<Grant, 'id' | 'person'>): void {
  if (grant.person === person.name) return;
  if (!seesAll(person)) throw noSuchGrant(grant.id);
  throw new TidegateError('forbidden', 'Only its holder may do this with a grant.', `Ask ${grant.person}.`);
}

/** Throws `not_found`. */
export async function showRequest(db: Reader, id: RequestId): Promise<RequestView> {
  const rows = await db.selectFrom('requests').selectAll().where('id', '=', id).execute();
  const [view] = await showRequests(db, rows);
  if (view === undefined) throw noSuchRequest(id);
  return view;
}

/** In the order of `rows`; reviews and grants are read for all of them at once. */
export async function showRequests(db: Reader, rows: readonly RequestRow[]): Promise<RequestView[]> {
  if (rows.length === 0) return [];
  const ids = rows.map(({ id }) => id);
  const extended = rows.map((row) => row.extends).filter((id) => id !== null);
  const reviews = await reviewsOf(db, ids);
  const grants = await db
    .selectFrom('grants')
    .selectAll()
    .where((eb) => eb.or([eb('request', '=', anyOf(ids)), eb('id', '=', anyOf(extended))]))
    .execute();
  return rows.map((row) => {
    const grant = grants.find((each) => each.request === row.id || each.id === row.extends);
    return viewOf(row, toRequest(row, reviews), grant ?? null);
  });
}

function viewOf(row: RequestRow, request: AccessRequest, grant: GrantRow | null): RequestView {
  return {
    id: request.id,
    requester: request.requester,
    resource: request.resource,
    role: request.role,
    duration: durationText(request.duration),
    startsAt: request.startsAt?.toString() ?? null,
    reason: request.reason,
    ticket: request.ticket,
    extends: request.extends,
    only: request.only === null ? null : [...request.only],
    state: request.state,
    createdAt: request.createdAt.toString(),
    lapsesAt: request.lapsesAt.toString(),
    steps: stepsOf(request).map(({ step, approvedBy, state }) => ({
      groups: [...step.groups],
      people: [...step.people],
      count: step.count,
      approvedBy: [...approvedBy],
      state,
    })),
    reviews: request.reviews.map(({ reviewer, step, decision, comment, at }) => ({
      reviewer,
      step,
      decision,
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
  };
}
