/** One request, and all that came of it: approvals, the access, its connections, the record. */
import { Button } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery, useSuspenseQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import type { RequestView } from '@tidegate/contract';
import { api } from '../../api/client.ts';
import { reading, stale } from '../../api/queries.ts';
import { ButtonLink } from '../../components/ButtonLink.tsx';
import { ConfirmDialog } from '../../components/ConfirmDialog.tsx';
import { Page } from '../../components/Page.tsx';
import { Read } from '../../components/Read.tsx';
import { StateBadge } from '../../components/StateBadge.tsx';
import { stateOf } from '../../lib/saying.ts';
import { access } from '../../words/access.ts';
import { requests } from '../../words/requests.ts';
import { useInbox } from '../reviews/inbox.ts';
import { Asked } from './Asked.tsx';
import { Came } from './Came.tsx';
import { Steps } from './Steps.tsx';

const words = requests.one;
const route = getRouteApi('/signedIn/requests/$id');

export function RequestPage() {
  const { id } = route.useParams();
  const request = useQuery(reading('request', { id }));
  const title = request.data === undefined ? requests.title : words.title(request.data.role, request.data.resource);
  return (
    <Page
      title={title}
      lead={request.data === undefined ? undefined : <Lead request={request.data} />}
      actions={request.data === undefined ? undefined : <Deeds request={request.data} />}
    >
      <Read query={request}>
        {(data) => (
          <>
            <Asked request={data} />
            <Steps request={data} />
            <Came request={data} />
          </>
        )}
      </Read>
    </Page>
  );
}

function Lead({ request }: { readonly request: RequestView }) {
  return (
    <>
      {words.by(request.requester)} · <StateBadge {...stateOf(request)} />
    </>
  );
}

function Deeds({ request }: { readonly request: RequestView }) {
  const { data: me } = useSuspenseQuery(reading('me'));
  const { waiting } = useInbox();
  const [cancelling, cancel] = useDisclosure(false);
  const { id, requester, state, resource, role, duration } = request;
  if (waiting.some((each) => each.id === id)) {
    return (
      <ButtonLink to="/reviews" search={{ id }}>
        {words.review}
      </ButtonLink>
    );
  }
  if (requester !== me.name) return null;
  return (
    <>
      {state === 'pending' ? (
        <Button variant="default" onClick={cancel.open}>
          {words.cancel}
        </Button>
      ) : (
        <ButtonLink to="/request" search={{ resource, role, for: duration, again: id }} variant="default">
          {access.againAsk}
        </ButtonLink>
      )}
      <ConfirmDialog
        opened={cancelling}
        onClose={cancel.close}
        title={words.cancelTitle}
        deed={words.cancel}
        onConfirm={async () => {
          await api.cancelRequest({ id });
          await stale('requests', 'request');
        }}
      >
        {words.cancelWhat}
      </ConfirmDialog>
    </>
  );
}
