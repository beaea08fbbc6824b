/** The first few things that wait for my review; the inbox has them all. */
import { Link } from '@tanstack/react-router';
import type { AfterReviewView } from '@tidegate/contract';
import { EmptyState } from '../../components/EmptyState.tsx';
import { Read } from '../../components/Read.tsx';
import { RelativeTime } from '../../components/RelativeTime.tsx';
import { Section } from '../../components/Section.tsx';
import { isoText } from '../../lib/time.ts';
import { afterReviews } from '../../words/after-reviews.ts';
import { home } from '../../words/home.ts';
import { useAfterState } from '../reviews/AfterState.tsx';
import { useInbox, type Waiting } from '../reviews/inbox.ts';
import styles from './Home.module.css';

const SHOWN = 5;

export function ToReview() {
  const { requests, waiting } = useInbox();
  return (
    <Section title={home.review.title} actions={<Link to="/reviews">{home.review.all}</Link>}>
      <Read query={requests}>
        {() =>
          waiting.length === 0 ? (
            <EmptyState title={home.review.none} />
          ) : (
            <ul className={styles.rows}>
              {waiting.slice(0, SHOWN).map((each) => (
                <li key={each.id} className={styles.row}>
                  <One of={each} />
                </li>
              ))}
            </ul>
          )
        }
      </Read>
    </Section>
  );
}

function One({ of }: { readonly of: Waiting }) {
  if (of.kind === 'request') {
    const { requester, role, resource, duration, createdAt } = of.request;
    return (
      <>
        <Link to="/reviews" search={{ id: of.id }}>
          {home.review.wants(requester, role, resource)}
        </Link>
        <span className={styles.what}>
          {isoText(duration)} · <RelativeTime at={createdAt} show="age" />
        </span>
      </>
    );
  }
  return <Broken review={of.review} />;
}

function Broken({ review }: { readonly review: AfterReviewView }) {
  const { request, requester, role, resource, dueAt } = review;
  const state = useAfterState(review);
  return (
    <>
      <Link to="/reviews" search={{ id: request }}>
        {home.review.broke(requester, role, resource)}
      </Link>
      <span className={styles.what}>
        {afterReviews.dueShort[state]} <RelativeTime at={dueAt} show="age" />
      </span>
    </>
  );
}
