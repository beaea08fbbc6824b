/** Where the look at a break-glass stands: to be looked at, overdue (as soon as it is), or what was said. */
import type { AfterReviewView } from '@tidegate/contract';
import { StateBadge } from '../../components/StateBadge.tsx';
import { useNow } from '../../lib/now.ts';
import { afterReviews as words } from '../../words/after-reviews.ts';

/** `overdue` is a matter of time alone: nobody tells the page that it has become so. */
export function useAfterState({ state, dueAt }: AfterReviewView): AfterReviewView['state'] {
  const now = useNow();
  return state === 'open' && Date.parse(dueAt) <= now ? 'overdue' : state;
}

export function AfterState({ review }: { readonly review: AfterReviewView }) {
  const state = useAfterState(review);
  const { verdict } = review;
  if (verdict !== null) {
    return (
      <StateBadge state={verdict} label={words.verdicts[verdict]} tone={verdict === 'justified' ? 'good' : 'bad'} />
    );
  }
  return <StateBadge state={state} label={words.state[state]} tone={state === 'overdue' ? 'bad' : 'wait'} />;
}
