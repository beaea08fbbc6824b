/** Sessions, the open ones first in mind: found by person, resource and day. */
import { Group, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import type { SessionView } from '@tidegate/contract';
import { usePages } from '../../api/paging.ts';
import { reading } from '../../api/queries.ts';
import { type Column, DataTable } from '../../components/DataTable.tsx';
import { EmptyState } from '../../components/EmptyState.tsx';
import { OpenOrAll } from '../../components/OpenOrAll.tsx';
import { Page } from '../../components/Page.tsx';
import { Read } from '../../components/Read.tsx';
import { RelativeTime } from '../../components/RelativeTime.tsx';
import { StateBadge } from '../../components/StateBadge.tsx';
import { oversees } from '../../lib/may.ts';
import { useNow } from '../../lib/now.ts';
import { durationText } from '../../lib/time.ts';
import { sessions as words } from '../../words/sessions.ts';
import type { SessionsSearch } from './area.ts';

const route = getRouteApi('/signedIn/sessions');

function Lasted({ session }: { readonly session: SessionView }) {
  const now = useNow();
  const end = session.endedAt === null ? now : Date.parse(session.endedAt);
  return durationText(Math.max(0, end - Date.parse(session.startedAt)));
}

const { columns } = words;
const COLUMNS: readonly Column<SessionView>[] = [
  {
    key: 'state',
    title: columns.state,
    width: '5.5rem',
    cell: ({ endedAt }) =>
      endedAt === null ? (
        <StateBadge state="active" label={words.live} tone="good" />
      ) : (
        <StateBadge state="closed" label={words.ended} tone="over" />
      ),
  },
  { key: 'person', title: columns.person, width: 'minmax(6rem, 1fr)', cell: ({ person }) => person },
  { key: 'resource', title: columns.resource, width: 'minmax(6rem, 1fr)', cell: ({ resource }) => resource },
  { key: 'role', title: columns.role, width: '6rem', minor: true, cell: ({ role }) => role },
  {
    key: 'started',
    title: columns.started,
    width: '12rem',
    minor: true,
    cell: ({ startedAt }) => <RelativeTime at={startedAt} />,
  },
  { key: 'lasted', title: columns.lasted, width: '7rem', minor: true, cell: (session) => <Lasted session={session} /> },
  {
    key: 'statements',
    title: columns.statements,
    width: '6rem',
    align: 'right',
    cell: ({ statements }) => statements.toLocaleString('en'),
  },
  {
    key: 'client',
    title: columns.client,
    width: 'minmax(7rem, 1fr)',
    minor: true,
    cell: ({ application, clientAddress }) => application || clientAddress,
  },
  {
    key: 'ended',
    title: columns.ended,
    width: 'minmax(9rem, 1.3fr)',
    minor: true,
    cell: ({ endedBecause }) => (endedBecause === null ? '' : (words.because[endedBecause] ?? endedBecause)),
  },
];

export function SessionsPage() {
  const search = route.useSearch();
  const { data: me } = useQuery(reading('me'));
  const { rows, more, query } = usePages('sessions', {
    state: search.show === 'all' ? 'all' : 'open',
    ...(search.person === undefined ? {} : { person: search.person }),
    ...(search.resource === undefined ? {} : { resource: search.resource }),
    ...(search.since === undefined ? {} : { since: new Date(`${search.since}T00:00:00`).toISOString() }),
  });
  const navigate = useNavigate({ from: '/sessions' });
  const set = (change: { [K in keyof SessionsSearch]: SessionsSearch[K] | undefined }) =>
    void navigate({ search: (before) => cleaned({ ...before, ...change }), replace: true });
  return (
    <Page title={words.title} lead={words.lead} wide>
      <Group gap="sm" mb="sm" align="flex-end">
        <OpenOrAll words={words} show={search.show} onShow={({ show }) => set({ show })} />
        {me !== undefined && oversees(me) && (
          <TextInput
            label={words.person}
            placeholder={words.anybody}
            defaultValue={search.person ?? ''}
            onBlur={(event) => set({ person: event.currentTarget.value.trim() })}
            onKeyDown={(event) => event.key === 'Enter' && set({ person: event.currentTarget.value.trim() })}
          />
        )}
        <TextInput
          label={words.resource}
          placeholder={words.anything}
          defaultValue={search.resource ?? ''}
          onBlur={(event) => set({ resource: event.currentTarget.value.trim() })}
          onKeyDown={(event) => event.key === 'Enter' && set({ resource: event.currentTarget.value.trim() })}
        />
        <TextInput
          type="date"
          label={words.since}
          value={search.since ?? ''}
          onChange={(event) => set({ since: event.currentTarget.value })}
        />
      </Group>
      <Read query={query}>
        {() =>
          rows.length === 0 ? (
            <EmptyState title={search.show === 'all' ? words.noneAll : words.none} hint={words.noneHint} />
          ) : (
            <DataTable
              label={words.label}
              columns={COLUMNS}
              rows={rows}
              rowKey={({ id }) => id}
              onOpen={({ id }) => void navigate({ to: '/sessions/$id', params: { id } })}
              {...(more === undefined ? {} : { more })}
            />
          )
        }
      </Read>
    </Page>
  );
}

/** Without what is empty: an address says no more than it must. */
const cleaned = (search: object): SessionsSearch =>
  Object.fromEntries(Object.entries(search).filter(([, value]) => value !== undefined && value !== ''));
