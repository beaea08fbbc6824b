/** Everything about one grant: who asked, who agreed, when it stood open, what was done, and each entry in order. */
import { Group, Timeline } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import type { GrantStory } from '@tidegate/contract';
import { useState } from 'react';
import { api } from '../../api/client.ts';
import { type Column, DataTable } from '../../components/DataTable.tsx';
import { Page } from '../../components/Page.tsx';
import { Read } from '../../components/Read.tsx';
import { RelativeTime } from '../../components/RelativeTime.tsx';
import { Section } from '../../components/Section.tsx';
import { StateBadge } from '../../components/StateBadge.tsx';
import { isoText } from '../../lib/time.ts';
import { TakeAway } from '../../parts/TakeAway.tsx';
import { record as words } from '../../words/record.ts';
import { type Entry, EntryDetail, keyOf, whatOf, whoOf } from './entry.tsx';
import styles from './record.module.css';

const route = getRouteApi('/signedIn/record/grants/$id');

const COLUMNS: readonly Column<Entry>[] = [
  { key: 'at', title: words.columns.at, width: '11rem', cell: ({ at }) => <RelativeTime at={at} show="time" /> },
  { key: 'kind', title: words.columns.kind, width: '10rem', minor: true, cell: ({ kind }) => kind },
  { key: 'who', title: words.columns.who, width: '7rem', minor: true, cell: whoOf },
  { key: 'what', title: words.columns.what, width: 'minmax(10rem, 1fr)', cell: whatOf },
];

export function StoryPage() {
  const { id } = route.useParams();
  const [chosen, setChosen] = useState<Entry | null>(null);
  const story = useInfiniteQuery({
    queryKey: ['grantStory', { id }],
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) =>
      api.grantStory({ id, limit: 200, ...(pageParam === '' ? {} : { cursor: pageParam }) }, { signal }),
    getNextPageParam: ({ entries }) => entries.nextCursor,
  });
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = story;
  const next = () => {
    if (!isFetchingNextPage) void fetchNextPage();
  };
  return (
    <Page title={words.story(id)} wide>
      <Read query={story}>
        {({ pages: [first, ...rest] }) => {
          if (first === undefined) return null;
          const entries = [first, ...rest].flatMap((page) => page.entries.items);
          return (
            <>
              <Told story={first} />
              <Section title={words.parts.entries}>
                <DataTable
                  label={words.parts.entries}
                  columns={COLUMNS}
                  rows={entries}
                  rowKey={keyOf}
                  onOpen={setChosen}
                  {...(chosen === null ? {} : { chosen: keyOf(chosen) })}
                  {...(hasNextPage ? { more: next } : {})}
                />
                {chosen !== null && <EntryDetail entry={chosen} />}
              </Section>
            </>
          );
        }}
      </Read>
    </Page>
  );
}

function Told({ story }: { readonly story: GrantStory }) {
  const { request, grant, sessions } = story;
  const { reviews } = request;
  return (
    <Section
      title={words.storyLead(grant.person, grant.role, grant.resource)}
      actions={
        <Group gap="sm">
          <StateBadge state={grant.state} />
          <TakeAway grant={grant} />
        </Group>
      }
    >
      <Timeline bulletSize={14} lineWidth={2} active={4} color="blue">
        <Timeline.Item title={words.parts.asked}>
          <RelativeTime at={request.createdAt} />, {isoText(request.duration)}
          {request.reason !== '' && `. ${words.reason}: ${request.reason}`}
          {request.ticket !== null && `. ${words.ticket}: ${request.ticket}`}
          <p className={styles.hint}>
            {words.rule}: {request.decision.rule}. {request.decision.why}
          </p>
        </Timeline.Item>
        <Timeline.Item title={words.parts.agreed}>
          {reviews.length === 0
            ? words.noReviews
            : reviews.map(({ reviewer, decision, comment, at }) => (
                <div key={reviewer}>
                  {reviewer} {words[decision]} <RelativeTime at={at} />
                  {comment !== null && comment !== '' && `: ${comment}`}
                </div>
              ))}
        </Timeline.Item>
        <Timeline.Item title={words.parts.opened}>
          {grant.startsAt === null || grant.expiresAt === null ? (
            words.neverOpen
          ) : (
            <>
              <RelativeTime at={grant.startsAt} /> – <RelativeTime at={grant.closedAt ?? grant.expiresAt} show="time" />
            </>
          )}
          {grant.closedBecause !== null && (
            <>
              {' '}
              ({words.closedBecause[grant.closedBecause]}
              {grant.closedBy !== null && ` · ${grant.closedBy}`}
              {grant.comment !== null && grant.comment !== '' && `: ${grant.comment}`})
            </>
          )}
        </Timeline.Item>
        <Timeline.Item title={words.parts.sessions}>
          {sessions.length === 0
            ? words.noSessions
            : sessions.map((session) => (
                <div key={session.id} className={styles.inline}>
                  <Link to="/sessions/$id" params={{ id: session.id }}>
                    {session.application || session.clientAddress}
                  </Link>{' '}
                  <RelativeTime at={session.startedAt} /> · {words.statementsOf(session.statements)}
                </div>
              ))}
        </Timeline.Item>
      </Timeline>
    </Section>
  );
}
