/** How access is given and used, as charts to be looked at; each figure leads to its list. */
import { Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import type { Overview } from '@tidegate/contract';
import { type ReactNode, useMemo } from 'react';
import { reading } from '../../api/queries.ts';
import { type Column, DataTable } from '../../components/DataTable.tsx';
import { EmptyState } from '../../components/EmptyState.tsx';
import { Page } from '../../components/Page.tsx';
import { Read } from '../../components/Read.tsx';
import { RelativeTime } from '../../components/RelativeTime.tsx';
import { Section } from '../../components/Section.tsx';
import { durationText } from '../../lib/time.ts';
import { overview as words } from '../../words/overview.ts';
import { OutgrownLink } from '../policies/OutgrownLink.tsx';
import { Bars, Days } from './charts.tsx';
import { InRecord, useToRecord } from './InRecord.tsx';
import styles from './overview.module.css';

const route = getRouteApi('/signedIn/overview');
const DAY_MS = 86_400_000;

export function OverviewPage() {
  const { days = 30 } = route.useSearch();
  const navigate = useNavigate({ from: '/overview' });
  // To the minute: the same question for as long as the page is looked at.
  const since = useMemo(
    () => new Date(Math.floor((Date.now() - days * DAY_MS) / 60_000) * 60_000).toISOString(),
    [days],
  );
  const query = useQuery(reading('overview', { since }));
  return (
    <Page
      title={words.title}
      lead={words.lead}
      wide
      actions={
        <>
          <OutgrownLink />
          <Select
            aria-label={words.since}
            w="9rem"
            data={Object.entries(words.spans).map(([value, label]) => ({ value, label }))}
            value={String(days)}
            onChange={(value) => void navigate({ search: value === '30' ? {} : { days: Number(value) as 7 } })}
            allowDeselect={false}
          />
        </>
      }
    >
      <Read query={query}>
        {(overview) => (
          <>
            {!overview.complete && <p className={styles.hint}>{words.incomplete}</p>}
            <Figures overview={overview} days={days} />
            <Charts overview={overview} days={days} />
            <Lists overview={overview} />
          </>
        )}
      </Read>
    </Page>
  );
}

/** The record's own times, for what leads there. */
const spanOf = (days: number): { span?: 'P7D' | 'P30D' | 'all' } =>
  days === 7 ? { span: 'P7D' } : days === 30 ? { span: 'P30D' } : { span: 'all' };

function Figures({ overview, days }: { readonly overview: Overview; readonly days: number }) {
  const { open, requests, timeToApprove, breakGlass, refused, unused } = overview;
  const half = timeToApprove.seconds === null ? words.never : durationText(timeToApprove.seconds.p50 * 1000);
  const { figures } = words;
  return (
    <ul className={styles.figures}>
      <Figure label={figures.open}>
        <Link to="/sessions">{open.total.toLocaleString('en')}</Link>
      </Figure>
      <Figure label={figures.requests}>
        <InRecord search={{ kind: 'request.created', ...spanOf(days) }}>{requests.total.toLocaleString('en')}</InRecord>
      </Figure>
      <Figure label={figures.approve}>
        <InRecord search={{ kind: 'request.reviewed', ...spanOf(days) }}>{half}</InRecord>
      </Figure>
      <Figure label={figures.breakGlass}>
        <a href="#break-glass">{breakGlass.total.toLocaleString('en')}</a>
      </Figure>
      <Figure label={figures.refused}>
        <InRecord search={{ outcome: 'refused', ...spanOf(days) }}>{refused.total.toLocaleString('en')}</InRecord>
      </Figure>
      <Figure label={figures.unused}>
        <a href="#unused">{unused.total.toLocaleString('en')}</a>
      </Figure>
    </ul>
  );
}

const Figure = ({ label, children }: { readonly label: string; readonly children: ReactNode }) => (
  <li className={styles.figure}>
    <span className={styles.number}>{children}</span>
    <span className={styles.hint}>{label}</span>
  </li>
);

function Charts({ overview, days }: { readonly overview: Overview; readonly days: number }) {
  const { open, requests, timeToApprove, refused, people } = overview;
  const navigate = useNavigate();
  const toRecord = useToRecord();
  const minutes = timeToApprove.perDay.map(({ day, p50, p90 }) => ({ day, half: p50 / 60, most: p90 / 60 }));
  const span = { since: overview.since, until: overview.until };
  return (
    <div className={styles.charts}>
      <Section title={words.requests}>
        <Days
          label={words.requests}
          {...span}
          data={requests.perDay}
          series={[
            { key: 'approved', name: words.approved, colour: 'good' },
            { key: 'denied', name: words.denied, colour: 'bad' },
            { key: 'other', name: words.other, colour: 'other' },
          ]}
        />
      </Section>
      <Section title={words.time}>
        <Days
          label={words.time}
          {...span}
          data={minutes}
          unit={words.minutes}
          lines
          series={[
            { key: 'half', name: words.half, colour: 'main' },
            { key: 'most', name: words.most, colour: 'warn' },
          ]}
        />
      </Section>
      <Section title={words.byResource}>
        <Bars
          label={words.byResource}
          data={open.byResource}
          name={words.grants}
          empty={words.nothingOpen}
          onChoose={(name) => void navigate({ to: '/resources/$name', params: { name } })}
        />
      </Section>
      <Section title={words.byRole}>
        <Bars label={words.byRole} data={open.byRole} name={words.grants} empty={words.nothingOpen} />
      </Section>
      <Section title={words.refused}>
        <Days
          label={words.refused}
          {...span}
          data={refused.perDay}
          series={[{ key: 'count', name: words.attempts, colour: 'bad' }]}
        />
      </Section>
      <Section title={words.refusedKinds}>
        <Bars
          label={words.refusedKinds}
          data={refused.byKind}
          name={words.attempts}
          {...toRecord((kind) => ({ kind, ...spanOf(days) }))}
        />
      </Section>
      <Section title={words.people} hint={words.peopleHint}>
        <Bars
          label={words.people}
          data={people.slice(0, 10).map(({ person, hours }) => ({ value: person, count: Math.round(hours * 10) / 10 }))}
          name={words.hours}
          {...toRecord((person) => ({ person, ...spanOf(days) }))}
        />
      </Section>
    </div>
  );
}

type Unused = Overview['unused']['items'][number];
type BreakGlass = Overview['breakGlass']['items'][number];

const { columns } = words;
const UNUSED: readonly Column<Unused>[] = [
  { key: 'person', title: columns.person, cell: ({ person }) => person },
  { key: 'resource', title: columns.resource, cell: ({ resource }) => resource },
  { key: 'role', title: columns.role, cell: ({ role }) => role },
  { key: 'closed', title: columns.closed, cell: ({ closedAt }) => <RelativeTime at={closedAt} /> },
];
const BREAK_GLASS: readonly Column<BreakGlass>[] = [
  { key: 'person', title: columns.person, cell: ({ person }) => person },
  { key: 'resource', title: columns.resource, cell: ({ resource }) => resource },
  { key: 'role', title: columns.role, cell: ({ role }) => role },
  { key: 'at', title: columns.at, cell: ({ at }) => <RelativeTime at={at} /> },
];

function Lists({ overview: { unused, breakGlass } }: { readonly overview: Overview }) {
  const navigate = useNavigate();
  return (
    <>
      <div id="break-glass">
        <Section title={words.breakGlass}>
          {breakGlass.items.length === 0 ? (
            <EmptyState title={words.nothing} />
          ) : (
            <DataTable
              label={words.breakGlass}
              columns={BREAK_GLASS}
              rows={breakGlass.items}
              rowKey={({ request }) => request}
            />
          )}
        </Section>
      </div>
      <div id="unused">
        <Section title={words.unused}>
          {unused.items.length === 0 ? (
            <EmptyState title={words.nothing} />
          ) : (
            <DataTable
              label={words.unused}
              columns={UNUSED}
              rows={unused.items}
              rowKey={({ grant }) => grant}
              onOpen={({ grant }) => void navigate({ to: '/record/grants/$id', params: { id: grant } })}
            />
          )}
        </Section>
      </div>
    </>
  );
}
