/** Which grant, then the editor: the person's own open grants, and a session under one of them. */
import { Button, Group, PasswordInput, Select } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { type GrantView, type QuerySession, Refusal } from '@tidegate/contract';
import { type FormEvent, lazy, Suspense, useEffect, useState } from 'react';
import { api } from '../../api/client.ts';
import { usePages } from '../../api/paging.ts';
import { reading } from '../../api/queries.ts';
import { part } from '../../app/fetched.ts';
import { EmptyState } from '../../components/EmptyState.tsx';
import { Loading } from '../../components/Loading.tsx';
import { Page } from '../../components/Page.tsx';
import { Problem } from '../../components/Problem.tsx';
import { Read } from '../../components/Read.tsx';
import { query as words } from '../../words/query.ts';

/** The editor is most of this page's script: fetched while somebody chooses. */
const Workbench = lazy(() => part(async () => ({ default: (await import('./Workbench.tsx')).Workbench })));

const route = getRouteApi('/signedIn/query');

export function QueryPage() {
  const { data: me } = useQuery(reading('me'));
  const name = me?.name;
  const { rows, query } = usePages(
    'grants',
    { state: 'open', ...(name === undefined ? {} : { person: name }) },
    { enabled: name !== undefined },
  );
  const [session, setSession] = useState<QuerySession | null>(null);
  // Who leaves the page is done: the gateway need not hold the session until it is found unused.
  useEffect(() => {
    if (session === null) return;
    return () => void api.closeQuery({ id: session.id }).catch(() => undefined); // Ended already: that is what is wanted.
  }, [session]);
  return (
    <Page title={words.title} lead={words.lead} wide>
      <Read query={query}>
        {() => {
          const own = rows.filter(({ person, state }) => person === name && state === 'active');
          const grant = own.find(({ id }) => id === session?.grant);
          if (session !== null) {
            return (
              <Suspense fallback={<Loading />}>
                <Workbench key={session.id} session={session} grant={grant ?? null} onLeave={() => setSession(null)} />
              </Suspense>
            );
          }
          if (own.length === 0) {
            return (
              <EmptyState
                title={words.none}
                hint={words.noneHint}
                action={<Button renderRoot={(props) => <Link to="/resources" {...props} />}>{words.ask}</Button>}
              />
            );
          }
          return <Choose grants={own} onOpen={setSession} />;
        }}
      </Read>
    </Page>
  );
}

interface ChooseProps {
  readonly grants: readonly GrantView[];
  readonly onOpen: (session: QuerySession) => void;
}

function Choose({ grants, onOpen }: ChooseProps) {
  const { grant: asked } = route.useSearch();
  const navigate = useNavigate({ from: '/query' });
  const grant = grants.find(({ id }) => id === asked) ?? grants[0];
  const [database, setDatabase] = useState<string | null>(null);
  const [code, setCode] = useState('');
  const resource = useQuery({
    ...reading('resource', { name: grant?.resource ?? ('' as GrantView['resource']) }),
    enabled: grant !== undefined,
  });
  const databases = resource.data?.databases ?? [];
  const open = useMutation({
    mutationFn: (of: GrantView) =>
      api.openQuery({
        resource: of.resource,
        grant: of.id,
        ...(database === null || !databases.includes(database) ? {} : { database }),
        ...(code === '' ? {} : { mfaCode: code }),
      }),
    onSuccess: onOpen,
  });
  if (grant === undefined) return null;
  const wantsCode = open.error instanceof Refusal && ['mfa_required', 'mfa_invalid'].includes(open.error.code);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    open.mutate(grant);
  };
  return (
    <form onSubmit={submit}>
      <Group align="flex-end" gap="sm">
        <Select
          label={words.grant}
          w="18rem"
          data={grants.map(({ id, resource: of, role }) => ({ value: id, label: words.grantOf(of, role) }))}
          value={grant.id}
          onChange={(id) => void navigate({ search: id === null ? {} : { grant: id }, replace: true })}
          allowDeselect={false}
        />
        <Select
          label={words.database}
          w="14rem"
          data={databases}
          value={database !== null && databases.includes(database) ? database : (databases[0] ?? null)}
          onChange={setDatabase}
          allowDeselect={false}
        />
        {wantsCode && (
          <PasswordInput
            label={words.mfa}
            description={words.mfaHint}
            value={code}
            onChange={(event) => setCode(event.currentTarget.value)}
            autoComplete="one-time-code"
          />
        )}
        <Button type="submit" size="sm" loading={open.isPending}>
          {words.open}
        </Button>
      </Group>
      <Problem error={open.error} />
    </form>
  );
}
