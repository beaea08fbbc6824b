/** What comes after a break-glass: somebody who was told of it says whether it was justified. */
import type { AfterReviewView } from '@tidegate/contract';
import {
  type AccessRequest,
  after,
  type Chosen,
  isEligible,
  isRequester,
  type Person,
  type RequestId,
  type Rule,
  reached,
  TidegateError,
} from '@tidegate/core';
import type { Selectable } from 'kysely';
import type { Context } from '../context.ts';
import type { Caller } from '../identity/caller.ts';
import { seesAll } from '../identity/permissions/may.ts';
import { appendEvent, type ControlEvent } from '../record/events.ts';
import { recorded } from '../refusals.ts';
import { announce } from '../store/announce.ts';
import { cursorInstant, type Page, type PageQuery, pageOf, parseCursor } from '../store/cursor.ts';
import type { Reader, Tx } from '../store/schema.ts';
import type { AfterReviewsTable } from '../store/schema-access.ts';
import { noSuchRequest } from './rows.ts';

type Row = Selectable<AfterReviewsTable>;

/** Opens the review of a break-glass that was given just now; the event tells who is to be told. */
export async function openAfterReview(
  tx: Tx,
  request: AccessRequest,
  { notify, reviewWithin }: NonNullable<Rule['breakGlass']>,
  now: Temporal.Instant,
): Promise<ControlEvent> {
  const { id, requester, runBy, resource, role } = request;
  const dueAt = after(now, reviewWithin);
  await tx
    .insertInto('afterReviews')
    .values({ request: id, requester, runBy, resource, role, reviewers: JSON.stringify(notify), dueAt })
    .execute();
  return {
    kind: 'break_glass.used',
    at: now,
    data: {
      person: requester,
      request: id,
      resource,
      role,
      reason: request.reason,
      notify: { groups: [...notify.groups], people: [...notify.people] },
      reviewBy: dueAt.toString(),
    },
  };
}

export interface Verdict {
  readonly verdict: NonNullable<Row['verdict']>;
  readonly comment: string;
}

/**
 * Says it. Throws `not_found` (not visible), `own_request`, `not_a_reviewer`, `wrong_state` (said already). Overdue ones
 * can still be said.
 */
export function reviewAfterwards(
  context: Context,
  caller: Caller,
  id: RequestId,
  { verdict, comment }: Verdict,
): Promise<AfterReviewView> {
  const tried = { person: caller.name, request: id, verdict };
  return recorded(context, { kind: 'break_glass.review.refused', data: tried }, () =>
    context.store.transaction(async (tx) => {
      const now = context.now();
      const row = await tx
        .selectFrom('afterReviews')
        .selectAll()
        .where('request', '=', id)
        .forUpdate()
        .executeTakeFirst();
      if (row === undefined || !maySee(row, caller)) throw noSuchRequest(id);
      assertMayReview(row, caller);
      const said = { reviewedBy: caller.name, verdict, comment: comment.trim(), reviewedAt: now };
      if (said.comment === '') {
        throw new TidegateError('comment_required', 'This review needs a comment.', 'Say what you found.');
      }
      await tx.updateTable('afterReviews').set(said).where('request', '=', id).execute();
      const data = { by: caller.name, request: id, resource: row.resource, role: row.role, requester: row.requester };
      await announce(tx, row.resource, { request: id });
      await appendEvent(tx, {
        kind: 'break_glass.reviewed',
        at: now,
        data: { ...data, verdict, comment: said.comment },
      });
      return show({ ...row, ...said }, now);
    }),
  );
}

function assertMayReview(row: Row, caller: Caller): void {
  if (isRequester({ name: row.requester, runBy: row.runBy }, caller.name)) {
    throw new TidegateError('own_request', 'Nobody reviews their own break-glass.', 'Ask one of those who were told.');
  }
  if (row.reviewedAt !== null) {
    throw new TidegateError('wrong_state', `${row.reviewedBy} has reviewed this already.`, '');
  }
  if (!mayReview(row, caller)) {
    throw new TidegateError('not_a_reviewer', 'You are not one of those who were told of this.', '');
  }
}

/**
 * Is it `person` who says whether this break-glass was justified? Whoever judges it may see what they judge: the request,
 * its grant, its sessions and their statements.
 */
export async function judges(db: Reader, person: Person, request: RequestId): Promise<boolean> {
  const row = await db.selectFrom('afterReviews').selectAll().where('request', '=', request).executeTakeFirst();
  return row !== undefined && mayReview(row, person);
}

const mayReview = (row: Row, person: Person): boolean =>
  isEligible(row.reviewers, { name: row.requester, runBy: row.runBy }, person);

const maySee = (row: Row, caller: Caller): boolean =>
  seesAll(caller) || row.requester === caller.name || mayReview(row, caller);

/** By when they are due, latest first; open ones those most overdue first. Only those the caller may see. */
export async function listAfterReviews(
  db: Reader,
  caller: Caller,
  state: 'open' | 'all',
  page: PageQuery,
  now: Temporal.Instant,
): Promise<Page<AfterReviewView>> {
  const order = state === 'open' ? 'asc' : 'desc';
  const rows: Row[] = [];
  for (let from = keyOf(page.cursor); rows.length <= page.limit; ) {
    const found = await db
      .selectFrom('afterReviews')
      .selectAll()
      .$if(state === 'open', (query) => query.where('reviewedAt', 'is', null))
      .$if(from !== null, (query) =>
        query.where((eb) =>
          eb(
            eb.refTuple('dueAt', 'request'),
            state === 'open' ? '>' : '<',
            eb.tuple(from?.at ?? now, from?.id ?? id('')),
          ),
        ),
      )
      .orderBy('dueAt', order)
      .orderBy('request', order)
      .limit(page.limit + 1)
      .execute();
    rows.push(...found.filter((row) => maySee(row, caller)));
    const last = found.at(-1);
    if (last === undefined || found.length <= page.limit) break;
    from = { at: last.dueAt, id: last.request };
  }
  return pageOf(
    rows.slice(0, page.limit + 1),
    page.limit,
    ({ dueAt, request }) => [dueAt.toString(), request],
    (row) => show(row, now),
  );
}

const id = (text: string): RequestId => text as RequestId;

function keyOf(cursor: string | null): { readonly at: Temporal.Instant; readonly id: RequestId } | null {
  const [at, request] = parseCursor(cursor, 2) ?? [];
  return at === undefined || request === undefined ? null : { at: cursorInstant(at), id: id(request) };
}

/** Those of these requests that were break-glass. */
export async function afterReviewsOf(
  db: Reader,
  requests: readonly RequestId[],
  now: Temporal.Instant,
): Promise<ReadonlyMap<RequestId, AfterReviewView>> {
  if (requests.length === 0) return new Map();
  const rows = await db
    .selectFrom('afterReviews')
    .selectAll()
    .where('request', 'in', [...requests])
    .execute();
  return new Map(rows.map((row) => [row.request, show(row, now)]));
}

function show(row: Row, now: Temporal.Instant): AfterReviewView {
  const reviewers: Chosen = row.reviewers;
  return {
    request: row.request,
    requester: row.requester,
    resource: row.resource,
    role: row.role,
    reviewers: { groups: [...reviewers.groups], people: [...reviewers.people] },
    dueAt: row.dueAt.toString(),
    state: row.reviewedAt !== null ? 'done' : reached(row.dueAt, now) ? 'overdue' : 'open',
    reviewedBy: row.reviewedBy,
    verdict: row.verdict,
    comment: row.comment,
    reviewedAt: row.reviewedAt?.toString() ?? null,
  };
}
