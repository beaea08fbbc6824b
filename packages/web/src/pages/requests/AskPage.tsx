/** Asking: what, for how long, why; and beside it, live, what will happen. */

import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { reading } from '../../api/queries.ts';
import { EmptyState } from '../../components/EmptyState.tsx';
import { Page } from '../../components/Page.tsx';
import { Read } from '../../components/Read.tsx';
import { requests } from '../../words/requests.ts';
import { Again } from './Again.tsx';
import { AskForm } from './AskForm.tsx';
import { PickResource } from './PickResource.tsx';

const words = requests.ask;
const route = getRouteApi('/signedIn/request');

export function AskPage() {
  const { resource: name } = route.useSearch();
  const resources = useQuery(reading('resources'));
  return (
    <Page title={words.title} lead={words.lead}>
      <Read query={resources}>
        {({ items }) => {
          if (items.length === 0) return <EmptyState title={words.noResources} />;
          const chosen = items.find((resource) => resource.name === name);
          if (chosen !== undefined) return <AskForm key={chosen.name} resource={chosen} />;
          return (
            <>
              <Again />
              <PickResource resources={items} />
            </>
          );
        }}
      </Read>
    </Page>
  );
}
