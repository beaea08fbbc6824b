/** Adding a resource, or changing one: a form in place of the text, tested through a gateway, planned, and applied. */
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { writtenResource } from '@tidegate/config';
import { Refusal } from '@tidegate/contract';
import { Fragment } from 'react';
import { reading } from '../../api/queries.ts';
import { EmptyState } from '../../components/EmptyState.tsx';
import { Page } from '../../components/Page.tsx';
import { Read } from '../../components/Read.tsx';
import { resourceForm as words } from '../../words/resource-form.ts';
import { EMPTY, formOf } from './form.ts';
import { Remove } from './Remove.tsx';
import { ResourceForm } from './ResourceForm.tsx';

const editing = getRouteApi('/signedIn/resources/$name/edit');

export function AddResourcePage() {
  const config = useQuery(reading('config'));
  const nothing = config.error instanceof Refusal && config.error.code === 'not_found';
  return (
    <Page title={words.addTitle} lead={words.lead}>
      {nothing ? (
        <ResourceForm initial={EMPTY} inForce="" isNew />
      ) : (
        <Read query={config}>{({ yaml }) => <ResourceForm initial={EMPTY} inForce={yaml} isNew />}</Read>
      )}
    </Page>
  );
}

export function EditResourcePage() {
  const { name } = editing.useParams();
  const config = useQuery(reading('config'));
  return (
    <Page title={words.editTitle(name)} lead={words.lead}>
      <Read query={config}>
        {({ yaml, version }) => {
          const initial = formOf(writtenResource(yaml, name));
          return initial === null ? (
            <>
              <EmptyState title={words.byHand} hint={words.byHandHint} />
              <Link to="/policies" search={{ tab: 'edit' }}>
                {words.toText}
              </Link>
            </>
          ) : (
            <Fragment key={version}>
              <ResourceForm initial={initial} inForce={yaml} isNew={false} />
              <Remove name={name} inForce={yaml} />
            </Fragment>
          );
        }}
      </Read>
    </Page>
  );
}
