/** Requests and grants between the store's rows and core's shapes. */
import type {
  AccessRequest,
  ApprovalStep,
  Closing,
  Given,
  Grant,
  GrantId,
  Recurrence,
  RequestId,
  Review,
} from '@tidegate/core';
import { durationText, parseDuration, TidegateError } from '@tidegate/core';
import type { Selectable } from 'kysely';
import { anyOf } from '../store/any.ts';
import type { Reader, Tx } from '../store/schema.ts';
import type { GrantRow, RequestsTable, StoredRecurrence, StoredStep } from '../store/schema-access.ts';

export type RequestRow = Selectable<RequestsTable>;

/** A request with what the store knows of it beyond core's shape. */
export interface StoredRequest {
  readonly request: AccessRequest;
  readonly row: RequestRow;
}

/** The request, locked until the transaction ends: whoever decides on it does so one after the other. */
export async function lockRequest(tx: Tx, id: RequestId): Promise<StoredRequest> {
  const row = await tx.selectFrom('requests').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
  if (row === undefined) throw noSuchRequest(id);
  return { request: toRequest(row, await reviewsOf(tx, [id])), row };
}

export async function readRequest(db: Reader, id: RequestId): Promise<StoredRequest> {
  const row = await db.selectFrom('requests').selectAll().where('id', '=', id).executeTakeFirst();
  if (row === undefined) throw noSuchRequest(id);
  return { request: toRequest(row, await reviewsOf(db, [id])), row };
}

/** Those there are of many, read at once. */
export async function readRequests(db: Reader, ids: readonly RequestId[]): Promise<Map<RequestId, AccessRequest>> {
  if (ids.length === 0) return new Map();
  const rows = await db.selectFrom('requests').selectAll().where('id', '=', anyOf(ids)).execute();
  const reviews = await reviewsOf(db, ids);
  return new Map(rows.map((row) => [row.id, toRequest(row, reviews)]));
}

/** The grant, locked until the transaction ends. */
export async function lockGrant(tx: Tx, id: GrantId): Promise<Grant> {
  const row = await tx.selectFrom('grants').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
  if (row === undefined) throw noSuchGrant(id);
  return toGrant(row);
}

/** Whoever closes a grant locks what would extend it first: a reviewer takes the two locks in that order too. */
export async function lockExtensions(tx: Tx, grant: GrantId): Promise<void> {
  await tx
    .selectFrom('requests')
    .select('id')
    .where('extends', '=', grant)
    .where('state', '=', 'pending')
    .forUpdate()
    .execute();
}

export async function readGrantRow(db: Reader, id: GrantId): Promise<GrantRow> {
  const row = await db.selectFrom('grants').selectAll().where('id', '=', id).executeTakeFirst();
  if (row === undefined) throw noSuchGrant(id);
  return row;
}

/** In the order in which they were given. */
export async function reviewsOf(
  db: Reader,
  requests: readonly RequestId[],
): Promise<(Review & { request: RequestId })[]> {
  const rows = await db
    .selectFrom('reviews')
    .select(['request', 'reviewer', 'onBehalfOf', 'round', 'step', 'fits', 'decision', 'duration', 'comment', 'at'])
    .where('request', '=', anyOf(requests))
    .orderBy('at')
    .orderBy('reviewer')
    .execute();
  // Of reviews that are older than the column nothing else is known than where they counted.
  return rows.map((row) => ({ ...row, fits: row.fits ?? [row.step] }));
}

/** From the column. */
export const toSteps = (steps: readonly StoredStep[]): readonly ApprovalStep[] =>
  steps.map((step) => ({
    ...step,
    escalate: step.escalate === null ? null : { ...step.escalate, after: parseDuration(step.escalate.after) },
  }));

/** As the column has them. */
export const storedSteps = (steps: readonly ApprovalStep[]): string => {
  const stored: StoredStep[] = steps.map((step) => ({
    ...step,
    escalate: step.escalate === null ? null : { ...step.escalate, after: durationText(step.escalate.after) },
  }));
  return JSON.stringify(stored);
};

const toRecurrence = (stored: StoredRecurrence): Recurrence => ({
  ...stored,
  until: Temporal.Instant.from(stored.until),
});

export function toRequest(row: RequestRow, reviews: readonly (Review & { request: RequestId })[]): AccessRequest {
  return {
    id: row.id,
    requester: row.requester,
    runBy: row.runBy,
    resource: row.resource,
    role: row.role,
    duration: row.duration,
    startsAt: row.startsAt,
    recurrence: row.recurrence === null ? null : toRecurrence(row.recurrence),
    reason: row.reason,
    ticket: row.ticket,
    extends: row.extends,
    only: row.only,
    breakGlass: row.breakGlass,
    state: row.state,
    rule: row.rule,
    policyVersion: row.policyVersion,
    steps: toSteps(row.steps),
    round: row.round,
    roundAt: row.roundAt,
    reviews: reviews.filter(({ request }) => request === row.id),
    createdAt: row.createdAt,
    lapsesAt: row.lapsesAt,
  };
}

export function toGrant(row: GrantRow): Grant {
  const common = {
    id: row.id,
    request: row.request,
    person: row.person,
    resource: row.resource,
    role: row.role,
    loginName: row.loginName,
    duration: row.duration,
    notBefore: row.notBefore,
    opening: row.opening,
    openBy: row.openBy,
  };
  const { state, startsAt, expiresAt, closedAt } = row;
  const because: Closing | null =
    row.closeReason === null ? null : { reason: row.closeReason, by: row.closedBy, comment: row.closeComment };
  if (state === 'scheduled') return { ...common, state };
  if (state === 'active' && startsAt !== null && expiresAt !== null) return { ...common, state, startsAt, expiresAt };
  if (state === 'closing' && because !== null) return { ...common, state, startsAt, expiresAt, because };
  if (state === 'closed' && because !== null && closedAt !== null) {
    return { ...common, state, startsAt, expiresAt, because, closedAt };
  }
  // The table's CHECKs rule this out: a row that is like this was not written through them.
  throw new TidegateError('internal', `Grant ${row.id} is in a state that cannot be.`);
}

/** What was approved. */
export function givenOf({ id, privileges, lines }: Pick<GrantRow, 'id' | 'privileges' | 'lines'>): Given {
  if (privileges !== 'lines') return { level: privileges };
  if (lines !== null) return { lines };
  // The table's CHECKs rule this out as well.
  throw new TidegateError('internal', `Grant ${id} gives what nobody knows.`);
}

export const noSuchRequest = (id: string): TidegateError =>
  new TidegateError('not_found', `There is no request ${id}.`, 'See tidegate requests.');

export const noSuchGrant = (id: string): TidegateError =>
  new TidegateError('not_found', `There is no grant ${id}.`, 'See tidegate grants.');
