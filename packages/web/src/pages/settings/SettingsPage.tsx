/** How this installation is set up, to be seen in one place, with the ways on to where it is changed. */
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ApiKeyView } from '@tidegate/contract';
import { useState } from 'react';
import { api } from '../../api/client.ts';
import { usePages } from '../../api/paging.ts';
import { reading, stale } from '../../api/queries.ts';
import { ConfirmDialog } from '../../components/ConfirmDialog.tsx';
import { Copyable } from '../../components/Copyable.tsx';
import { type Column, DataTable } from '../../components/DataTable.tsx';
import { EmptyState } from '../../components/EmptyState.tsx';
import { Page } from '../../components/Page.tsx';
import { Read } from '../../components/Read.tsx';
import { RelativeTime } from '../../components/RelativeTime.tsx';
import { Section } from '../../components/Section.tsx';
import { settings as words } from '../../words/settings.ts';

export function SettingsPage() {
  const ways = useQuery(reading('signInWays'));
  const key = useQuery(reading('auditKey'));
  const config = useQuery(reading('config'));
  return (
    <Page title={words.title} lead={words.lead}>
      <Section title={words.configuration} hint={words.configurationHint}>
        <Read query={config}>{({ version }) => <Link to="/policies">{words.configurationOf(version)}</Link>}</Read>
      </Section>
      <Section title={words.signIn}>
        <Read query={ways}>
          {({ local, providers }) => (
            <>
              <ul>
                {local && <li>{words.local}</li>}
                {local && <li>{words.passkeys}</li>}
                {providers.map(({ name }) => (
                  <li key={name}>
                    {words.provider}: {name}
                  </li>
                ))}
              </ul>
              {providers.length === 0 && <p>{words.providersNone}</p>}
            </>
          )}
        </Read>
      </Section>
      <Section title={words.record} hint={words.keyHint}>
        <Read query={key}>
          {({ keyId, publicKey }) => (
            <>
              <p>
                {words.keyId} <code>{keyId}</code>
              </p>
              <Copyable text={publicKey.trim()} what={words.key} />
              <p>
                <Link to="/record/chain">{words.chain}</Link>
              </p>
            </>
          )}
        </Read>
      </Section>
      <Keys />
      <Section title={words.api} hint={words.apiHint}>
        <ul>
          <li>
            <a href="/v1/openapi.json">{words.openapi}</a>
          </li>
          <li>
            <a href="/v1/config/schema">{words.schema}</a>
          </li>
        </ul>
      </Section>
    </Page>
  );
}

function Keys() {
  const { rows, more, query } = usePages('apiKeys', { state: 'open' });
  const { data: me } = useQuery(reading('me'));
  const [revoking, setRevoking] = useState<ApiKeyView | null>(null);
  const { columns } = words;
  const shown: readonly Column<ApiKeyView>[] = [
    { key: 'name', title: columns.name, cell: ({ name }) => name },
    { key: 'person', title: columns.person, cell: ({ person }) => person },
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
    ...(me?.administrator === true
      ? [
          {
            key: 'revoke',
            title: '',
            width: '6rem',
            cell: (key: ApiKeyView) => (
              <Button
                size="compact-xs"
                color="red"
                variant="light"
                aria-label={words.revokeOne(key.name)}
                onClick={() => setRevoking(key)}
              >
                {words.revoke}
              </Button>
            ),
          },
        ]
      : []),
  ];
  return (
    <Section title={words.keys} hint={words.keysHint}>
      <Read query={query}>
        {() =>
          rows.length === 0 ? (
            <EmptyState title={words.keysNone} />
          ) : (
            <DataTable
              label={words.keys}
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
