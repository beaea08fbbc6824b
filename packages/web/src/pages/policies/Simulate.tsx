/** Past requests under the text that is being written: which would come out otherwise. */
import { Button, Group, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import type { Answer } from '@tidegate/contract';
import { type FormEvent, useState } from 'react';
import { api } from '../../api/client.ts';
import { type Column, DataTable } from '../../components/DataTable.tsx';
import { Problem } from '../../components/Problem.tsx';
import { RelativeTime } from '../../components/RelativeTime.tsx';
import { policies as words } from '../../words/policies.ts';
import styles from './policies.module.css';

type Different = Answer<'simulateConfig'>['different'][number];

const { columns } = words;
const COLUMNS: readonly Column<Different>[] = [
  { key: 'at', title: columns.at, cell: ({ at }) => <RelativeTime at={at} show="time" /> },
  { key: 'person', title: columns.person, cell: ({ requester }) => requester },
  { key: 'resource', title: columns.resource, cell: ({ resource }) => resource },
  { key: 'role', title: columns.role, minor: true, cell: ({ role }) => role },
  { key: 'was', title: columns.was, width: 'minmax(8rem, 2fr)', minor: true, cell: ({ was }) => was },
  { key: 'would', title: columns.would, width: 'minmax(8rem, 2fr)', cell: ({ would }) => would },
];

const MONTH_MS = 30 * 86_400_000;

export function Simulate({ yaml }: { readonly yaml: string }) {
  const [since, setSince] = useState(() => new Date(Date.now() - MONTH_MS).toISOString().slice(0, 10));
  const navigate = useNavigate();
  const simulate = useMutation({
    mutationFn: () => api.simulateConfig({ yaml, since: new Date(`${since}T00:00:00`).toISOString() }),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    simulate.mutate();
  };
  return (
    <>
      <p className={styles.hint}>{words.simulateLead}</p>
      <form onSubmit={submit}>
        <Group gap="sm" align="flex-end" mb="md">
          <TextInput
            type="date"
            label={words.since}
            value={since}
            onChange={(event) => setSince(event.currentTarget.value)}
          />
          <Button type="submit" size="sm" loading={simulate.isPending} disabled={since === ''}>
            {words.simulate}
          </Button>
        </Group>
      </form>
      <Problem error={simulate.error} />
      {simulate.data !== undefined && (
        <>
          <p role="status">
            {words.looked(simulate.data.requests, simulate.data.different.length + simulate.data.more)}{' '}
            {!simulate.data.complete && words.notAll}
          </p>
          {simulate.data.different.length > 0 && (
            <DataTable
              label={words.simulate}
              columns={COLUMNS}
              rows={simulate.data.different}
              rowKey={({ id }) => id}
              onOpen={({ id }) => void navigate({ to: '/requests/$id', params: { id } })}
            />
          )}
        </>
      )}
    </>
  );
}
