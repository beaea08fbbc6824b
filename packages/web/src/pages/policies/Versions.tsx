/** Every configuration there was; one chosen, against the one before or what is in force. */
import { Button, Group, Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import type { Answer } from '@tidegate/contract';
import { useState } from 'react';
import { usePages } from '../../api/paging.ts';
import { reading, stale } from '../../api/queries.ts';
import { type Column, DataTable } from '../../components/DataTable.tsx';
import { EmptyState } from '../../components/EmptyState.tsx';
import { ErrorState } from '../../components/ErrorState.tsx';
import { Loading } from '../../components/Loading.tsx';
import { Read } from '../../components/Read.tsx';
import { RelativeTime } from '../../components/RelativeTime.tsx';
import { Section } from '../../components/Section.tsx';
import { policies as words } from '../../words/policies.ts';
import { Differences } from './Differences.tsx';
import styles from './policies.module.css';

const route = getRouteApi('/signedIn/policies');
type Version = Answer<'configVersions'>['items'][number];

const COLUMNS: readonly Column<Version>[] = [
  { key: 'version', title: words.columns.version, width: '6rem', cell: ({ version }) => version },
  { key: 'by', title: words.columns.by, cell: ({ appliedBy }) => appliedBy },
  { key: 'at', title: words.columns.applied, cell: ({ appliedAt }) => <RelativeTime at={appliedAt} /> },
];

export function Versions({ mayEdit }: { readonly mayEdit: boolean }) {
  const { version } = route.useSearch();
  const navigate = useNavigate({ from: '/policies' });
  const { rows, more, query } = usePages('configVersions', { limit: 100 });
  return (
    <>
      <Read query={query}>
        {() =>
          rows.length === 0 ? (
            <EmptyState title={words.none} />
          ) : (
            <DataTable
              label={words.versions}
              columns={COLUMNS}
              rows={rows}
              rowKey={(row) => String(row.version)}
              onOpen={(row) => void navigate({ search: { tab: 'versions', version: row.version } })}
              height={Math.min(300, 36 * (rows.length + 1) + 4)}
              {...(version === undefined ? {} : { chosen: String(version) })}
              {...(more === undefined ? {} : { more })}
            />
          )
        }
      </Read>
      <div className={styles.below} />
      {version === undefined ? <p>{words.choose}</p> : <Compared version={version} mayEdit={mayEdit} />}
    </>
  );
}

function Compared({ version, mayEdit }: { readonly version: number; readonly mayEdit: boolean }) {
  const [against, setAgainst] = useState<'before' | 'inForce'>('before');
  const own = useQuery(reading('configVersion', { version }));
  const before = useQuery({ ...reading('configVersion', { version: version - 1 }), enabled: version > 1 });
  const inForce = useQuery(reading('config'));
  const other = against === 'inForce' ? inForce.data?.yaml : version > 1 ? before.data?.yaml : '';
  const refused = own.error ?? before.error ?? inForce.error;
  const [older, newer] = against === 'before' ? [other, own.data?.yaml] : [own.data?.yaml, other];
  return (
    <Section
      title={words.version(version)}
      actions={
        <Group gap="sm">
          <Select
            size="xs"
            aria-label={words.against}
            value={against}
            onChange={(value) => setAgainst(value === 'inForce' ? 'inForce' : 'before')}
            data={[
              { value: 'before', label: `${words.against} ${words.before}` },
              { value: 'inForce', label: `${words.against} ${words.inForce}` },
            ]}
            allowDeselect={false}
          />
          {mayEdit && (
            <Button
              variant="default"
              renderRoot={(props) => <Link to="/policies" search={{ tab: 'edit', version }} {...props} />}
            >
              {words.restore}
            </Button>
          )}
        </Group>
      }
    >
      {older !== undefined && newer !== undefined ? (
        <Differences from={older} to={newer} />
      ) : refused === null ? (
        <Loading />
      ) : (
        <ErrorState error={refused} again={() => void stale('config', 'configVersion')} />
      )}
    </Section>
  );
}
