/** What time alone tells: escalations, requests that wait for long, break-glass that nobody has looked at, stand-ins. */
import { type AccessRequest, openSteps, type PersonName, reached, stepsOf } from '@tidegate/core';
import { sql } from 'kysely';
import { type RequestRow, reviewsOf, toRequest } from '../access/rows.ts';
import { loadPeopleAmong } from '../identity/people.ts';
import { anyOf } from '../store/any.ts';
import type { Tx } from '../store/schema.ts';
import type { Notice } from './notice.ts';
import { Reviewers } from './reviewers.ts';
import { standInsBegun } from './stand-ins.ts';

/** Whoever could decide is reminded this often. */
const REMIND_EVERY_HOURS = 2;
/** An overdue review of a break-glass nags this often. */
const NAG_EVERY_HOURS = 24;
/** Requests and reviews read at once. */
const BATCH = 500;

/** A notice that is due: whom it goes to is asked only where it was not told yet. */
interface Due extends Omit<Notice, 'to'> {
  readonly to: () => Promise<readonly PersonName[]>;
}

/** Notices that are due now and were not told yet. */
export async function remindersDue(tx: Tx, now: Temporal.Instant): Promise<Notice[]> {
  const notices: Notice[] = [];
  const reviewers = new Reviewers(tx, now);
  for await (const rows of pendingRequests(tx, now)) {
    const reviews = await reviewsOf(
      tx,
      rows.map(({ id }) => id),
    );
    const due = rows.flatMap((row) => ofRequest(toRequest(row, reviews), reviewers, now));
    notices.push(...(await untold(tx, due)));
  }
  const begun = (await standInsBegun(tx, now)).map(({ to, ...notice }): Due => ({ ...notice, to: async () => to }));
  return [...notices, ...(await untold(tx, [...(await ofAfterReviews(tx, now)), ...begun]))];
}

async function untold(tx: Tx, due: readonly Due[]): Promise<Notice[]> {
  if (due.length === 0) return [];
  const keys = due.map(({ once }) => once);
  const told = await tx.selectFrom('notices').select('once').where('once', '=', anyOf(keys)).execute();
  const known = new Set(told.map(({ once }) => once));
  const notices: Notice[] = [];
  for (const each of due) if (!known.has(each.once)) notices.push({ ...each, to: await each.to() });
  return notices;
}

async function* pendingRequests(tx: Tx, now: Temporal.Instant): AsyncGenerator<readonly RequestRow[]> {
  let rows: readonly RequestRow[] = [];
  do {
    const last = rows.at(-1);
    rows = await tx
      .selectFrom('requests')
      .selectAll()
      .where('state', '=', 'pending')
      .where('lapsesAt', '>', now)
      .$if(last !== undefined, (query) =>
        query.where(sql<boolean>`(lapses_at, id) > (${last?.lapsesAt.toString()}, ${last?.id})`),
      )
      .orderBy('lapsesAt')
      .orderBy('id')
      .limit(BATCH)
      .execute();
    yield rows;
  } while (rows.length === BATCH);
}

function ofRequest(request: AccessRequest, reviewers: Reviewers, now: Temporal.Instant): Due[] {
  const due: Due[] = [];
  const { id, requester, role, resource, round } = request;
  const about = { at: now, request: id, grant: null };
  for (const { index, step } of openSteps(request, now)) {
    const { escalatesAt } = stepsOf(request)[index] ?? { escalatesAt: null };
    if (step.escalate === null || escalatesAt === null || !reached(escalatesAt, now)) continue;
    const among = [step.escalate.to];
    const text = `Nobody has decided yet, and it comes to you: ${requester} asks for ${role} on ${resource}: ${request.reason}`;
    const once = `escalated ${id} ${round} ${index}`;
    due.push({ ...about, kind: 'review.escalated', once, to: () => reviewers.among(request, among, 0), text });
  }
  const turns = Math.floor(now.since(request.roundAt).total('hour') / REMIND_EVERY_HOURS);
  if (turns === 0) return due;
  const text = `${requester} still waits for ${role} on ${resource}; the request lapses at ${request.lapsesAt.toString({ smallestUnit: 'minute' })}.`;
  const once = `reminder ${id} ${round} ${turns}`;
  due.push({ ...about, kind: 'review.reminder', once, to: () => reviewers.of(request, turns), text });
  return due;
}

async function ofAfterReviews(tx: Tx, now: Temporal.Instant): Promise<Due[]> {
  const rows = await tx
    .selectFrom('afterReviews')
    .selectAll()
    .where('reviewedAt', 'is', null)
    .where('dueAt', '<=', now)
    .orderBy('dueAt')
    .limit(BATCH)
    .execute();
  return rows.map(({ request, requester, role, resource, reviewers, dueAt }) => ({
    kind: 'break_glass.overdue',
    once: `overdue ${request} ${Math.floor(now.since(dueAt).total('hour') / NAG_EVERY_HOURS)}`,
    at: now,
    request,
    grant: null,
    to: async () => {
      const people = await loadPeopleAmong(tx, reviewers);
      return people.map(({ name }) => name).filter((name) => name !== requester);
    },
    text: `Nobody has looked at the break-glass of ${requester} (${role} on ${resource}) in time.`,
  }));
}
