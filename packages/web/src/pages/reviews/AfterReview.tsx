/** One break-glass as whoever judges it needs it: who, why, what it gave, every statement; and what is said of it. */
import { Button, Group, Stack, Title } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { AfterReviewView } from '@tidegate/contract';
import { type RefObject, useImperativeHandle, useRef, useState } from 'react';
import { api } from '../../api/client.ts';
import { reading, stale } from '../../api/queries.ts';
import { CommentBox } from '../../components/CommentBox.tsx';
import { Facts } from '../../components/Facts.tsx';
import { Problem } from '../../components/Problem.tsx';
import { Read } from '../../components/Read.tsx';
import { RelativeTime } from '../../components/RelativeTime.tsx';
import { isoText } from '../../lib/time.ts';
import { access } from '../../words/access.ts';
import { afterReviews as words } from '../../words/after-reviews.ts';
import { reviews } from '../../words/reviews.ts';
import { AfterState, useAfterState } from './AfterState.tsx';
import { Done } from './Done.tsx';
import { Gives, type ReviewKeys } from './Review.tsx';
import styles from './Reviews.module.css';

export interface AfterReviewProps {
  readonly review: AfterReviewView;
  readonly keys: RefObject<ReviewKeys | null>;
}

export function AfterReview({ review, keys }: AfterReviewProps) {
  const { request: id, requester, role, resource, dueAt } = review;
  const state = useAfterState(review);
  const request = useQuery(reading('request', { id }));
  return (
    <article className={styles.one} aria-live="polite">
      <Title order={2} className={styles.title}>
        {words.one(requester, role, resource)}
      </Title>
      <Read query={request}>
        {({ reason, ticket, duration, createdAt, decision, grant }) => (
          <>
            <Facts
              facts={[
                [
                  words.due,
                  <span key="due">
                    <RelativeTime at={dueAt} /> {state === 'overdue' && <AfterState review={review} />}
                  </span>,
                ],
                [access.reason, reason === '' ? access.noReason : reason],
                [access.ticket, ticket],
                [access.duration, isoText(duration)],
                [access.asked, <RelativeTime key="asked" at={createdAt} />],
                [reviews.gives, <Gives key="gives" resource={resource} role={role} />],
                [access.rule, decision.why],
                [words.told, [...review.reviewers.groups, ...review.reviewers.people].join(', ')],
              ]}
            />
            {grant !== null && <Done grant={grant.id} />}
          </>
        )}
      </Read>
      <Conclude id={id} keys={keys} />
      <Link to="/requests/$id" params={{ id }}>
        {reviews.details}
      </Link>
    </article>
  );
}

function Conclude({ id, keys }: { readonly id: AfterReviewView['request']; readonly keys: AfterReviewProps['keys'] }) {
  const [comment, setComment] = useState('');
  const box = useRef<HTMLTextAreaElement>(null);
  const say = useMutation({
    mutationFn: (verdict: 'justified' | 'not_justified') => api.afterReview({ id, verdict, comment: comment.trim() }),
    onSuccess: async (_, verdict) => {
      notifications.show({ message: words.said[verdict] });
      await stale('afterReviews', 'request', 'requests');
    },
  });
  // Neither is said without what was found: without it the key leads to where it is typed.
  const tell = (verdict: 'justified' | 'not_justified') =>
    comment.trim() === '' ? box.current?.focus() : say.mutate(verdict);
  useImperativeHandle(keys, () => ({ approve: () => tell('justified'), deny: () => tell('not_justified') }));
  return (
    <section className={styles.decide} aria-label={words.conclude}>
      <Title order={3} mb="xs">
        {words.conclude}
      </Title>
      <Stack gap="sm">
        <CommentBox
          box={box}
          label={words.comment}
          description={words.commentHint}
          value={comment}
          onChange={setComment}
          required
        />
        <Problem error={say.error} />
        <Group gap="xs">
          <Button
            variant="default"
            onClick={() => tell('justified')}
            loading={say.isPending && say.variables === 'justified'}
          >
            {words.justified}
          </Button>
          <Button
            variant="default"
            onClick={() => tell('not_justified')}
            loading={say.isPending && say.variables === 'not_justified'}
          >
            {words.notJustified}
          </Button>
        </Group>
      </Stack>
    </section>
  );
}
