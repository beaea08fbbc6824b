/** What I was told; what was new when the page was opened stays marked while it is looked at. */
import { Button } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { NoticeView } from '@tidegate/contract';
import { useEffect, useState } from 'react';
import { api } from '../../api/client.ts';
import { usePages } from '../../api/paging.ts';
import { stale } from '../../api/queries.ts';
import { EmptyState } from '../../components/EmptyState.tsx';
import { Page } from '../../components/Page.tsx';
import { Read } from '../../components/Read.tsx';
import { RelativeTime } from '../../components/RelativeTime.tsx';
import { StateBadge } from '../../components/StateBadge.tsx';
import { notices as words } from '../../words/notices.ts';
import styles from './notices.module.css';

const LIMIT = 50;

export function NoticesPage() {
  const { rows, more, query } = usePages('notices', { limit: LIMIT });
  const fresh = useSeen(rows);
  return (
    <Page title={words.title} lead={words.lead}>
      <Read query={query}>
        {() =>
          rows.length === 0 ? (
            <EmptyState title={words.none} hint={words.noneHint} />
          ) : (
            <>
              <ul className={styles.list} aria-live="polite">
                {rows.map((notice) => (
                  <One key={notice.id} notice={notice} isNew={notice.readAt === null || fresh.has(notice.id)} />
                ))}
              </ul>
              {more !== undefined && (
                <Button variant="default" onClick={more} loading={query.isFetchingNextPage} mt="sm">
                  {words.more}
                </Button>
              )}
            </>
          )
        }
      </Read>
    </Page>
  );
}

/** What is shown to somebody who looks has been seen; which of it was new is remembered for as long as they look. */
function useSeen(rows: readonly NoticeView[]): ReadonlySet<string> {
  const [fresh, setFresh] = useState<ReadonlySet<string>>(new Set());
  const unread = rows.filter(({ readAt }) => readAt === null).map(({ id }) => id);
  const newest = unread[0];
  const all = unread.join();
  useEffect(() => {
    if (newest === undefined) return;
    const see = async () => {
      if (document.visibilityState !== 'visible') return;
      setFresh((before) => new Set([...before, ...all.split(',')]));
      await api.readNotices({ upTo: newest });
      await stale('notices');
    };
    // Out of reach just now: it is still new then, and is told so at the next look.
    const look = () => void see().catch(() => undefined);
    look();
    document.addEventListener('visibilitychange', look);
    return () => document.removeEventListener('visibilitychange', look);
  }, [newest, all]);
  return fresh;
}

function One({ notice, isNew }: { readonly notice: NoticeView; readonly isNew: boolean }) {
  const { at } = notice;
  return (
    <li className={styles.notice} data-new={isNew}>
      <span className={styles.text}>
        <Told notice={notice} />
        {isNew && (
          <>
            {' '}
            <StateBadge state="new" label={words.isNew} tone="busy" />
          </>
        )}
      </span>
      <span className={styles.at}>
        <RelativeTime at={at} />
      </span>
    </li>
  );
}

/** The sentence, leading to what it speaks of. */
function Told({ notice: { kind, text, request } }: { readonly notice: NoticeView }) {
  if (request !== null) {
    return (
      <Link to="/requests/$id" params={{ id: request }}>
        {text}
      </Link>
    );
  }
  return kind.startsWith('delegation.') ? <Link to="/stand-ins">{text}</Link> : text;
}
