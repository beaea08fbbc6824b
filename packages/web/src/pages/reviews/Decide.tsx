/** Approve, for as long as was asked or shorter, or deny with a comment. */
import { Button, Group, Stack } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation } from '@tanstack/react-query';
import type { RequestView } from '@tidegate/contract';
import { type RefObject, useImperativeHandle, useRef, useState } from 'react';
import { api } from '../../api/client.ts';
import { stale } from '../../api/queries.ts';
import { insist } from '../../api/step-up.ts';
import { CommentBox } from '../../components/CommentBox.tsx';
import { DurationInput } from '../../components/DurationInput.tsx';
import { Problem } from '../../components/Problem.tsx';
import { durationMs, isoDuration } from '../../lib/time.ts';
import { reviews as words } from '../../words/reviews.ts';
import type { ReviewKeys } from './Review.tsx';
import styles from './Reviews.module.css';

export interface DecideProps {
  readonly request: RequestView;
  readonly keys: RefObject<ReviewKeys | null>;
}

export function Decide({ request: { id, requester, duration }, keys }: DecideProps) {
  const asked = durationMs(duration);
  const [ms, setMs] = useState(asked);
  const [comment, setComment] = useState('');
  const box = useRef<HTMLTextAreaElement>(null);
  const review = useMutation({
    mutationFn: (decision: 'approve' | 'deny') =>
      insist(() =>
        api.review({
          id,
          decision,
          ...(comment.trim() === '' ? {} : { comment: comment.trim() }),
          ...(decision === 'approve' && ms < asked ? { duration: isoDuration(ms) } : {}),
        }),
      ),
    onSuccess: async (_, decision) => {
      notifications.show({ message: decision === 'approve' ? words.approved(requester) : words.denied(requester) });
      await stale('requests', 'request', 'grants');
    },
  });
  const approve = () => review.mutate('approve');
  // Whoever is denied is told why: without a comment the key leads to where it is typed.
  const deny = () => (comment.trim() === '' ? box.current?.focus() : review.mutate('deny'));
  useImperativeHandle(keys, () => ({ approve, deny }));
  return (
    <Stack gap="sm" className={styles.decide}>
      <DurationInput label={words.shorter} ms={ms} onChange={setMs} maxMs={asked} />
      <CommentBox
        box={box}
        label={words.comment}
        description={words.commentHint}
        value={comment}
        onChange={setComment}
      />
      <Problem error={review.error} />
      <Group gap="xs">
        <Button onClick={approve} loading={review.isPending && review.variables === 'approve'} disabled={ms > asked}>
          {words.approve}
        </Button>
        <Button variant="default" onClick={deny} loading={review.isPending && review.variables === 'deny'}>
          {words.deny}
        </Button>
      </Group>
    </Stack>
  );
}
