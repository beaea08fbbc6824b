/** One session: what it was, and its statements: streamed while it is open, replayed on a timeline after. */
import { Button } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import type { SessionDetail } from '@tidegate/contract';
import { useState } from 'react';
import { api } from '../../api/client.ts';
import { reading, stale } from '../../api/queries.ts';
import { ConfirmDialog } from '../../components/ConfirmDialog.tsx';
import { Countdown } from '../../components/Countdown.tsx';
import { Icon } from '../../components/Icon.tsx';
import { Page } from '../../components/Page.tsx';
import { Read } from '../../components/Read.tsx';
import { RelativeTime } from '../../components/RelativeTime.tsx';
import { Section } from '../../components/Section.tsx';
import { StateBadge } from '../../components/StateBadge.tsx';
import { sessions as words } from '../../words/sessions.ts';
import { Replay } from './Replay.tsx';
import styles from './sessions.module.css';
import { isFollowed, useStatements } from './statements.ts';

const route = getRouteApi('/signedIn/sessions/$id');

export function SessionPage() {
  const { id } = route.useParams();
  const query = useQuery(reading('session', { id }));
  const { data } = query;
  const title = data === undefined ? words.title : words.one(data.person, data.resource);
  return (
    <Page title={title} actions={data?.mayCut === true && <Cut session={data} />} wide>
      <Read query={query}>
        {(session) => (
          <>
            <Facts session={session} />
            <Statements key={session.id} session={session} />
          </>
        )}
      </Read>
    </Page>
  );
}

function Cut({ session }: { readonly session: SessionDetail }) {
  const [opened, { open, close }] = useDisclosure(false);
  return (
    <>
      <Button color="red" variant="light" leftSection={<Icon name="cut" />} onClick={open}>
        {words.cut}
      </Button>
      <ConfirmDialog
        opened={opened}
        onClose={close}
        title={words.cutTitle}
        deed={words.cut}
        harmful
        reason={{ label: words.cutReason }}
        onConfirm={async (reason) => {
          await api.cutSession({ id: session.id, reason });
          await stale('session', 'sessions');
        }}
      >
        {words.cutAsk}
      </ConfirmDialog>
    </>
  );
}

function Facts({ session }: { readonly session: SessionDetail }) {
  const { endedAt, endedBecause, cut, expiresAt } = session;
  return (
    <Section title={words.facts}>
      <div className={styles.about}>
        {endedAt === null && expiresAt !== null && <Countdown startsAt={session.startedAt} expiresAt={expiresAt} />}
        <dl className={styles.facts}>
          <dt>{words.columns.state}</dt>
          <dd>
            {endedAt === null ? (
              <StateBadge state="active" label={words.live} tone="good" />
            ) : (
              <>
                <StateBadge state="closed" label={words.ended} tone="over" /> <RelativeTime at={endedAt} />
              </>
            )}{' '}
            {endedBecause !== null && (words.because[endedBecause] ?? endedBecause)}
            {cut !== null && <> · {words.cutBy(cut.by, cut.reason)}</>}
          </dd>
          <dt>{words.columns.started}</dt>
          <dd>
            <RelativeTime at={session.startedAt} />
          </dd>
          <dt>{words.grant}</dt>
          <dd>
            {session.role} (
            <Link to="/record/grants/$id" params={{ id: session.grant }}>
              {words.story}
            </Link>
            )
          </dd>
          <dt>{words.database}</dt>
          <dd>{session.database}</dd>
          <dt>{words.address}</dt>
          <dd>
            {session.clientAddress}
            {session.application !== '' && ` · ${session.application}`}
          </dd>
          <dt>{words.gateway}</dt>
          <dd>{session.gateway}</dd>
        </dl>
      </div>
    </Section>
  );
}

function Statements({ session }: { readonly session: SessionDetail }) {
  const { op, find = '' } = route.useSearch();
  // The session's end is not its record's: what was done last may still be on its way when the end is known.
  const [followed] = useState(() => isFollowed(session));
  const statements = useStatements(session.id, followed);
  const live = followed && statements.state !== 'whole';
  return (
    <Section title={words.statements} hint={live ? words.streaming : undefined}>
      <Replay session={session} statements={statements} live={live} startAt={op ?? null} find={find} />
    </Section>
  );
}
