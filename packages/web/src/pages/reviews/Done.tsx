/** What was done under a grant: its connections, each with its statements and what came of them. */
import { Button } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { Outcome, SessionStatement, SessionView } from '@tidegate/contract';
import { useState } from 'react';
import { usePages } from '../../api/paging.ts';
import { reading } from '../../api/queries.ts';
import { Problem } from '../../components/Problem.tsx';
import { Read } from '../../components/Read.tsx';
import { RelativeTime } from '../../components/RelativeTime.tsx';
import { Section } from '../../components/Section.tsx';
import { afterReviews as words } from '../../words/after-reviews.ts';
import { requests } from '../../words/requests.ts';
import { isFollowed, useStatements } from '../sessions/statements.ts';
import styles from './Reviews.module.css';

/** Statements that are shown here; the whole connection has its own page. */
const SHOWN = 100;

export function Done({ grant }: { readonly grant: string }) {
  const { rows, more, query } = usePages('sessions', { grant, state: 'all' });
  return (
    <Section title={words.done}>
      <Read query={query}>
        {() => (
          <>
            {rows.length === 0 && <p className={styles.quiet}>{words.noSessions}</p>}
            <ul className={styles.sessions}>
              {rows.map((session, index) => (
                <One key={session.id} session={session} shown={index === 0} />
              ))}
            </ul>
            {more !== undefined && (
              <Button variant="default" onClick={more}>
                {requests.one.moreSessions}
              </Button>
            )}
          </>
        )}
      </Read>
    </Section>
  );
}

function One({ session, shown: first }: { readonly session: SessionView; readonly shown: boolean }) {
  const { id, application, clientAddress, startedAt, statements } = session;
  const [shown, { toggle }] = useDisclosure(first);
  const [followed] = useState(() => isFollowed(session));
  return (
    <li>
      <div className={styles.session}>
        <span>
          <strong>{application || clientAddress}</strong>{' '}
          <span className={styles.quiet}>
            {requests.one.statements(statements)} · <RelativeTime at={startedAt} />
          </span>
        </span>
        <span className={styles.links}>
          <Button size="compact-sm" variant="default" onClick={toggle} aria-expanded={shown}>
            {shown ? words.hide : words.showThem}
          </Button>
          <Link to="/sessions/$id" params={{ id }}>
            {words.whole}
          </Link>
        </span>
      </div>
      {shown && (followed ? <Followed session={id} /> : <Past session={id} />)}
    </li>
  );
}

function Past({ session }: { readonly session: string }) {
  const statements = useQuery(reading('sessionStatements', { id: session, limit: SHOWN }));
  return (
    <Read query={statements}>{({ items, nextCursor }) => <Statements all={items} more={nextCursor !== null} />}</Read>
  );
}

function Followed({ session }: { readonly session: string }) {
  const { all, error } = useStatements(session, true);
  return error === null ? (
    <Statements all={all.slice(0, SHOWN)} more={all.length > SHOWN} />
  ) : (
    <Problem error={error} />
  );
}

interface StatementsProps {
  readonly all: readonly SessionStatement[];
  readonly more: boolean;
}

function Statements({ all, more }: StatementsProps) {
  if (all.length === 0) return <p className={styles.quiet}>{words.noStatements}</p>;
  return (
    <>
      <ol className={styles.statements}>
        {all.map(({ cursor, text, at, outcome }) => (
          <li key={cursor}>
            <code>{text ?? words.unrecorded}</code>
            <span className={styles.quiet}>
              <RelativeTime at={at} show="time" /> {outcome !== null && `· ${outcomeText(outcome)}`}
            </span>
          </li>
        ))}
      </ol>
      {more && <p className={styles.quiet}>{words.moreStatements}</p>}
    </>
  );
}

const outcomeText = ({ state, rows, code, command }: Outcome): string =>
  state === 'error' ? words.failed(code) : rows === null ? command : words.rows(rows);
