/** Every resource, found by anything that is known of it. */
import { TextInput } from '@mantine/core';
import { useQuery, useSuspenseQuery } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import type { ResourceView } from '@tidegate/contract';
import { reading } from '../../api/queries.ts';
import { ButtonLink } from '../../components/ButtonLink.tsx';
import { type Column, DataTable } from '../../components/DataTable.tsx';
import { EmptyState } from '../../components/EmptyState.tsx';
import { Icon } from '../../components/Icon.tsx';
import { Page } from '../../components/Page.tsx';
import { Read } from '../../components/Read.tsx';
import { StateBadge } from '../../components/StateBadge.tsx';
import { mayPlan } from '../../lib/may.ts';
import { resources as words } from '../../words/resources.ts';
import { Labels } from './Labels.tsx';
import styles from './resources.module.css';

const route = getRouteApi('/signedIn/resources');

const COLUMNS: readonly Column<ResourceView>[] = [
  {
    key: 'name',
    title: words.columns.name,
    width: 'minmax(8rem, 1fr)',
    cell: ({ name }) => (
      <Link to="/resources/$name" params={{ name }}>
        {name}
      </Link>
    ),
  },
  { key: 'engine', title: words.columns.engine, width: '7rem', cell: ({ engine }) => words.engines[engine] },
  {
    key: 'labels',
    title: words.columns.labels,
    width: 'minmax(8rem, 1.5fr)',
    minor: true,
    cell: ({ labels }) => <Labels labels={labels} />,
  },
  {
    key: 'address',
    title: words.columns.address,
    width: 'minmax(9rem, 1.5fr)',
    minor: true,
    cell: ({ address }) => address,
  },
  { key: 'gateway', title: words.columns.gateway, width: '8rem', minor: true, cell: ({ gateway }) => gateway ?? '–' },
  {
    key: 'health',
    title: words.columns.health,
    width: '9rem',
    cell: ({ health }) => <StateBadge state={health.state} label={words.health[health.state] ?? health.state} />,
  },
  {
    key: 'open',
    title: words.columns.open,
    width: '6rem',
    align: 'right',
    minor: true,
    cell: ({ openGrants }) => openGrants,
  },
];

export function ResourcesPage() {
  const query = useQuery(reading('resources'));
  const { data: me } = useSuspenseQuery(reading('me'));
  const { find = '' } = route.useSearch();
  const navigate = useNavigate({ from: '/resources' });
  const search = (text: string) => void navigate({ search: text === '' ? {} : { find: text }, replace: true });
  return (
    <Page
      title={words.title}
      lead={words.lead}
      wide
      actions={mayPlan(me) && <ButtonLink to="/add-resource">{words.add}</ButtonLink>}
    >
      <Read query={query}>
        {({ items }) => {
          if (items.length === 0) return <EmptyState title={words.none} hint={words.noneHint} />;
          const rows = items.filter((resource) => matches(resource, find));
          return (
            <>
              <TextInput
                className={styles.search}
                aria-label={words.search}
                placeholder={words.search}
                leftSection={<Icon name="search" />}
                value={find}
                onChange={(event) => search(event.currentTarget.value)}
              />
              {rows.length === 0 ? (
                <EmptyState title={words.noMatch} hint={words.noMatchHint} />
              ) : (
                <DataTable
                  label={words.label}
                  columns={COLUMNS}
                  rows={rows}
                  rowKey={({ name }) => name}
                  onOpen={({ name }) => void navigate({ to: '/resources/$name', params: { name } })}
                />
              )}
            </>
          );
        }}
      </Read>
    </Page>
  );
}

/** Every word somewhere: `prod orders`, `env=prod`. */
function matches({ name, engine, address, labels, owners }: ResourceView, find: string): boolean {
  const all = [name, words.engines[engine], address, ...owners, ...Object.entries(labels).map((pair) => pair.join('='))]
    .join(' ')
    .toLowerCase();
  return find
    .toLowerCase()
    .split(/\s+/)
    .every((word) => all.includes(word));
}
