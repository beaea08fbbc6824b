/** The configuration in its five views; each has an address of its own. What only policy editors and administrators may do is shown to them. */
import { Tabs } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { Refusal } from '@tidegate/contract';
import { lazy, Suspense, useState } from 'react';
import { reading, stale } from '../../api/queries.ts';
import { part } from '../../app/fetched.ts';
import { EmptyState } from '../../components/EmptyState.tsx';
import { ErrorState } from '../../components/ErrorState.tsx';
import { Loading } from '../../components/Loading.tsx';
import { Page } from '../../components/Page.tsx';
import { Read } from '../../components/Read.tsx';
import { RelativeTime } from '../../components/RelativeTime.tsx';
import { mayPlan } from '../../lib/may.ts';
import { policies as words } from '../../words/policies.ts';
import type { Tab } from './area.ts';
import { Explain } from './Explain.tsx';
import { OutgrownLink } from './OutgrownLink.tsx';
import styles from './policies.module.css';
import { Simulate } from './Simulate.tsx';
import { Versions } from './Versions.tsx';

const Edit = lazy(() => part(async () => ({ default: (await import('./Edit.tsx')).Edit })));
const Yaml = lazy(() => part(async () => ({ default: (await import('./Yaml.tsx')).Yaml })));

const route = getRouteApi('/signedIn/policies');

export function PoliciesPage() {
  const { tab = 'read', version } = route.useSearch();
  const navigate = useNavigate({ from: '/policies' });
  const { data: me } = useQuery(reading('me'));
  const config = useQuery(reading('config'));
  /** What is being written, kept while the tabs are gone through. */
  const [draft, setDraft] = useState<string | null>(null);
  const from = useQuery({
    ...reading('configVersion', { version: version ?? 0 }),
    enabled: tab === 'edit' && version !== undefined,
  });
  const tabs: readonly Tab[] =
    me !== undefined && mayPlan(me)
      ? ['read', 'edit', 'versions', 'explain', 'simulate']
      : ['read', 'versions', 'explain'];
  const nothing = config.error instanceof Refusal && config.error.code === 'not_found';
  const inForce = nothing ? '' : config.data?.yaml;
  const refused = (nothing ? null : config.error) ?? from.error;
  const text = draft ?? (version === undefined ? inForce : from.data?.yaml);
  const underWay =
    refused === null ? <Loading /> : <ErrorState error={refused} again={() => void stale('config', 'configVersion')} />;
  return (
    <Page title={words.title} lead={words.lead} wide actions={<OutgrownLink />}>
      <Tabs
        value={tab}
        keepMounted={false}
        onChange={(value) =>
          void navigate({ search: value === 'read' || value === null ? {} : { tab: value as 'edit' } })
        }
      >
        <Tabs.List mb="md">
          {tabs.map((each) => (
            <Tabs.Tab key={each} value={each}>
              {words.tabs[each]}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value="read">
          {nothing ? (
            <EmptyState title={words.none} hint={words.noneHint} />
          ) : (
            <Read query={config}>
              {({ version: number, appliedBy, appliedAt, yaml }) => (
                <>
                  <p className={styles.hint}>
                    <strong>{words.version(number)}</strong>. {words.appliedBy} {appliedBy},{' '}
                    <RelativeTime at={appliedAt} />
                  </p>
                  <Suspense fallback={<Loading />}>
                    <Yaml key={number} label={words.text} text={yaml} />
                  </Suspense>
                </>
              )}
            </Read>
          )}
        </Tabs.Panel>
        <Tabs.Panel value="edit">
          {text === undefined || inForce === undefined ? (
            underWay
          ) : (
            <Suspense fallback={<Loading />}>
              <Edit text={text} inForce={inForce} onChange={setDraft} onDone={() => setDraft(null)} />
            </Suspense>
          )}
        </Tabs.Panel>
        <Tabs.Panel value="versions">
          <Versions mayEdit={me !== undefined && mayPlan(me)} />
        </Tabs.Panel>
        <Tabs.Panel value="explain">
          <Explain />
        </Tabs.Panel>
        <Tabs.Panel value="simulate">{text === undefined ? underWay : <Simulate yaml={text} />}</Tabs.Panel>
      </Tabs>
    </Page>
  );
}
