/** The inbox: what waits at the left, the one that is looked at beside it; the whole of it by keyboard. */
import { Button, Modal } from '@mantine/core';
import { useDisclosure, useHotkeys } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import type { RequestView } from '@tidegate/contract';
import { useRef } from 'react';
import { reading } from '../../api/queries.ts';
import { EmptyState } from '../../components/EmptyState.tsx';
import { Facts } from '../../components/Facts.tsx';
import { Page } from '../../components/Page.tsx';
import { Read } from '../../components/Read.tsx';
import { RelativeTime } from '../../components/RelativeTime.tsx';
import { isoText } from '../../lib/time.ts';
import { common } from '../../words/common.ts';
import { reviews as words } from '../../words/reviews.ts';
import { Review, type ReviewKeys } from './Review.tsx';
import styles from './Reviews.module.css';

const route = getRouteApi('/signedIn/reviews');

export function ReviewsPage() {
  const waiting = useQuery(reading('requests', { filter: 'to-review' }));
  const [keys, { open, close }] = useDisclosure(false);
  // Where `?` needs Shift, and where it does not.
  useHotkeys([
    ['shift+?', open],
    ['?', open],
  ]);
  return (
    <Page
      title={words.title}
      lead={words.lead}
      wide
      actions={
        <Button variant="default" onClick={open}>
          {words.keys.button}
        </Button>
      }
    >
      <Read query={waiting}>
        {({ items }) =>
          items.length === 0 ? <EmptyState title={words.none} hint={words.noneHint} /> : <Inbox requests={items} />
        }
      </Read>
      <Modal opened={keys} onClose={close} title={words.keys.title} closeButtonProps={{ 'aria-label': common.close }}>
        <Facts facts={words.keys.rows} />
      </Modal>
    </Page>
  );
}

function Inbox({ requests }: { readonly requests: readonly RequestView[] }) {
  const { id } = route.useSearch();
  const navigate = useNavigate();
  const deeds = useRef<ReviewKeys>(null);
  const index = Math.max(
    0,
    requests.findIndex((request) => request.id === id),
  );
  const chosen = requests[index];
  const go = (to: number) => {
    const next = requests[Math.min(requests.length - 1, Math.max(0, to))];
    if (next !== undefined) void navigate({ to: '/reviews', search: { id: next.id }, replace: true });
  };
  useHotkeys([
    ['j', () => go(index + 1)],
    ['ArrowDown', () => go(index + 1)],
    ['k', () => go(index - 1)],
    ['ArrowUp', () => go(index - 1)],
    ['a', () => deeds.current?.approve()],
    ['d', () => deeds.current?.deny()],
  ]);
  return (
    <div className={styles.inbox}>
      <nav aria-label={words.list}>
        <ul className={styles.list}>
          {requests.map((request) => (
            <li key={request.id}>
              <Link
                to="/reviews"
                search={{ id: request.id }}
                replace
                className={styles.entry}
                data-chosen={request.id === chosen?.id}
                aria-current={request.id === chosen?.id ? 'true' : undefined}
              >
                <strong>{request.requester}</strong>
                <span className={styles.quiet}>
                  <RelativeTime at={request.createdAt} show="age" />
                </span>
                <span>{words.wants(request.role, request.resource)}</span>
                <span className={styles.quiet}>{isoText(request.duration)}</span>
              </Link>
            </li>
          ))}
        </ul>
      </nav>
      {chosen !== undefined && <Review key={chosen.id} request={chosen} keys={deeds} />}
    </div>
  );
}
