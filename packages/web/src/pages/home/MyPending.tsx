/** My requests that are not decided yet: where each stands, and who could move it. */
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { RequestView } from '@tidegate/contract';
import { reading } from '../../api/queries.ts';
import { EmptyState } from '../../components/EmptyState.tsx';
import { Read } from '../../components/Read.tsx';
import { RelativeTime } from '../../components/RelativeTime.tsx';
import { Section } from '../../components/Section.tsx';
import { isoText } from '../../lib/time.ts';
import { access } from '../../words/access.ts';
import { home } from '../../words/home.ts';
import { WhoCould } from '../requests/WhoCould.tsx';
import styles from './Home.module.css';

export function MyPending() {
  const mine = useQuery(reading('requests', { filter: 'mine' }));
  return (
    <Section title={home.mine.title} actions={<Link to="/requests">{home.mine.all}</Link>}>
      <Read query={mine}>
        {({ items }) => {
          const pending = items.filter(({ state }) => state === 'pending');
          if (pending.length === 0) return <EmptyState title={home.mine.none} />;
          return (
            <ul className={styles.rows}>
              {pending.map((request) => (
                <Waiting key={request.id} request={request} />
              ))}
            </ul>
          );
        }}
      </Read>
    </Section>
  );
}

function Waiting({ request }: { readonly request: RequestView }) {
  const { id, role, resource, duration, createdAt } = request;
  return (
    <li className={styles.row}>
      <span>
        <Link to="/requests/$id" params={{ id }}>
          {role} {access.on} {resource}
        </Link>{' '}
        <WhoCould request={request} />
      </span>
      <span className={styles.what}>
        {isoText(duration)} · <RelativeTime at={createdAt} show="age" />
      </span>
    </li>
  );
}
