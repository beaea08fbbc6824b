/** One request as its reviewer needs it: who, what it lets them do, by which rule, what they had before; and the decision. */
import { Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { RequestView } from '@tidegate/contract';
import type { RefObject } from 'react';
import { reading } from '../../api/queries.ts';
import { Facts } from '../../components/Facts.tsx';
import { RelativeTime } from '../../components/RelativeTime.tsx';
import { windowsText } from '../../lib/saying.ts';
import { isoText } from '../../lib/time.ts';
import { timeIn } from '../../lib/windows.ts';
import { access } from '../../words/access.ts';
import { reviews as words } from '../../words/reviews.ts';
import { windows } from '../../words/windows.ts';
import { Steps } from '../requests/Steps.tsx';
import { Decide } from './Decide.tsx';
import { History } from './History.tsx';
import styles from './Reviews.module.css';

/** What the inbox's keys do to the request that is looked at. */
export interface ReviewKeys {
  approve(): void;
  deny(): void;
}

export interface ReviewProps {
  readonly request: RequestView;
  readonly keys: RefObject<ReviewKeys | null>;
}

export function Review({ request, keys }: ReviewProps) {
  const { id, requester, role, resource, duration, startsAt, reason, ticket, only, decision, createdAt } = request;
  const { recurrence } = request;
  return (
    <article className={styles.one} aria-live="polite">
      <Title order={2} className={styles.title}>
        {requester}: {words.wants(role, resource)}
      </Title>
      <Facts
        facts={[
          [access.reason, reason === '' ? access.noReason : reason],
          [access.ticket, ticket],
          [access.duration, isoText(duration)],
          [access.start, startsAt === null ? access.atOnce : <RelativeTime key="from" at={startsAt} />],
          [windows.title, recurrence === null ? null : windowsText(recurrence, duration)],
          [windows.last, recurrence === null ? null : timeIn(Date.parse(recurrence.until) - 1, recurrence.timeZone)],
          [access.only, only?.join(', ')],
          [words.gives, <Gives key="gives" resource={resource} role={role} />],
          [words.why, decision.why],
          [access.asked, <RelativeTime key="asked" at={createdAt} />],
        ]}
      />
      <Decide request={request} keys={keys} />
      <Steps request={request} />
      <History request={request} />
      <Link to="/requests/$id" params={{ id }}>
        {words.details}
      </Link>
    </article>
  );
}

export function Gives({ resource, role }: { readonly resource: string; readonly role: string }) {
  const { data } = useQuery(reading('resource', { name: resource }));
  const gives = data?.roles.find(({ name }) => name === role);
  if (gives === undefined) return null;
  return (
    <>
      {access.privileges[gives.privileges]}
      {gives.lines.map((line) => (
        <code key={line} className={styles.gives}>
          {line}
        </code>
      ))}
    </>
  );
}
