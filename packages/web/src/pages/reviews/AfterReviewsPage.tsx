/** Every break-glass that I may see, with what was said of it; what waits for me leads to the inbox. */
import { useSuspenseQuery } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import type { AfterReviewView } from '@tidegate/contract';
import { usePages } from '../../api/paging.ts';
import { reading } from '../../api/queries.ts';
import { type Column, DataTable } from '../../components/DataTable.tsx';
import { EmptyState } from '../../components/EmptyState.tsx';
import { OpenOrAll } from '../../components/OpenOrAll.tsx';
import { Page } from '../../components/Page.tsx';
import { Read } from '../../components/Read.tsx';
import { RelativeTime } from '../../components/RelativeTime.tsx';
import { afterReviews as words } from '../../words/after-reviews.ts';
import { reviews } from '../../words/reviews.ts';
import { AfterState } from './AfterState.tsx';
import { isMineToJudge } from './inbox.ts';

const route = getRouteApi('/signedIn/reviews/after');
const { columns } = words;

const COLUMNS: readonly Column<AfterReviewView>[] = [
  { key: 'state', title: columns.state, width: '9rem', cell: (review) => <AfterState review={review} /> },
  { key: 'who', title: columns.who, width: 'minmax(5rem, 1fr)', cell: ({ requester }) => requester },
  {
    key: 'what',
    title: columns.what,
    width: 'minmax(8rem, 1.5fr)',
    cell: ({ request, role, resource }) => (
      <Link to="/requests/$id" params={{ id: request }}>
        {reviews.wants(role, resource)}
      </Link>
    ),
  },
  { key: 'due', title: columns.due, width: '12rem', minor: true, cell: ({ dueAt }) => <RelativeTime at={dueAt} /> },
  { key: 'by', title: columns.by, width: '7rem', minor: true, cell: ({ reviewedBy }) => reviewedBy ?? '' },
  { key: 'comment', title: columns.comment, width: 'minmax(8rem, 3fr)', minor: true, cell: ({ comment }) => comment },
];

export function AfterReviewsPage() {
  const { show } = route.useSearch();
  const { data: me } = useSuspenseQuery(reading('me'));
  const navigate = useNavigate();
  const { rows, more, query } = usePages('afterReviews', { state: show === 'all' ? 'all' : 'open' });
  const open = (review: AfterReviewView) =>
    isMineToJudge(review, me)
      ? void navigate({ to: '/reviews', search: { id: review.request } })
      : void navigate({ to: '/requests/$id', params: { id: review.request } });
  return (
    <Page
      title={words.title}
      lead={words.lead}
      wide
      actions={
        <OpenOrAll words={words} show={show} onShow={(search) => void navigate({ to: '/reviews/after', search })} />
      }
    >
      <Read query={query}>
        {() =>
          rows.length === 0 ? (
            <EmptyState title={show === 'all' ? words.noneAll : words.none} hint={words.noneHint} />
          ) : (
            <DataTable
              label={words.title}
              columns={COLUMNS}
              rows={rows}
              rowKey={({ request }) => request}
              onOpen={open}
              {...(more === undefined ? {} : { more })}
            />
          )
        }
      </Read>
    </Page>
  );
}
