/** Entries that were found, newest first, read on as they are scrolled through; the chosen one whole beside them. */
import { Button } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import type { SearchQuery } from '@tidegate/contract';
import { useState } from 'react';
import { api } from '../../api/client.ts';
import { type Column, DataTable } from '../../components/DataTable.tsx';
import { EmptyState } from '../../components/EmptyState.tsx';
import { Read } from '../../components/Read.tsx';
import { timeText } from '../../lib/time.ts';
import { record as words } from '../../words/record.ts';
import { type Entry, EntryDetail, keyOf, whatOf, whoOf } from './entry.tsx';
import styles from './record.module.css';

const seconds = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });
const whenOf = (at: string): string => `${day.format(new Date(at))}, ${seconds.format(new Date(at))}`;

const COLUMNS: readonly Column<Entry>[] = [
  { key: 'at', title: words.columns.at, width: '9rem', cell: ({ at }) => <time dateTime={at}>{whenOf(at)}</time> },
  { key: 'kind', title: words.columns.kind, width: '11rem', minor: true, cell: ({ kind }) => kind },
  { key: 'who', title: words.columns.who, width: '6rem', cell: whoOf },
  { key: 'what', title: words.columns.what, width: 'minmax(9rem, 1fr)', cell: whatOf },
];

const PAGE = 200;

export function Entries({ query }: { readonly query: SearchQuery }) {
  const [chosen, setChosen] = useState<Entry | null>(null);
  const found = useInfiniteQuery({
    queryKey: ['searchRecord', query],
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) =>
      api.searchRecord({ ...query, limit: PAGE, ...(pageParam === '' ? {} : { cursor: pageParam }) }, { signal }),
    getNextPageParam: ({ nextCursor }) => nextCursor,
    select: ({ pages }) => ({
      rows: pages.flatMap(({ items }) => items),
      looked: pages.reduce((sum, page) => sum + page.looked, 0),
      backTo: pages.at(-1)?.backTo ?? null,
    }),
  });
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = found;
  const next = () => {
    if (!isFetchingNextPage) void fetchNextPage();
  };
  return (
    <div className={styles.entries}>
      <Read query={found}>
        {({ rows, looked, backTo }) => (
          <>
            {rows.length === 0 ? (
              <EmptyState title={words.none} hint={words.noneHint} />
            ) : (
              <DataTable
                label={words.entries}
                columns={COLUMNS}
                rows={rows}
                rowKey={keyOf}
                onOpen={setChosen}
                height={520}
                {...(chosen === null ? {} : { chosen: keyOf(chosen) })}
                // A full page has more close by; a sparse one asks before it looks through the rest.
                {...(hasNextPage && rows.length % PAGE === 0 ? { more: next } : {})}
              />
            )}
            <p className={styles.looked} role="status">
              {words.looked(looked, backTo === null ? null : timeText(backTo))}{' '}
              {hasNextPage && (
                <Button variant="default" onClick={next} loading={isFetchingNextPage}>
                  {words.lookOn}
                </Button>
              )}
            </p>
            {chosen !== null && <EntryDetail entry={chosen} />}
          </>
        )}
      </Read>
    </div>
  );
}
