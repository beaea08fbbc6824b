/** The first few requests that wait for me; the inbox has them all. */
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { reading } from '../../api/queries.ts';
import { EmptyState } from '../../components/EmptyState.tsx';
import { Read } from '../../components/Read.tsx';
import { RelativeTime } from '../../components/RelativeTime.tsx';
import { Section } from '../../components/Section.tsx';
import { isoText } from '../../lib/time.ts';
import { home } from '../../words/home.ts';
import styles from './Home.module.css';

const SHOWN = 5;

export function ToReview() {
  const waiting = useQuery(reading('requests', { filter: 'to-review' }));
  return (
    <Section title={home.review.title} actions={<Link to="/reviews">{home.review.all}</Link>}>
      <Read query={waiting}>
        {({ items }) =>
          items.length === 0 ? (
            <EmptyState title={home.review.none} />
          ) : (
            <ul className={styles.rows}>
              {items.slice(0, SHOWN).map(({ id, requester, role, resource, duration, createdAt }) => (
                <li key={id} className={styles.row}>
                  <Link to="/reviews" search={{ id }}>
                    {home.review.wants(requester, role, resource)}
                  </Link>
                  <span className={styles.what}>
                    {isoText(duration)} · <RelativeTime at={createdAt} show="age" />
                  </span>
                </li>
              ))}
            </ul>
          )
        }
      </Read>
    </Section>
  );
}
