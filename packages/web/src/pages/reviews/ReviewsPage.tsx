/** The inbox: what waits at the left, the one that is looked at beside it; the whole of it by keyboard. */
import { Button, Modal } from '@mantine/core';
import { useDisclosure, useHotkeys } from '@mantine/hooks';
import { useQuery, useSuspenseQuery } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import type { AfterReviewView } from '@tidegate/contract';
import { useRef } from 'react';
import { reading } from '../../api/queries.ts';
import { EmptyState } from '../../components/EmptyState.tsx';
import { Facts } from '../../components/Facts.tsx';
import { Loading } from '../../components/Loading.tsx';
import { Page } from '../../components/Page.tsx';
import { Problem } from '../../components/Problem.tsx';
import { Read } from '../../components/Read.tsx';
import { RelativeTime } from '../../components/RelativeTime.tsx';
import { useNow } from '../../lib/now.ts';
import { isoText, timeText } from '../../lib/time.ts';
import { afterReviews } from '../../words/after-reviews.ts';
import { common } from '../../words/common.ts';
import { reviews as words } from '../../words/reviews.ts';
import { standIns } from '../../words/stand-ins.ts';
import { AfterReview } from './AfterReview.tsx';
import { AfterState, useAfterState } from './AfterState.tsx';
import { useInbox, type Waiting } from './inbox.ts';
import { Review, type ReviewKeys } from './Review.tsx';
import styles from './Reviews.module.css';

const route = getRouteApi('/signedIn/reviews');
/** How far behind the page's clock may be. */
const CLOCK_SECONDS = 10;

export function ReviewsPage() {
  const { requests, reviews, waiting } = useInbox();
  const [keys, { open, close }] = useDisclosure(false);
  // Where `?` needs Shift, and where it does not.
  useHotkeys([
    ['shift+?', open],
    ['?', open],
  ]);
  return (
    <Page
      title={words.title}
      lead={words.lead}
      wide
      actions={
        <Button variant="default" onClick={open}>
          {words.keys.button}
        </Button>
      }
    >
      <nav aria-label={words.more.label} className={styles.more}>
        <Link to="/stand-ins">{words.more.standIns}</Link>
        <Link to="/reviews/after">{words.more.after}</Link>
        <Link to="/policies/outgrown">{words.more.outgrown}</Link>
      </nav>
      <StandingIn />
      <Problem error={reviews.error} />
      <Read query={requests}>
        {() => {
          if (waiting.length > 0) return <Inbox waiting={waiting} />;
          return reviews.isPending ? <Loading /> : <EmptyState title={words.none} hint={words.noneHint} />;
        }}
      </Read>
      <Modal opened={keys} onClose={close} title={words.keys.title} closeButtonProps={{ 'aria-label': common.close }}>
        <Facts facts={words.keys.rows} />
      </Modal>
    </Page>
  );
}

/** In whose stead I review just now: why some of it came to me. */
function StandingIn() {
  const { data: me } = useSuspenseQuery(reading('me'));
  const { data } = useQuery(reading('delegations', { state: 'open' }));
  const now = useNow(CLOCK_SECONDS);
  const own = (data?.items ?? []).filter(
    ({ delegate, startsAt, endsAt }) =>
      delegate === me.name && Date.parse(startsAt) <= now + CLOCK_SECONDS * 1000 && Date.parse(endsAt) > now,
  );
  return own.map(({ id, person, endsAt }) => (
    <p key={id} className={styles.note}>
      {standIns.yours(person, timeText(endsAt, now))}
    </p>
  ));
}

function Inbox({ waiting }: { readonly waiting: readonly Waiting[] }) {
  const { id } = route.useSearch();
  const navigate = useNavigate();
  const deeds = useRef<ReviewKeys>(null);
  const index = Math.max(
    0,
    waiting.findIndex((each) => each.id === id),
  );
  const chosen = waiting[index];
  const go = (to: number) => {
    const next = waiting[Math.min(waiting.length - 1, Math.max(0, to))];
    if (next !== undefined) void navigate({ to: '/reviews', search: { id: next.id }, replace: true });
  };
  useHotkeys([
    ['j', () => go(index + 1)],
    ['ArrowDown', () => go(index + 1)],
    ['k', () => go(index - 1)],
    ['ArrowUp', () => go(index - 1)],
    ['a', () => deeds.current?.approve()],
    ['d', () => deeds.current?.deny()],
  ]);
  return (
    <div className={styles.inbox}>
      <nav aria-label={words.list}>
        <ul className={styles.list}>
          {waiting.map((each) => (
            <li key={each.id}>
              <Link
                to="/reviews"
                search={{ id: each.id }}
                replace
                className={styles.entry}
                data-chosen={each.id === chosen?.id}
                aria-current={each.id === chosen?.id ? 'true' : undefined}
              >
                <Entry of={each} />
              </Link>
            </li>
          ))}
        </ul>
      </nav>
      {chosen?.kind === 'request' && <Review key={chosen.id} request={chosen.request} keys={deeds} />}
      {chosen?.kind === 'after' && <AfterReview key={chosen.id} review={chosen.review} keys={deeds} />}
    </div>
  );
}

function Entry({ of }: { readonly of: Waiting }) {
  if (of.kind === 'request') {
    const { requester, createdAt, role, resource, duration } = of.request;
    return (
      <>
        <strong>{requester}</strong>
        <span className={styles.quiet}>
          <RelativeTime at={createdAt} show="age" />
        </span>
        <span>{words.wants(role, resource)}</span>
        <span className={styles.quiet}>{isoText(duration)}</span>
      </>
    );
  }
  return <Broken review={of.review} />;
}

function Broken({ review }: { readonly review: AfterReviewView }) {
  const { requester, role, resource, dueAt } = review;
  const state = useAfterState(review);
  return (
    <>
      <strong>{requester}</strong>
      <span className={styles.quiet}>
        {afterReviews.dueShort[state]} <RelativeTime at={dueAt} show="age" />
      </span>
      <span>{afterReviews.broke(role, resource)}</span>
      <AfterState review={review} />
    </>
  );
}
