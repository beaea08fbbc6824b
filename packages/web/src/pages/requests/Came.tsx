/** What came of a request: its grant, who connected under it, and the way to the record. */
import { useQuery, useSuspenseQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { GrantView, RequestView } from '@tidegate/contract';
import { reading } from '../../api/queries.ts';
import { Facts } from '../../components/Facts.tsx';
import { Read } from '../../components/Read.tsx';
import { RelativeTime } from '../../components/RelativeTime.tsx';
import { Section } from '../../components/Section.tsx';
import { StateBadge } from '../../components/StateBadge.tsx';
import { seesOthers } from '../../lib/may.ts';
import { forPage } from '../../lib/refusal.ts';
import { TakeAway } from '../../parts/TakeAway.tsx';
import { access } from '../../words/access.ts';
import { requests } from '../../words/requests.ts';
import styles from './Request.module.css';

const words = requests.one;

export function Came({ request: { grant, state, nextOpening } }: { readonly request: RequestView }) {
  if (grant === null) {
    return (
      <Section title={words.grant}>
        <p className={styles.quiet}>{state === 'pending' || nextOpening !== null ? words.notYet : words.noGrant}</p>
      </Section>
    );
  }
  return (
    <>
      <Section title={words.grant} actions={<TakeAway grant={grant} />}>
        <Granted grant={grant} />
      </Section>
      <Sessions grant={grant} />
    </>
  );
}

function Granted({ grant }: { readonly grant: GrantView }) {
  const { id, state, startsAt, expiresAt, closedAt, closedBecause, closedBy, comment, problem, loginName } = grant;
  const why = closedBecause === null ? null : (access.closed[closedBecause] ?? closedBecause);
  return (
    <Facts
      facts={[
        [words.grantId, <code key="id">{id}</code>],
        [requests.columns.state, <StateBadge key="state" state={state} label={access.state[state]} />],
        [words.login, <code key="login">{loginName}</code>],
        [words.from, startsAt === null ? null : <RelativeTime key="from" at={startsAt} />],
        [words.until, expiresAt === null ? null : <RelativeTime key="until" at={expiresAt} />],
        [words.ended, closedAt === null ? null : <RelativeTime key="ended" at={closedAt} />],
        [words.because, why === null ? null : [why, closedBy, comment].filter((part) => part !== null).join(', ')],
        [words.problem, problem === null ? null : forPage(problem)],
      ]}
    />
  );
}

function Sessions({ grant: { id, resource, person } }: { readonly grant: GrantView }) {
  const { data: me } = useSuspenseQuery(reading('me'));
  const sessions = useQuery(reading('sessions', { grant: id, state: 'all' }));
  const sees = person === me.name || seesOthers(me, resource);
  return (
    <Section
      title={words.sessions}
      actions={
        sees && (
          <Link to="/record/grants/$id" params={{ id }}>
            {words.record}
          </Link>
        )
      }
    >
      <Read query={sessions}>
        {({ items }) =>
          items.length === 0 ? (
            <p className={styles.quiet}>{words.noSessions}</p>
          ) : (
            <ul className={styles.sessions}>
              {items.map((session) => (
                <li key={session.id} className={styles.session}>
                  <Link to="/sessions/$id" params={{ id: session.id }}>
                    {words.session(session.database, session.clientAddress)}
                  </Link>
                  <span className={styles.quiet}>
                    {words.statements(session.statements)} · <RelativeTime at={session.startedAt} />
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
