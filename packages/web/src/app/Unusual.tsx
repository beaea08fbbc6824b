/** What is shown where there is no page, or a page failed: never a blank one. */
import type { ErrorComponentProps } from '@tanstack/react-router';
import { useRouter } from '@tanstack/react-router';
import { EmptyState } from '../components/EmptyState.tsx';
import { ErrorState } from '../components/ErrorState.tsx';
import { Page } from '../components/Page.tsx';
import { common } from '../words/common.ts';

export function NotFound() {
  return (
    <Page title={common.notFound.title}>
      <EmptyState title={common.notFound.what} hint={common.notFound.next} />
    </Page>
  );
}

export function Broken({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  const again = () => {
    reset();
    void router.invalidate();
  };
  return <ErrorState error={error} again={again} />;
}
