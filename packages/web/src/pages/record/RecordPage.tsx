/** The record, searched: a histogram over time, facets beside it, the entries below, one of them whole. */
import { Button, Group, Select, TextInput } from '@mantine/core';
import { useQuery, useSuspenseQuery } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import type { SearchQuery } from '@tidegate/contract';
import { type FormEvent, useMemo, useState } from 'react';
import { reading } from '../../api/queries.ts';
import { Icon } from '../../components/Icon.tsx';
import { Page } from '../../components/Page.tsx';
import { Read } from '../../components/Read.tsx';
import { readsWholeRecord } from '../../lib/may.ts';
import { durationMs } from '../../lib/time.ts';
import { record as words } from '../../words/record.ts';
import { Entries } from './Entries.tsx';
import { Facets } from './Facets.tsx';
import { Histogram } from './Histogram.tsx';
import styles from './record.module.css';
import { type RecordSearch, recordSearch } from './search.ts';

const route = getRouteApi('/signedIn/record');

export function RecordPage() {
  const search = route.useSearch();
  const navigate = useNavigate({ from: '/record' });
  const go = (next: Record<string, unknown>) => void navigate({ search: recordSearch(next) });
  const query = useAsked(search);
  const summary = useQuery(reading('recordSummary', query));
  const { data: me } = useSuspenseQuery(reading('me'));
  return (
    <Page
      title={words.title}
      lead={readsWholeRecord(me) ? words.lead : words.leadOfSome}
      wide
      actions={
        <>
          {readsWholeRecord(me) && (
            <Button
              variant="default"
              leftSection={<Icon name="check" />}
              renderRoot={(props) => <Link to="/record/chain" {...props} />}
            >
              {words.chain}
            </Button>
          )}
          <Button
            variant="default"
            leftSection={<Icon name="download" />}
            component="a"
            href={exportUrl(query)}
            download="tidegate-record.ndjson"
            title={words.exportHint}
          >
            {words.export}
          </Button>
        </>
      }
    >
      <SearchForm key={JSON.stringify(search)} search={search} onSearch={go} />
      <Read query={summary}>
        {(data) => (
          <Histogram summary={data} onChoose={({ since, until }) => go({ ...search, span: undefined, since, until })} />
        )}
      </Read>
      <div className={styles.columns}>
        <aside className={styles.facets}>
          {summary.data !== undefined && (
            <Facets facets={summary.data.facets} search={search} onChoose={(change) => go({ ...search, ...change })} />
          )}
        </aside>
        <Entries query={query} />
      </div>
    </Page>
  );
}

/** The question, with its time fixed for as long as it is not asked anew: pages must not slide while they are read. */
function useAsked(search: RecordSearch): SearchQuery {
  return useMemo(() => {
    const { span, since, until, ...rest } = search;
    const back = span ?? 'P1D';
    const from = since ?? (back === 'all' ? '2000-01-01T00:00:00.000Z' : ago(back));
    return { ...rest, since: from, ...(until === undefined ? {} : { until }) } as SearchQuery;
  }, [search]);
}

const ago = (iso: string): string => new Date(Date.now() - durationMs(iso)).toISOString();

/** What finds whole streams; the export takes nothing less. */
function exportUrl({ grant, session, person, kind, since, until }: SearchQuery): string {
  const asked = Object.entries({ grant, session, person, kind, since, until }).filter(
    ([, value]) => value !== undefined,
  );
  return `/v1/audit/export?${new URLSearchParams(asked.map(([name, value]) => [name, String(value)])).toString()}`;
}

interface SearchFormProps {
  readonly search: RecordSearch;
  readonly onSearch: (next: Record<string, unknown>) => void;
}

function SearchForm({ search, onSearch }: SearchFormProps) {
  const [draft, setDraft] = useState<Record<string, unknown>>({ ...search });
  const field = (name: 'text' | 'table' | 'person' | 'resource' | 'kind') => ({
    label: words[name],
    value: typeof draft[name] === 'string' ? draft[name] : '',
    onChange: (event: { currentTarget: HTMLInputElement }) => {
      const { value } = event.currentTarget;
      setDraft((before) => ({ ...before, [name]: value }));
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSearch(draft);
  };
  const zoomed = search.since !== undefined || search.until !== undefined;
  return (
    <form role="search" aria-label={words.form} onSubmit={submit}>
      <Group gap="sm" align="flex-end" mb="md" className={styles.form}>
        <TextInput
          className={styles.text}
          leftSection={<Icon name="search" />}
          placeholder={words.textHint}
          {...field('text')}
        />
        <TextInput {...field('table')} />
        <TextInput {...field('person')} />
        <TextInput {...field('resource')} />
        <Select
          label={words.outcome}
          w="8rem"
          clearable
          placeholder={words.anyOutcome}
          data={Object.entries(words.outcomes).map(([value, label]) => ({ value, label }))}
          value={search.outcome ?? null}
          onChange={(value) => onSearch({ ...draft, outcome: value ?? undefined })}
        />
        <Select
          label={words.span}
          w="9rem"
          data={Object.entries(words.spans).map(([value, label]) => ({ value, label }))}
          value={zoomed ? null : (search.span ?? 'P1D')}
          placeholder={zoomed ? '…' : ''}
          onChange={(value) => onSearch({ ...draft, span: value ?? undefined, since: undefined, until: undefined })}
          allowDeselect={false}
        />
        <Button type="submit" size="sm">
          {words.search}
        </Button>
        {Object.keys(search).length > 0 && (
          <Button variant="subtle" size="sm" onClick={() => onSearch({})}>
            {words.clear}
          </Button>
        )}
      </Group>
    </form>
  );
}
