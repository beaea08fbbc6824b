/** What is open, what waits for me, what I wait for. */
import { Page } from '../../components/Page.tsx';
import { home } from '../../words/home.ts';

export function HomePage() {
  return (
    <Page title={home.title} lead={home.lead}>
      {null}
    </Page>
  );
}
