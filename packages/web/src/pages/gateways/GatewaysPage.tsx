/** Every gateway, how it is, and the ways in and out for administrators. */
import { Button, Group, Modal, Text, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useMutation, useQuery } from '@tanstack/react-query';
import type { GatewayView } from '@tidegate/contract';
import { type FormEvent, useState } from 'react';
import { api } from '../../api/client.ts';
import { reading, stale } from '../../api/queries.ts';
import { ConfirmDialog } from '../../components/ConfirmDialog.tsx';
import { Copyable } from '../../components/Copyable.tsx';
import { type Column, DataTable } from '../../components/DataTable.tsx';
import { EmptyState } from '../../components/EmptyState.tsx';
import { Page } from '../../components/Page.tsx';
import { Problem } from '../../components/Problem.tsx';
import { Read } from '../../components/Read.tsx';
import { RelativeTime } from '../../components/RelativeTime.tsx';
import { StateBadge } from '../../components/StateBadge.tsx';
import { revokeColumn } from '../../parts/revokeColumn.tsx';
import { common } from '../../words/common.ts';
import { gateways as words } from '../../words/gateways.ts';

const { columns } = words;

export function GatewaysPage() {
  const query = useQuery(reading('gateways'));
  const { data: me } = useQuery(reading('me'));
  const [adding, { open, close }] = useDisclosure(false);
  const [revoking, setRevoking] = useState<GatewayView | null>(null);
  const [done, setDone] = useState('');
  const administrator = me?.administrator === true;
  const shown: readonly Column<GatewayView>[] = [
    { key: 'name', title: columns.name, width: 'minmax(7rem, 1fr)', cell: ({ name }) => name },
    {
      key: 'state',
      title: columns.state,
      width: '8rem',
      cell: ({ connected }) => (
        <StateBadge
          state={String(connected)}
          label={connected ? words.connected : words.away}
          tone={connected ? 'good' : 'bad'}
        />
      ),
    },
    {
      key: 'seen',
      title: columns.seen,
      width: '7rem',
      minor: true,
      cell: ({ lastSeenAt }) => (lastSeenAt === null ? words.never : <RelativeTime at={lastSeenAt} show="age" />),
    },
    {
      key: 'listens',
      title: columns.listens,
      width: 'minmax(12rem, 2fr)',
      minor: true,
      cell: ({ listeners }) => listeners.map(({ engine, host, port }) => `${engine} ${host}:${port}`).join(', '),
    },
    { key: 'spool', title: columns.spool, width: '10rem', minor: true, cell: ({ spool }) => spoolText(spool) },
    { key: 'version', title: columns.version, width: '6rem', minor: true, cell: ({ version }) => version },
    ...(administrator ? [revokeColumn<GatewayView>(words, setRevoking)] : []),
  ];
  return (
    <Page
      title={words.title}
      lead={words.lead}
      wide
      actions={administrator && <Button onClick={open}>{words.add}</Button>}
    >
      {done !== '' && <p role="status">{done}</p>}
      <Read query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <EmptyState title={words.none} hint={words.noneHint} />
          ) : (
            <DataTable label={words.title} columns={shown} rows={items} rowKey={({ id }) => id} />
          )
        }
      </Read>
      <Modal
        opened={adding}
        onClose={close}
        title={words.add}
        closeButtonProps={{ 'aria-label': common.close }}
        size="lg"
      >
        {adding && <AddGateway />}
      </Modal>
      <ConfirmDialog
        opened={revoking !== null}
        onClose={() => setRevoking(null)}
        title={words.revokeTitle(revoking?.name ?? '')}
        deed={words.revoke}
        harmful
        reason={{ label: words.reason }}
        onConfirm={async (reason) => {
          if (revoking === null) return;
          const { name, sessions } = await api.revokeGateway({ name: revoking.name, reason });
          setDone(words.revoked(name, sessions));
          await stale('gateways', 'sessions', 'resources');
        }}
      >
        {words.revokeAsk}
      </ConfirmDialog>
    </Page>
  );
}

function AddGateway() {
  const [name, setName] = useState('');
  const make = useMutation({ mutationFn: () => api.createJoinToken({ name: name.trim() }) });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    make.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Text mb="sm">{words.addLead}</Text>
      <Group align="flex-end" gap="sm">
        <TextInput
          label={words.name}
          description={words.nameHint}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          data-autofocus
        />
        <Button type="submit" loading={make.isPending} disabled={name.trim() === ''}>
          {words.make}
        </Button>
      </Group>
      <Problem error={make.error} />
      {make.data !== undefined && (
        <div role="status">
          <Text mt="md">{words.token}</Text>
          <Copyable text={make.data.token} what={words.token} />
          <Text mt="sm">{words.use}</Text>
          <Copyable text="tidegate gateway --join-file FILE" what={words.use} />
          <Text mt="sm">
            {words.until} <RelativeTime at={make.data.expiresAt} />
          </Text>
        </div>
      )}
    </form>
  );
}

function spoolText(spool: GatewayView['spool']): string {
  if (spool === null || spool.bytes === 0) return words.spoolNone;
  return words.spool(bytesText(spool.bytes), bytesText(spool.limitBytes));
}

const UNITS = ['B', 'KB', 'MB', 'GB', 'TB'];
function bytesText(bytes: number): string {
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  return `${(bytes / 1024 ** power).toLocaleString('en', { maximumFractionDigits: 1 })} ${UNITS[power]}`;
}
