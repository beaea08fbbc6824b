/** What is shown where there is no page: never a blank one. */
import { EmptyState } from '../components/EmptyState.tsx';
import { Page } from '../components/Page.tsx';
import { common } from '../words/common.ts';

export function NotFound() {
  return (
    <Page title={common.notFound.title}>
      <EmptyState title={common.notFound.what} hint={common.notFound.next} />
    </Page>
  );
}
