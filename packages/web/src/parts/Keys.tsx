/** API keys that work, everybody’s or one person’s: what they may, until when; made and revoked by those who may. */
import { useQuery } from '@tanstack/react-query';
import type { ApiKeyView } from '@tidegate/contract';
import { useState } from 'react';
import { api } from '../api/client.ts';
import { usePages } from '../api/paging.ts';
import { reading, stale } from '../api/queries.ts';
import { ConfirmDialog } from '../components/ConfirmDialog.tsx';
import { type Column, DataTable } from '../components/DataTable.tsx';
import { EmptyState } from '../components/EmptyState.tsx';
import { Read } from '../components/Read.tsx';
import { RelativeTime } from '../components/RelativeTime.tsx';
import { Section } from '../components/Section.tsx';
import { keys as words } from '../words/keys.ts';
import { MakeKey } from './MakeKey.tsx';
import { revokeColumn } from './revokeColumn.tsx';

export interface KeysProps {
  /** Left out: everybody’s. */
  readonly person?: ApiKeyView['person'];
}

export function Keys({ person }: KeysProps) {
  const { rows, more, query } = usePages('apiKeys', { state: 'open', ...(person === undefined ? {} : { person }) });
  const { data: me } = useQuery(reading('me'));
  const [revoking, setRevoking] = useState<ApiKeyView | null>(null);
  const { columns } = words;
  const shown: readonly Column<ApiKeyView>[] = [
    { key: 'name', title: columns.name, cell: ({ name }) => name },
    ...(person === undefined ? [{ key: 'person', title: columns.person, cell: (key: ApiKeyView) => key.person }] : []),
    {
      key: 'scopes',
      title: columns.scopes,
      width: 'minmax(8rem, 1.5fr)',
      minor: true,
      cell: ({ scopes }) => scopes.join(', '),
    },
    {
      key: 'expires',
      title: columns.expires,
      width: '9rem',
      minor: true,
      cell: ({ expiresAt }) => <RelativeTime at={expiresAt} show="age" />,
    },
    {
      key: 'used',
      title: columns.used,
      width: '8rem',
      minor: true,
      cell: ({ lastUsedAt }) => (lastUsedAt === null ? words.never : <RelativeTime at={lastUsedAt} show="age" />),
    },
    ...(me?.administrator === true ? [revokeColumn<ApiKeyView>(words, setRevoking)] : []),
  ];
  return (
    <Section title={words.title} hint={words.hint} actions={<MakeKey {...(person === undefined ? {} : { person })} />}>
      <Read query={query}>
        {() =>
          rows.length === 0 ? (
            <EmptyState title={person === undefined ? words.none : words.noneOf} />
          ) : (
            <DataTable
              label={words.title}
              columns={shown}
              rows={rows}
              rowKey={({ id }) => id}
              {...(more === undefined ? {} : { more })}
            />
          )
        }
      </Read>
      <ConfirmDialog
        opened={revoking !== null}
        onClose={() => setRevoking(null)}
        title={words.revokeTitle(revoking?.name ?? '')}
        deed={words.revoke}
        harmful
        onConfirm={async () => {
          if (revoking === null) return;
          await api.revokeApiKey({ id: revoking.id });
          await stale('apiKeys');
        }}
      >
        {words.revokeAsk}
      </ConfirmDialog>
    </Section>
  );
}
