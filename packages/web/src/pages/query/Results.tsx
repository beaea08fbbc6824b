/** What came of it: each result in a grid of any length, what was changed, notices, how it ended. */
import { Button, Group, Tabs, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import type { QuerySession } from '@tidegate/contract';
import { useMemo, useState } from 'react';
import { api } from '../../api/client.ts';
import { type Column, DataTable } from '../../components/DataTable.tsx';
import { EmptyState } from '../../components/EmptyState.tsx';
import { Problem } from '../../components/Problem.tsx';
import { StateBadge, type Tone } from '../../components/StateBadge.tsx';
import { query as words } from '../../words/query.ts';
import styles from './query.module.css';
import type { End, Result, Run } from './run.ts';
import { asCsv, asJson, save } from './save.ts';

export function Results({ run, session }: { readonly run: Run; readonly session: QuerySession }) {
  const { results, notices, end, error, running } = run;
  const [tab, setTab] = useState<string | null>(null);
  const grids = results.filter(({ columns }) => columns.length > 0);
  const shown = grids[Number(tab ?? 0)] ?? grids[0];
  const rows = grids.reduce((sum, result) => sum + result.rows.length, 0);
  if (!running && end === null && error === null) return <EmptyState title={words.nothing} />;
  return (
    <section aria-label={words.results}>
      <Group gap="sm" mb="xs" role="status">
        {running && <Text>{words.running(rows)}</Text>}
        {end !== null && <EndOf end={end} />}
        {results
          .filter(({ columns, command }) => columns.length === 0 && command !== null)
          .map(({ command, affected }, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a result is its place
            <Text key={index}>{words.affected(command ?? '', affected)}</Text>
          ))}
      </Group>
      {end?.message != null && end.state === 'error' && (
        <pre className={styles.refused} role="alert">
          {end.code === null ? end.message : `${end.code}: ${end.message}`}
        </pre>
      )}
      <Problem error={error} />
      {notices.map((notice, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a notice is its place
        <Text key={index} c="dimmed">
          {notice}
        </Text>
      ))}
      {grids.length > 1 && (
        <Tabs value={tab ?? '0'} onChange={setTab} mb="xs">
          <Tabs.List>
            {grids.map((_, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a result is its place
              <Tabs.Tab key={index} value={String(index)}>
                {words.resultOf(index + 1)}
              </Tabs.Tab>
            ))}
          </Tabs.List>
        </Tabs>
      )}
      {shown !== undefined && <Grid result={shown} session={session} />}
    </section>
  );
}

const TONES: Readonly<Record<End['state'], Tone>> = {
  done: 'good',
  cancelled: 'over',
  limited: 'wait',
  error: 'bad',
  ended: 'bad',
};

const EndOf = ({ end }: { readonly end: End }) => (
  <>
    <StateBadge state={end.state} label={words.ends[end.state] ?? end.state} tone={TONES[end.state]} />
    <Text c="dimmed">{words.took(end.durationMs)}</Text>
  </>
);

interface NumberedRow {
  readonly number: number;
  readonly values: readonly (string | null)[];
}

function Grid({ result, session }: { readonly result: Result; readonly session: QuerySession }) {
  const { columns, rows } = result;
  // The list grows in place: its length is what tells that it did.
  const { length } = rows;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the first rows decide how wide columns are, once
  const shown = useMemo(() => columnsOf(columns, rows), [columns, length > 0]);
  const numbered = useMemo(
    () => Array.from({ length }, (_, index): NumberedRow => ({ number: index + 1, values: rows[index] ?? [] })),
    [rows, length],
  );
  return (
    <>
      <DataTable
        label={words.results}
        columns={shown}
        rows={numbered}
        rowKey={({ number }) => String(number)}
        height={420}
        rowHeight={30}
      />
      <Group gap="sm" mt="xs">
        <Text c="dimmed">{words.rows(rows.length)}</Text>
        {session.mayExport ? <Save result={result} session={session} /> : <Text c="dimmed">{words.notExported}</Text>}
      </Group>
    </>
  );
}

/** What was fetched, as a file; that it is taken away stands on record before it is. */
function Save({
  result: { columns, rows },
  session: { id },
}: {
  readonly result: Result;
  readonly session: QuerySession;
}) {
  const taken = useMutation({
    mutationFn: async (format: 'csv' | 'json') => {
      await api.exportQuery({ id, format, rows: rows.length });
      if (format === 'csv') save('result.csv', 'text/csv', asCsv(columns, rows));
      else save('result.json', 'application/json', asJson(columns, rows));
    },
  });
  return (
    <>
      <Button variant="default" onClick={() => taken.mutate('csv')} loading={taken.isPending}>
        {words.saveCsv}
      </Button>
      <Button variant="default" onClick={() => taken.mutate('json')} loading={taken.isPending}>
        {words.saveJson}
      </Button>
      <Problem error={taken.error} />
    </>
  );
}

const NUMBERS =
  /^(u?(tiny|small|medium|big)?int\d*|long(long)?|short|tiny|int24|float\d*|double|(new)?decimal|numeric|real|money)/;

/** Wide enough for what the first rows hold, within reason. */
function columnsOf(columns: Result['columns'], rows: Result['rows']): readonly Column<NumberedRow>[] {
  const sample = rows.slice(0, 50);
  const numbers: Column<NumberedRow> = {
    key: '#',
    title: '#',
    width: '3.5rem',
    align: 'right',
    cell: ({ number }) => <span className={styles.number}>{number}</span>,
  };
  const own = columns.map(({ name, type }, index): Column<NumberedRow> => {
    const longest = Math.max(name.length + 2, ...sample.map((row) => row[index]?.length ?? 4));
    return {
      key: String(index),
      title: name,
      width: `${Math.min(28, Math.max(5, longest * 0.62))}rem`,
      ...(NUMBERS.test(type) ? { align: 'right' as const } : {}),
      cell: ({ values }) => <Value value={values[index] ?? null} />,
    };
  });
  return [numbers, ...own];
}

const Value = ({ value }: { readonly value: string | null }) =>
  value === null ? (
    <em className={styles.null}>{words.isNull}</em>
  ) : (
    <span className={styles.value} title={value.length > 30 ? value.slice(0, 2000) : undefined}>
      {value.slice(0, 500)}
    </span>
  );
