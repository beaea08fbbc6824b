/** What waits for me: requests to decide, and break-glass to look at afterwards that is mine to judge. */
import { type UseQueryResult, useQuery, useSuspenseQuery } from '@tanstack/react-query';
import type { AfterReviewView, Answer, Me, RequestView } from '@tidegate/contract';
import { reading } from '../../api/queries.ts';

export type Waiting =
  | { readonly kind: 'request'; readonly id: string; readonly request: RequestView }
  | { readonly kind: 'after'; readonly id: string; readonly review: AfterReviewView };

/** Was I told of it, and is it another's? Whoever only may see it is not asked. */
export const isMineToJudge = ({ requester, reviewers, state }: AfterReviewView, me: Me): boolean =>
  state !== 'done' &&
  requester !== me.name &&
  (reviewers.people.includes(me.name) || reviewers.groups.some((group) => me.groups.includes(group)));

export interface Inbox {
  readonly requests: UseQueryResult<Answer<'requests'>>;
  readonly reviews: UseQueryResult<Answer<'afterReviews'>>;
  /** What is known by now; requests first, because somebody waits for them. */
  readonly waiting: readonly Waiting[];
}

const MOST = 200;

export function useInbox(): Inbox {
  const { data: me } = useSuspenseQuery(reading('me'));
  const requests = useQuery(reading('requests', { filter: 'to-review' }));
  const reviews = useQuery(reading('afterReviews', { state: 'open', limit: MOST }));
  const waiting: readonly Waiting[] = [
    ...(requests.data?.items ?? []).map((request) => ({ kind: 'request' as const, id: request.id, request })),
    ...(reviews.data?.items ?? [])
      .filter((review) => isMineToJudge(review, me))
      .map((review) => ({ kind: 'after' as const, id: review.request, review })),
  ];
  return { requests, reviews, waiting };
}
