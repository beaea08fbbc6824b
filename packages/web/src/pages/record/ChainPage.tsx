/** The chain: where each stream stands, its last signed checkpoint, the key, and a check of it all in this browser. */
import { Button, Group, Progress } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { usePages } from '../../api/paging.ts';
import { reading } from '../../api/queries.ts';
import { Copyable } from '../../components/Copyable.tsx';
import { type Column, DataTable } from '../../components/DataTable.tsx';
import { Page } from '../../components/Page.tsx';
import { Problem } from '../../components/Problem.tsx';
import { Read } from '../../components/Read.tsx';
import { RelativeTime } from '../../components/RelativeTime.tsx';
import { Section } from '../../components/Section.tsx';
import { StateBadge } from '../../components/StateBadge.tsx';
import { record as words } from '../../words/record.ts';
import styles from './record.module.css';
import { type Checked, verifyExport } from './verify.ts';

interface StreamRow {
  readonly stream: string;
  readonly seq: number;
  readonly hash: string;
  readonly closed: boolean;
  readonly updatedAt: string;
  readonly attested: number | null;
}

export function ChainPage() {
  const streams = usePages('auditStreams', { limit: 500 });
  const checkpoints = useQuery(reading('auditCheckpoints', { limit: 500 }));
  const key = useQuery(reading('auditKey'));
  const [verifying, setVerifying] = useState<string | null>(null);
  const last = new Map<string, number>();
  for (const { stream, seq } of checkpoints.data?.items ?? []) {
    last.set(stream, Math.max(seq, last.get(stream) ?? 0));
  }
  const columns: readonly Column<StreamRow>[] = [
    { key: 'stream', title: words.stream, width: 'minmax(12rem, 2fr)', cell: ({ stream }) => stream },
    { key: 'seq', title: words.entriesOf, width: '6rem', align: 'right', cell: ({ seq }) => seq.toLocaleString('en') },
    {
      key: 'attested',
      title: words.attested,
      width: '8rem',
      align: 'right',
      minor: true,
      cell: ({ attested }) => attested?.toLocaleString('en') ?? words.noCheckpoint,
    },
    {
      key: 'head',
      title: words.head,
      width: '9rem',
      minor: true,
      cell: ({ hash }) => <code title={hash}>{hash.slice(0, 12)}…</code>,
    },
    {
      key: 'updated',
      title: words.updated,
      width: '11rem',
      minor: true,
      cell: ({ updatedAt }) => <RelativeTime at={updatedAt} show="age" />,
    },
    {
      key: 'state',
      title: words.state,
      width: '6rem',
      cell: ({ closed }) => (
        <StateBadge
          state={closed ? 'closed' : 'active'}
          label={closed ? words.closed : words.open}
          tone={closed ? 'over' : 'good'}
        />
      ),
    },
    {
      key: 'verify',
      title: words.verify,
      width: '6rem',
      cell: ({ stream }) => (
        <Button
          variant="default"
          size="compact-xs"
          aria-label={words.verifyStream(stream)}
          onClick={() => setVerifying(stream)}
        >
          {words.verify}
        </Button>
      ),
    },
  ];
  return (
    <Page title={words.chainTitle} lead={words.chainHint} wide>
      <Section
        title={words.verify}
        hint={words.offline}
        actions={<Button onClick={() => setVerifying('')}>{words.verifyAll}</Button>}
      >
        {verifying !== null && <Verification key={verifying} stream={verifying} />}
      </Section>
      <Section title={words.stream}>
        <Read query={streams.query}>
          {() => (
            <DataTable
              label={words.stream}
              columns={columns}
              rows={streams.rows.map((row) => ({ ...row, attested: last.get(row.stream) ?? null }))}
              rowKey={({ stream }) => stream}
              {...(streams.more === undefined ? {} : { more: streams.more })}
            />
          )}
        </Read>
      </Section>
      <Section title={words.key} hint={words.keyHint}>
        <Read query={key}>{({ publicKey }) => <Copyable text={publicKey} what={words.key} />}</Read>
      </Section>
    </Page>
  );
}

/** `stream` empty: all of them. */
function Verification({ stream }: { readonly stream: string }) {
  const [progress, setProgress] = useState<Checked>({ state: 'running', entries: 0, signatures: 0, problem: null });
  const [error, setError] = useState<unknown>(null);
  const [stopped, setStopped] = useState(false);
  useEffect(() => {
    if (stopped) return;
    const control = new AbortController();
    verifyExport(stream === '' ? {} : { stream }, control.signal, setProgress).catch((cause: unknown) => {
      if (!control.signal.aborted) setError(cause);
    });
    return () => control.abort();
  }, [stream, stopped]);
  const running = progress.state === 'running' && error === null && !stopped;
  return (
    <div className={styles.verification}>
      {error === null && (
        <div role="status">
          {running && (
            <>
              {words.verifying(progress.entries)} <Progress value={100} animated aria-label={words.verify} mt="xs" />
            </>
          )}
          {progress.state === 'whole' && (
            <Group gap="xs">
              <StateBadge state="ok" label="✓" tone="good" />{' '}
              <span>{words.whole(progress.entries, progress.signatures)}</span>
            </Group>
          )}
          {progress.state === 'broken' && (
            <Group gap="xs">
              <StateBadge state="failed" label="✗" tone="bad" /> <span>{words.broken(progress.problem ?? '')}</span>
            </Group>
          )}
        </div>
      )}
      {running && (
        <Button variant="default" mt="xs" onClick={() => setStopped(true)}>
          {words.stop}
        </Button>
      )}
      {stopped && words.stopped}
      <Problem error={error} />
    </div>
  );
}
