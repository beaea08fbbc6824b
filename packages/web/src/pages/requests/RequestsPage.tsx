/** Everything I asked for (or may see), newest first, page by page as one scrolls. */
import { SegmentedControl } from '@mantine/core';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import type { RequestView } from '@tidegate/contract';
import { usePages } from '../../api/paging.ts';
import { type Column, DataTable } from '../../components/DataTable.tsx';
import { EmptyState } from '../../components/EmptyState.tsx';
import { Page } from '../../components/Page.tsx';
import { Read } from '../../components/Read.tsx';
import { RelativeTime } from '../../components/RelativeTime.tsx';
import { StateBadge } from '../../components/StateBadge.tsx';
import { stateOf } from '../../lib/saying.ts';
import { isoText } from '../../lib/time.ts';
import { access } from '../../words/access.ts';
import { requests as words } from '../../words/requests.ts';

const route = getRouteApi('/signedIn/requests');

const what: Column<RequestView> = {
  key: 'what',
  title: words.columns.what,
  width: 'minmax(9rem, 2fr)',
  cell: ({ role, resource, id }) => (
    <Link to="/requests/$id" params={{ id }}>
      {words.one.title(role, resource)}
    </Link>
  ),
};
const who: Column<RequestView> = { key: 'who', title: access.person, cell: ({ requester }) => requester };
const rest: readonly Column<RequestView>[] = [
  {
    key: 'state',
    title: words.columns.state,
    width: '7rem',
    cell: (request) => <StateBadge {...stateOf(request)} />,
  },
  { key: 'for', title: words.columns.duration, width: '6rem', minor: true, cell: ({ duration }) => isoText(duration) },
  {
    key: 'asked',
    title: words.columns.asked,
    width: '8rem',
    cell: ({ createdAt }) => <RelativeTime at={createdAt} show="age" />,
  },
  { key: 'reason', title: words.columns.reason, width: 'minmax(8rem, 3fr)', minor: true, cell: ({ reason }) => reason },
];

export function RequestsPage() {
  const { of } = route.useSearch();
  const navigate = useNavigate();
  const { rows, more, query } = usePages('requests', { filter: of ?? 'mine' });
  return (
    <Page
      title={words.title}
      lead={words.lead}
      wide
      actions={
        <SegmentedControl
          size="xs"
          aria-label={words.filter.label}
          value={of ?? 'mine'}
          data={[
            { value: 'mine', label: words.filter.mine },
            { value: 'all', label: words.filter.all },
          ]}
          onChange={(value) => void navigate({ to: '/requests', search: value === 'all' ? { of: 'all' } : {} })}
        />
      }
    >
      <Read query={query}>
        {() =>
          rows.length === 0 ? (
            <EmptyState title={words.none} />
          ) : (
            <DataTable
              label={words.title}
              columns={of === 'all' ? [what, who, ...rest] : [what, ...rest]}
              rows={rows}
              rowKey={({ id }) => id}
              more={more}
            />
          )
        }
      </Read>
    </Page>
  );
}
