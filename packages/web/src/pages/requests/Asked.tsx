/** What was asked for, and by which rule it is decided. */
import type { AfterReviewView, RequestView } from '@tidegate/contract';
import { Facts } from '../../components/Facts.tsx';
import { RelativeTime } from '../../components/RelativeTime.tsx';
import { windowsText } from '../../lib/saying.ts';
import { isoText } from '../../lib/time.ts';
import { timeIn } from '../../lib/windows.ts';
import { access } from '../../words/access.ts';
import { afterReviews } from '../../words/after-reviews.ts';
import { windows } from '../../words/windows.ts';
import { AfterState, useAfterState } from '../reviews/AfterState.tsx';

/** The states in which something may still open. */
const WAITS: ReadonlySet<string> = new Set(['pending', 'approved']);

export function Asked({ request }: { readonly request: RequestView }) {
  const { duration, agreedDuration, startsAt, reason, ticket, only, createdAt, lapsesAt, state, decision } = request;
  const { breakGlass, recurrence, afterReview } = request;
  return (
    <Facts
      facts={[
        [access.duration, isoText(duration)],
        [access.agreed, agreedDuration === duration ? null : isoText(agreedDuration)],
        [access.start, recurrence === null ? <Start key="from" at={startsAt} breakGlass={breakGlass} /> : null],
        [windows.title, recurrence === null ? null : windowsText(recurrence, agreedDuration)],
        [windows.last, recurrence === null ? null : timeIn(Date.parse(recurrence.until) - 1, recurrence.timeZone)],
        [windows.next, recurrence === null || !WAITS.has(state) ? null : <Next key="next" request={request} />],
        [access.only, only?.join(', ')],
        [access.reason, reason === '' ? access.noReason : reason],
        [access.ticket, ticket],
        [access.extends, request.extends],
        [afterReviews.looked, afterReview === null ? null : <Looked key="looked" review={afterReview} />],
        [access.asked, <RelativeTime key="asked" at={createdAt} />],
        [access.lapses, state === 'pending' ? <RelativeTime key="lapses" at={lapsesAt} /> : null],
        [access.rule, decision.why],
      ]}
    />
  );
}

function Start({ at, breakGlass }: { readonly at: string | null; readonly breakGlass: boolean }) {
  if (at !== null) return <RelativeTime at={at} />;
  return breakGlass ? access.glassBroken : access.atOnce;
}

function Next({ request: { state, nextOpening, startsAt } }: { readonly request: RequestView }) {
  // While it waits for approval, its first window is where it would start.
  const next = state === 'pending' ? startsAt : nextOpening;
  return next === null ? windows.over : <RelativeTime at={next} />;
}

/** What was said of a break-glass, or by when it is to be said. */
function Looked({ review }: { readonly review: AfterReviewView }) {
  const { dueAt, reviewedBy, verdict, comment, reviewers } = review;
  const state = useAfterState(review);
  if (state === 'done') {
    return (
      <>
        {afterReviews.found(reviewedBy ?? '', afterReviews.verdicts[verdict ?? ''] ?? '')}
        {comment !== null && `: ${comment}`}
      </>
    );
  }
  return (
    <>
      <AfterState review={review} />, {afterReviews.dueShort[state]} <RelativeTime at={dueAt} /> (
      {[...reviewers.groups, ...reviewers.people].join(', ')})
    </>
  );
}
