/** What time alone tells: escalations, requests that wait for long, break-glass that nobody has looked at. */
import { openSteps, reached, stepsOf } from '@tidegate/core';
import { reviewsOf, toRequest } from '../access/rows.ts';
import { loadPeopleAmong } from '../identity/people.ts';
import type { Tx } from '../store/schema.ts';
import type { Notice } from './notice.ts';
import { eligible, reviewersNow } from './reviewers.ts';

/** Whoever could decide is reminded this often. */
const REMIND_EVERY_HOURS = 2;
/** An overdue review of a break-glass nags this often. */
const NAG_EVERY_HOURS = 24;
/** Requests and reviews looked at in one turn; the next takes on from there. */
const BATCH = 500;

/** Notices that are due now; those that were told already are passed over by their `once`. */
export async function remindersDue(tx: Tx, now: Temporal.Instant): Promise<Notice[]> {
  return [...(await ofRequests(tx, now)), ...(await ofAfterReviews(tx, now))];
}

async function ofRequests(tx: Tx, now: Temporal.Instant): Promise<Notice[]> {
  const rows = await tx
    .selectFrom('requests')
    .selectAll()
    .where('state', '=', 'pending')
    .where('lapsesAt', '>', now)
    .orderBy('lapsesAt')
    .limit(BATCH)
    .execute();
  const reviews = await reviewsOf(
    tx,
    rows.map(({ id }) => id),
  );
  const notices: Notice[] = [];
  for (const row of rows) {
    const request = toRequest(row, reviews);
    const { id, requester, role, resource, round } = request;
    const about = { at: now, request: id, grant: null };
    for (const { index, step } of openSteps(request, now)) {
      const { escalatesAt } = stepsOf(request)[index] ?? { escalatesAt: null };
      if (step.escalate === null || escalatesAt === null || !reached(escalatesAt, now)) continue;
      const to = await eligible(tx, request, [step.escalate.to], now);
      const text = `Nobody has decided yet, and it comes to you: ${requester} asks for ${role} on ${resource}: ${request.reason}`;
      notices.push({ ...about, kind: 'review.escalated', once: `escalated ${id} ${round} ${index}`, to, text });
    }
    const turns = Math.floor(now.since(request.roundAt).total('hour') / REMIND_EVERY_HOURS);
    if (turns === 0) continue;
    const to = await reviewersNow(tx, request, now);
    const text = `${requester} still waits for ${role} on ${resource}; the request lapses at ${request.lapsesAt.toString({ smallestUnit: 'minute' })}.`;
    notices.push({ ...about, kind: 'review.reminder', once: `reminder ${id} ${round} ${turns}`, to, text });
  }
  return notices;
}

async function ofAfterReviews(tx: Tx, now: Temporal.Instant): Promise<Notice[]> {
  const rows = await tx
    .selectFrom('afterReviews')
    .selectAll()
    .where('reviewedAt', 'is', null)
    .where('dueAt', '<=', now)
    .orderBy('dueAt')
    .limit(BATCH)
    .execute();
  const notices: Notice[] = [];
  for (const { request, requester, role, resource, reviewers, dueAt } of rows) {
    const turns = Math.floor(now.since(dueAt).total('hour') / NAG_EVERY_HOURS);
    const people = await loadPeopleAmong(tx, reviewers);
    notices.push({
      kind: 'break_glass.overdue',
      once: `overdue ${request} ${turns}`,
      at: now,
      request,
      grant: null,
      to: people.map(({ name }) => name).filter((name) => name !== requester),
      text: `Nobody has looked at the break-glass of ${requester} (${role} on ${resource}) in time.`,
    });
  }
  return notices;
}
