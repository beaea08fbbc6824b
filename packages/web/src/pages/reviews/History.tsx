/** What the person asked for before, as far as the reviewer may see it, and what came of the same role last time. */
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { RequestView } from '@tidegate/contract';
import { reading } from '../../api/queries.ts';
import { RelativeTime } from '../../components/RelativeTime.tsx';
import { Section } from '../../components/Section.tsx';
import { StateBadge } from '../../components/StateBadge.tsx';
import { stateOf } from '../../lib/saying.ts';
import { reviews as words } from '../../words/reviews.ts';
import styles from './Reviews.module.css';

const SHOWN = 5;

export function History({ request: { id, requester, resource, role } }: { readonly request: RequestView }) {
  const { data } = useQuery(reading('requests', { filter: 'all', limit: 200 }));
  if (data === undefined) return null;
  const before = data.items.filter((each) => each.requester === requester && each.id !== id);
  const last = before.find((each) => each.resource === resource && each.role === role && each.grant !== null);
  return (
    <Section title={words.history}>
      {before.length === 0 && <p className={styles.quiet}>{words.noHistory(requester)}</p>}
      <ul className={styles.history}>
        {before.slice(0, SHOWN).map((each) => (
          <li key={each.id}>
            <span>
              <Link to="/requests/$id" params={{ id: each.id }}>
                {words.wants(each.role, each.resource)}
              </Link>{' '}
              {each === last && <LastUse grant={each.grant?.id ?? ''} />}
            </span>
            <span className={styles.quiet}>
              <StateBadge {...stateOf(each)} /> <RelativeTime at={each.createdAt} show="age" />
            </span>
          </li>
        ))}
      </ul>
    </Section>
  );
}

/** How much a grant was used: for reviewers who may see its sessions. */
function LastUse({ grant }: { readonly grant: string }) {
  const { data } = useQuery(reading('sessions', { grant, state: 'all' }));
  if (data === undefined || data.items.length === 0) return null;
  const statements = data.items.reduce((sum, session) => sum + session.statements, 0);
  return (
    <span className={styles.quiet}>
      {words.lastUsed}: {words.used(data.items.length, statements)}
    </span>
  );
}
