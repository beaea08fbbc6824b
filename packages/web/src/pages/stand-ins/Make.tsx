/** Names somebody to stand in. */
import { Autocomplete, Button, Group, Stack, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery, useSuspenseQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api } from '../../api/client.ts';
import { usePages } from '../../api/paging.ts';
import { reading, stale } from '../../api/queries.ts';
import { Problem } from '../../components/Problem.tsx';
import { Section } from '../../components/Section.tsx';
import { zoneName } from '../../lib/time.ts';
import { standIns as words } from '../../words/stand-ins.ts';
import styles from './stand-ins.module.css';

const EMPTY = { person: '', delegate: '', from: '', until: '', reason: '' };
const SUGGESTED = 20;

export function Make() {
  const { data: me } = useSuspenseQuery(reading('me'));
  const [typed, setTyped] = useState(EMPTY);
  const names = useNames();
  const set = (change: Partial<typeof EMPTY>) => setTyped((before) => ({ ...before, ...change }));
  const make = useMutation({
    mutationFn: () =>
      api.createDelegation({
        delegate: typed.delegate.trim(),
        endsAt: new Date(typed.until).toISOString(),
        ...(typed.person.trim() === '' ? {} : { person: typed.person.trim() }),
        ...(typed.from === '' ? {} : { startsAt: new Date(typed.from).toISOString() }),
        ...(typed.reason.trim() === '' ? {} : { reason: typed.reason.trim() }),
      }),
    onSuccess: async ({ delegate, person }) => {
      notifications.show({ message: words.made(delegate, person) });
      setTyped(EMPTY);
      await stale('delegations', 'requests');
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    make.mutate();
  };
  return (
    <Section title={words.make}>
      <form onSubmit={submit} className={styles.form}>
        <Stack gap="md">
          {me.administrator && (
            <Autocomplete
              label={words.away}
              description={words.awayHint}
              placeholder={me.name}
              data={[...names]}
              limit={SUGGESTED}
              value={typed.person}
              onChange={(person) => set({ person })}
            />
          )}
          <Autocomplete
            label={words.who}
            description={words.whoHint}
            data={names.filter((name) => name !== (typed.person || me.name))}
            limit={SUGGESTED}
            value={typed.delegate}
            onChange={(delegate) => set({ delegate })}
            required
          />
          <Group gap="sm" align="flex-start">
            <TextInput
              type="datetime-local"
              label={words.from(zoneName())}
              description={words.fromHint}
              value={typed.from}
              onChange={(event) => set({ from: event.currentTarget.value })}
            />
            <TextInput
              type="datetime-local"
              label={words.until(zoneName())}
              description={words.untilHint}
              value={typed.until}
              onChange={(event) => set({ until: event.currentTarget.value })}
              required
            />
          </Group>
          <TextInput
            label={words.reason}
            description={words.reasonHint}
            value={typed.reason}
            onChange={(event) => set({ reason: event.currentTarget.value })}
            maxLength={2000}
          />
          <Problem error={make.error} />
          <Group>
            <Button
              type="submit"
              size="sm"
              loading={make.isPending}
              disabled={typed.delegate.trim() === '' || typed.until === ''}
            >
              {words.deed}
            </Button>
          </Group>
        </Stack>
      </form>
    </Section>
  );
}

/** Names to pick from: everybody, for those who may see everybody; else who reviewed what one may see. */
function useNames(): readonly string[] {
  const { data: me } = useSuspenseQuery(reading('me'));
  const seesAll = me.auditor || me.administrator;
  const { rows: people } = usePages('people', { limit: 500 }, { enabled: seesAll });
  const { data: seen } = useQuery({ ...reading('requests', { filter: 'all', limit: 200 }), enabled: !seesAll });
  const met = (seen?.items ?? []).flatMap(({ requester, reviews }) => [
    requester,
    ...reviews.map(({ reviewer }) => reviewer),
  ]);
  return [...new Set([...people.map(({ name }) => name), ...met])].sort();
}
