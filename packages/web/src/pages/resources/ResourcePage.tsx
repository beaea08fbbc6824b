/** One resource: what it is, how it is, its roles, who is in now, who could ask, what was left behind. */
import { Button, PasswordInput, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useMutation, useQuery, useSuspenseQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import type { GrantView, ResourceView } from '@tidegate/contract';
import { type FormEvent, useState } from 'react';
import { api } from '../../api/client.ts';
import { usePages } from '../../api/paging.ts';
import { reading, stale } from '../../api/queries.ts';
import { ButtonLink } from '../../components/ButtonLink.tsx';
import { type Column, DataTable } from '../../components/DataTable.tsx';
import { EmptyState } from '../../components/EmptyState.tsx';
import { Page } from '../../components/Page.tsx';
import { Problem } from '../../components/Problem.tsx';
import { Read } from '../../components/Read.tsx';
import { RelativeTime } from '../../components/RelativeTime.tsx';
import { Section } from '../../components/Section.tsx';
import { StateBadge } from '../../components/StateBadge.tsx';
import { administers, mayPlan, seesFindings, seesOthers } from '../../lib/may.ts';
import { isoText } from '../../lib/time.ts';
import { TakeAway } from '../../parts/TakeAway.tsx';
import { resources as words } from '../../words/resources.ts';
import { Labels } from './Labels.tsx';
import styles from './resources.module.css';
import { WhoCouldAsk } from './WhoCouldAsk.tsx';

const route = getRouteApi('/signedIn/resources/$name');

export function ResourcePage() {
  const { name } = route.useParams();
  const resourceName = name as ResourceView['name'];
  const query = useQuery(reading('resource', { name: resourceName }));
  const { data: me } = useSuspenseQuery(reading('me'));
  const actions = (
    <>
      {mayPlan(me) && (
        <ButtonLink variant="default" to="/resources/$name/edit" params={{ name }}>
          {words.change}
        </ButtonLink>
      )}
      <ButtonLink to="/request" search={{ resource: resourceName }}>
        {words.ask}
      </ButtonLink>
    </>
  );
  return (
    <Page title={name} actions={actions}>
      <Read query={query}>
        {(resource) => (
          <>
            <Facts resource={resource} />
            <InNow resource={resource} seesAll={seesOthers(me, resourceName)} />
            {seesFindings(me, resourceName) && <Findings resource={resource} />}
            <Roles resource={resource} />
            {seesOthers(me, resourceName) && <WhoCouldAsk name={resourceName} />}
            {administers(me, resourceName) && resource.passwordStored && <Credential resource={resource} />}
          </>
        )}
      </Read>
    </Page>
  );
}

function Facts({ resource }: { readonly resource: ResourceView }) {
  const { engine, address, databases, labels, owners, gateway, health } = resource;
  return (
    <Section title={words.facts}>
      <dl className={styles.facts}>
        <dt>{words.columns.health}</dt>
        <dd>
          <StateBadge state={health.state} label={words.health[health.state] ?? health.state} /> {health.detail}
          {health.checkedAt !== null && (
            <Text span c="dimmed">
              {' '}
              ({words.checked} <RelativeTime at={health.checkedAt} show="age" />)
            </Text>
          )}
        </dd>
        <dt>{words.engine}</dt>
        <dd>{words.engines[engine]}</dd>
        <dt>{words.address}</dt>
        <dd>{address}</dd>
        <dt>{words.databases}</dt>
        <dd>{databases.join(', ')}</dd>
        <dt>{words.labels}</dt>
        <dd>
          <Labels labels={labels} />
        </dd>
        <dt>{words.owners}</dt>
        <dd>{owners.length === 0 ? words.noOwners : owners.join(', ')}</dd>
        <dt>{words.gateway}</dt>
        <dd>{gateway ?? words.noGateway}</dd>
      </dl>
    </Section>
  );
}

/** Its connection is tested by the gateway, at once: health tells how it went. */
function Credential({ resource }: { readonly resource: ResourceView }) {
  const [opened, { toggle }] = useDisclosure(false);
  const [password, setPassword] = useState('');
  const set = useMutation({
    mutationFn: () => api.setCredential({ name: resource.name, password }),
    onSuccess: () => {
      setPassword('');
      return stale('resource', 'resources');
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    set.mutate();
  };
  return (
    <Section
      title={words.credentialTitle}
      hint={words.credentialAsk}
      actions={
        <Button variant="default" onClick={toggle} aria-expanded={opened}>
          {words.credential}
        </Button>
      }
    >
      {opened && (
        <form onSubmit={submit}>
          <PasswordInput
            label={words.credentialLabel}
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
            autoComplete="off"
            maw="24rem"
          />
          <Button type="submit" mt="xs" loading={set.isPending} disabled={password === ''}>
            {words.save}
          </Button>
          <Problem error={set.error} />
          {set.isSuccess && <Text role="status">{words.credentialSet}</Text>}
        </form>
      )}
    </Section>
  );
}

type Role = ResourceView['roles'][number];

const ROLES: readonly Column<Role>[] = [
  { key: 'role', title: words.role, width: 'minmax(6rem, 10rem)', cell: ({ name }) => name },
  {
    key: 'may',
    title: words.may,
    width: 'minmax(10rem, 1fr)',
    cell: ({ privileges, lines }) => {
      if (privileges !== 'lines') return words.levels[privileges];
      return lines.length === 0 ? words.nothingHere : lines.join('; ');
    },
  },
  {
    key: 'time',
    title: words.time,
    width: '10rem',
    minor: true,
    cell: ({ defaultDuration, maxDuration }) => words.timeOf(isoText(defaultDuration), isoText(maxDuration)),
  },
];

const Roles = ({ resource }: { readonly resource: ResourceView }) => (
  <Section title={words.roles} hint={words.rolesHint}>
    <DataTable label={words.roles} columns={ROLES} rows={resource.roles} rowKey={({ name }) => name} />
  </Section>
);

const GRANTS: readonly Column<GrantView>[] = [
  { key: 'person', title: words.person, cell: ({ person }) => person },
  {
    key: 'role',
    title: words.role,
    cell: ({ id, role }) => (
      <Link to="/record/grants/$id" params={{ id }} aria-label={words.story(role)}>
        {role}
      </Link>
    ),
  },
  { key: 'state', title: words.state, width: '7rem', minor: true, cell: ({ state }) => <StateBadge state={state} /> },
  {
    key: 'until',
    title: words.until,
    cell: ({ expiresAt }) => (expiresAt === null ? '–' : <RelativeTime at={expiresAt} />),
  },
  { key: 'deed', title: '', width: '8rem', align: 'right', cell: (grant) => <TakeAway grant={grant} inRow /> },
];

function InNow({ resource, seesAll }: { readonly resource: ResourceView; readonly seesAll: boolean }) {
  const { rows, more, query } = usePages('grants', { resource: resource.name, state: 'open' });
  return (
    <Section title={words.now} hint={seesAll ? undefined : words.nowYours}>
      <Read query={query}>
        {() =>
          rows.length === 0 ? (
            <EmptyState title={words.nowNone} />
          ) : (
            <DataTable
              label={words.now}
              columns={GRANTS}
              rows={rows}
              rowKey={({ id }) => id}
              {...(more === undefined ? {} : { more })}
            />
          )
        }
      </Read>
    </Section>
  );
}

function Findings({ resource }: { readonly resource: ResourceView }) {
  const { rows, query } = usePages('findings', { resource: resource.name, state: 'open' });
  return (
    <Section title={words.findings} hint={words.findingsHint}>
      <Read query={query}>
        {() =>
          rows.length === 0 ? (
            <EmptyState title={words.findingsNone} />
          ) : (
            <ul>
              {rows.map(({ id, kind, principal, detail, foundAt }) => (
                <li key={id}>
                  <strong>{words.kinds[kind] ?? kind}</strong>: {principal}. {detail}{' '}
                  <RelativeTime at={foundAt} show="age" />{' '}
                  <Link to="/record" search={{ resource: resource.name, kind: 'finding.found' }}>
                    {words.findings}
                  </Link>
                </li>
              ))}
            </ul>
          )
        }
      </Read>
    </Section>
  );
}
