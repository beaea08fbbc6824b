import { Page } from '../../components/Page.tsx';
import { security as words } from '../../words/security.ts';

export function SecurityPage() {
  return (
    <Page title={words.title} lead={words.lead}>
      {null}
    </Page>
  );
}
