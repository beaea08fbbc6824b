/** Everybody, and the groups they are in; administrators add people here. */
import { Button, Group, Modal, PasswordInput, Tabs, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useMutation, useQuery } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import type { PersonView } from '@tidegate/contract';
import { type FormEvent, useEffect, useState } from 'react';
import { api } from '../../api/client.ts';
import { usePages } from '../../api/paging.ts';
import { reading, stale } from '../../api/queries.ts';
import { type Column, DataTable } from '../../components/DataTable.tsx';
import { EmptyState } from '../../components/EmptyState.tsx';
import { Icon } from '../../components/Icon.tsx';
import { Page } from '../../components/Page.tsx';
import { Problem } from '../../components/Problem.tsx';
import { Read } from '../../components/Read.tsx';
import { RelativeTime } from '../../components/RelativeTime.tsx';
import { StateBadge } from '../../components/StateBadge.tsx';
import { common } from '../../words/common.ts';
import { people as words } from '../../words/people.ts';
import { groupsOf } from './groups.ts';

const route = getRouteApi('/signedIn/people');

const { columns } = words;
const PEOPLE: readonly Column<PersonView>[] = [
  { key: 'name', title: columns.name, width: 'minmax(8rem, 14rem)', cell: ({ name }) => name },
  { key: 'groups', title: columns.groups, width: 'minmax(8rem, 1fr)', cell: ({ groups }) => groups.join(', ') },
  {
    key: 'state',
    title: columns.state,
    width: '7rem',
    cell: ({ disabled }) => (
      <StateBadge
        state={String(disabled)}
        label={disabled ? words.disabled : words.active}
        tone={disabled ? 'over' : 'good'}
      />
    ),
  },
  {
    key: 'since',
    title: columns.since,
    width: '10rem',
    minor: true,
    cell: ({ createdAt }) => <RelativeTime at={createdAt} show="age" />,
  },
];

interface GroupRow {
  readonly name: string;
  readonly members: readonly string[];
}
const GROUPS: readonly Column<GroupRow>[] = [
  { key: 'group', title: columns.group, width: 'minmax(8rem, 14rem)', cell: ({ name }) => name },
  { key: 'members', title: columns.members, width: 'minmax(8rem, 1fr)', cell: ({ members }) => members.join(', ') },
];

export function PeoplePage() {
  const { tab = 'people', find = '' } = route.useSearch();
  const navigate = useNavigate({ from: '/people' });
  const { rows, more, query } = usePages('people', { limit: 500 });
  const { data: me } = useQuery(reading('me'));
  const [opened, { open, close }] = useDisclosure(false);
  // Groups and the search are of everybody: the rest is read while the first page is looked at.
  useEffect(() => {
    if (more !== undefined && (tab === 'groups' || find !== '')) more();
  }, [more, tab, find]);
  const sought = find.toLowerCase();
  const shown = rows.filter(({ name, groups }) =>
    [name, ...groups].some((text) => text.toLowerCase().includes(sought)),
  );
  return (
    <Page
      title={words.title}
      lead={words.lead}
      wide
      actions={me?.administrator === true && <Button onClick={open}>{words.add}</Button>}
    >
      <Group justify="space-between" mb="sm">
        <Tabs value={tab} onChange={(value) => void navigate({ search: value === 'groups' ? { tab: 'groups' } : {} })}>
          <Tabs.List>
            <Tabs.Tab value="people">{words.tabs.people}</Tabs.Tab>
            <Tabs.Tab value="groups">{words.tabs.groups}</Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="people">{null}</Tabs.Panel>
          <Tabs.Panel value="groups">{null}</Tabs.Panel>
        </Tabs>
        <TextInput
          aria-label={words.search}
          placeholder={words.search}
          leftSection={<Icon name="search" />}
          value={find}
          onChange={(event) => {
            const { value } = event.currentTarget;
            void navigate({
              search: {
                ...(tab === 'groups' ? { tab: 'groups' as const } : {}),
                ...(value === '' ? {} : { find: value }),
              },
              replace: true,
            });
          }}
        />
      </Group>
      <Read query={query}>
        {() =>
          tab === 'groups' ? (
            <GroupList rows={rows} sought={sought} />
          ) : shown.length === 0 ? (
            <EmptyState title={rows.length === 0 ? words.none : words.noMatch} />
          ) : (
            <DataTable
              label={words.tabs.people}
              columns={PEOPLE}
              rows={shown}
              rowKey={({ name }) => name}
              onOpen={({ name }) => void navigate({ to: '/people/$name', params: { name } })}
              {...(more === undefined ? {} : { more })}
            />
          )
        }
      </Read>
      <Modal opened={opened} onClose={close} title={words.addTitle} closeButtonProps={{ 'aria-label': common.close }}>
        {opened && <AddPerson onDone={close} />}
      </Modal>
    </Page>
  );
}

function GroupList({ rows, sought }: { readonly rows: readonly PersonView[]; readonly sought: string }) {
  const members = new Map<string, string[]>();
  for (const { name, groups } of rows) {
    for (const group of groups) members.set(group, [...(members.get(group) ?? []), name]);
  }
  const groups = [...members]
    .map(([name, of]) => ({ name, members: of }))
    .filter(({ name, members: of }) => [name, ...of].some((text) => text.toLowerCase().includes(sought)))
    .sort((one, other) => one.name.localeCompare(other.name));
  if (groups.length === 0) return <EmptyState title={words.noGroups} />;
  return <DataTable label={words.tabs.groups} columns={GROUPS} rows={groups} rowKey={({ name }) => name} />;
}

function AddPerson({ onDone }: { readonly onDone: () => void }) {
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [groups, setGroups] = useState('');
  const add = useMutation({
    mutationFn: () => api.createPerson({ name: name.trim(), password, groups: groupsOf(groups) }),
    onSuccess: async () => {
      await stale('people');
      onDone();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    add.mutate();
  };
  return (
    <form onSubmit={submit}>
      <TextInput
        label={words.name}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        autoComplete="off"
        data-autofocus
      />
      <PasswordInput
        mt="sm"
        label={words.password}
        description={words.passwordHint}
        value={password}
        onChange={(event) => setPassword(event.currentTarget.value)}
        autoComplete="new-password"
      />
      <TextInput
        mt="sm"
        label={words.groups}
        description={words.groupsHint}
        value={groups}
        onChange={(event) => setGroups(event.currentTarget.value)}
      />
      <Problem error={add.error} />
      <Group justify="flex-end" mt="md">
        <Button type="submit" loading={add.isPending} disabled={name.trim() === '' || password.length < 8}>
          {words.create}
        </Button>
      </Group>
    </form>
  );
}
