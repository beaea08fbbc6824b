/** What is open for me, what waits for me, what I wait for. */
import { useSuspenseQuery } from '@tanstack/react-query';
import { reading } from '../../api/queries.ts';
import { ButtonLink } from '../../components/ButtonLink.tsx';
import { Page } from '../../components/Page.tsx';
import { home } from '../../words/home.ts';
import { MyPending } from './MyPending.tsx';
import { OpenGrants } from './OpenGrants.tsx';
import { ToReview } from './ToReview.tsx';

export function HomePage() {
  const { data: me } = useSuspenseQuery(reading('me'));
  return (
    <Page title={home.title} lead={home.lead(me.name)} actions={<ButtonLink to="/request">{home.ask}</ButtonLink>}>
      <OpenGrants me={me.name} />
      <ToReview />
      <MyPending />
    </Page>
  );
}
