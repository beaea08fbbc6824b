/** One person: groups, state, where they are signed in, and the ways on to what they did. */
import { Button, Group, PasswordInput, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useMutation, useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import type { Input, PersonView } from '@tidegate/contract';
import { type FormEvent, useState } from 'react';
import { api } from '../../api/client.ts';
import { usePages } from '../../api/paging.ts';
import { reading, stale } from '../../api/queries.ts';
import { ConfirmDialog } from '../../components/ConfirmDialog.tsx';
import { EmptyState } from '../../components/EmptyState.tsx';
import { Page } from '../../components/Page.tsx';
import { Problem } from '../../components/Problem.tsx';
import { Read } from '../../components/Read.tsx';
import { RelativeTime } from '../../components/RelativeTime.tsx';
import { Section } from '../../components/Section.tsx';
import { StateBadge } from '../../components/StateBadge.tsx';
import { Keys } from '../../parts/Keys.tsx';
import { people as words } from '../../words/people.ts';
import { groupsOf } from './groups.ts';

const route = getRouteApi('/signedIn/people/$name');

export function PersonPage() {
  const { name } = route.useParams();
  const query = useQuery(reading('person', { name: name as PersonView['name'] }));
  const { data: me } = useQuery(reading('me'));
  return (
    <Page title={name}>
      <Read query={query}>
        {(person) => (
          <>
            <Section
              title={words.facts}
              actions={
                <StateBadge
                  state={String(person.disabled)}
                  label={person.disabled ? words.disabled : words.active}
                  tone={person.disabled ? 'over' : 'good'}
                />
              }
            >
              <p>
                {words.columns.since} <RelativeTime at={person.createdAt} />
                {person.entra !== null && ` · ${words.entra}: ${person.entra.object}`}
              </p>
              {me?.administrator === true ? <Groups person={person} /> : <p>{person.groups.join(', ')}</p>}
              {me?.administrator === true && <Deeds person={person} own={me.name === person.name} />}
            </Section>
            <Section title={words.history}>
              <Group gap="md">
                <Link to="/record" search={{ person: person.name, span: 'P30D' }}>
                  {words.record}
                </Link>
                <Link to="/sessions" search={{ person: person.name, show: 'all' }}>
                  {words.sessions}
                </Link>
                <Link to="/policies" search={{ tab: 'explain', as: person.name }}>
                  {words.explain}
                </Link>
              </Group>
            </Section>
            {me?.administrator === true && <Logins person={person} />}
            <Keys person={person.name} />
          </>
        )}
      </Read>
    </Page>
  );
}

type Change = Omit<Input<'changePerson'>, 'name'>;

async function change(person: PersonView, what: Change): Promise<void> {
  await api.changePerson({ name: person.name, ...what });
  await stale('people', 'person', 'loginsOf');
}

function Groups({ person }: { readonly person: PersonView }) {
  const [text, setText] = useState(person.groups.join(', '));
  const save = useMutation({ mutationFn: () => change(person, { groups: groupsOf(text) as PersonView['groups'] }) });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Group align="flex-end" gap="sm" mb="md">
        <TextInput
          label={words.groups}
          description={words.groupsHint}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          w="min(100%, 28rem)"
        />
        <Button type="submit" variant="default" loading={save.isPending} disabled={text === person.groups.join(', ')}>
          {words.save}
        </Button>
        {save.isSuccess && <span role="status">{words.saved}</span>}
      </Group>
      <Problem error={save.error} />
    </form>
  );
}

function Deeds({ person, own }: { readonly person: PersonView; readonly own: boolean }) {
  const [asked, setAsked] = useState<'disable' | 'mfa' | null>(null);
  const [setting, { toggle, close }] = useDisclosure(false);
  const [password, setPassword] = useState('');
  const enable = useMutation({ mutationFn: () => change(person, { disabled: false }) });
  const set = useMutation({
    mutationFn: () => change(person, { password }),
    onSuccess: () => {
      setPassword('');
      close();
    },
  });
  const none = () => setAsked(null);
  return (
    <>
      <Group gap="xs">
        {person.disabled ? (
          <Button variant="default" onClick={() => enable.mutate()} loading={enable.isPending}>
            {words.enable}
          </Button>
        ) : (
          !own && (
            <Button color="red" variant="light" onClick={() => setAsked('disable')}>
              {words.disable}
            </Button>
          )
        )}
        {!own && (
          <>
            <Button variant="default" onClick={() => setAsked('mfa')}>
              {words.resetMfa}
            </Button>
            <Button variant="default" onClick={toggle} aria-expanded={setting}>
              {words.setPassword}
            </Button>
          </>
        )}
      </Group>
      <Problem error={enable.error} />
      {setting && (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            set.mutate();
          }}
        >
          <PasswordInput
            mt="sm"
            maw="24rem"
            label={words.newPassword}
            description={words.setPasswordAsk}
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
            autoComplete="new-password"
          />
          <Button type="submit" mt="xs" loading={set.isPending} disabled={password.length < 8}>
            {words.setPassword}
          </Button>
          <Problem error={set.error} />
        </form>
      )}
      <ConfirmDialog
        opened={asked === 'disable'}
        onClose={none}
        title={words.disableTitle(person.name)}
        deed={words.disable}
        harmful
        onConfirm={() => change(person, { disabled: true })}
      >
        {words.disableAsk}
      </ConfirmDialog>
      <ConfirmDialog
        opened={asked === 'mfa'}
        onClose={none}
        title={words.resetTitle(person.name)}
        deed={words.resetMfa}
        harmful
        onConfirm={() => change(person, { resetMfa: true })}
      >
        {words.resetAsk}
      </ConfirmDialog>
    </>
  );
}

function Logins({ person }: { readonly person: PersonView }) {
  const { rows, query } = usePages('loginsOf', { name: person.name });
  const end = useMutation({
    mutationFn: (id: (typeof rows)[number]['id']) => api.endLoginOf({ name: person.name, id }),
    onSuccess: () => stale('loginsOf'),
  });
  return (
    <Section title={words.logins}>
      <Read query={query}>
        {() =>
          rows.length === 0 ? (
            <EmptyState title={words.loginsNone} />
          ) : (
            <ul>
              {rows.map(({ id, address, lastUsedAt }) => (
                <li key={id}>
                  {address}, <RelativeTime at={lastUsedAt} />{' '}
                  <Button
                    size="compact-xs"
                    variant="default"
                    aria-label={words.endOne(address)}
                    onClick={() => end.mutate(id)}
                  >
                    {words.end}
                  </Button>
                </li>
              ))}
            </ul>
          )
        }
      </Read>
      <Problem error={end.error} />
    </Section>
  );
}
