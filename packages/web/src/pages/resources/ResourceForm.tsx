/** The form itself: what is typed, the test of it, and the change it would make. */
import { Button, Group, Text } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { withResource, withResourceRenamed } from '@tidegate/config';
import { type FormEvent, useState } from 'react';
import { api } from '../../api/client.ts';
import { reading, stale } from '../../api/queries.ts';
import { Problem } from '../../components/Problem.tsx';
import { resourceForm as words } from '../../words/resource-form.ts';
import { Change } from './Change.tsx';
import { badLabel, entryOf, type Form } from './form.ts';
import { AdministratorFields, TlsFields, WhatFields } from './ResourceFields.tsx';
import { Tested } from './Tested.tsx';

export interface ResourceFormProps {
  readonly initial: Form;
  /** The text of the configuration. */
  readonly inForce: string;
  readonly isNew: boolean;
}

export function ResourceForm({ initial, inForce, isNew }: ResourceFormProps) {
  const [form, setForm] = useState(initial);
  const [password, setPassword] = useState('');
  const [yaml, setYaml] = useState<string | null>(null);
  const [wrong, setWrong] = useState<unknown>(null);
  const { data: me } = useQuery(reading('me'));
  const { data: all } = useQuery(reading('resources'));
  const navigate = useNavigate();
  const name = form.name.trim();
  const renamed = !isNew && name !== initial.name;
  const taken = (isNew || renamed) && all?.items.some((each) => each.name === name) === true;
  const test = useMutation({
    mutationFn: () => api.testResource({ resource: entryOf(form), ...(password === '' ? {} : { password }) }),
  });
  /** The password is kept by itself; the configuration says only that it is stored. */
  const store = useMutation({
    mutationFn: async () => {
      const name = entryOf(form).name;
      if (form.source === 'stored' && password !== '') await api.setCredential({ name, password });
      return name;
    },
    onSuccess: async (name) => {
      await stale('resource', 'resources');
      await navigate({ to: '/resources/$name', params: { name } });
    },
  });
  /** What was planned or tested is of the form as it was then. */
  const change = (changes: Partial<Form>) => {
    setForm((before) => ({ ...before, ...changes }));
    setYaml(null);
    setWrong(null);
    test.reset();
  };
  const plan = (event: FormEvent) => {
    event.preventDefault();
    try {
      const text = renamed ? withResourceRenamed(inForce, initial.name, name) : inForce;
      setYaml(withResource(text, { ...entryOf(form) }));
    } catch (error) {
      setWrong(error);
    }
  };
  const ready = !taken && badLabel(form.labels) === null;
  const administrator = me?.administrator === true;
  return (
    <form onSubmit={plan}>
      <WhatFields form={form} isNew={isNew} taken={taken} onChange={change} />
      <AdministratorFields
        form={form}
        isNew={isNew || renamed}
        password={administrator ? password : null}
        onPassword={(next) => {
          setPassword(next);
          test.reset();
        }}
        onChange={change}
      />
      <TlsFields form={form} onChange={change} />
      <Group gap="xs">
        <Button type="submit" disabled={!ready}>
          {words.plan}
        </Button>
        {administrator && (
          <Button variant="default" onClick={() => test.mutate()} loading={test.isPending} disabled={!ready}>
            {words.test}
          </Button>
        )}
      </Group>
      {administrator && (
        <Text c="dimmed" size="sm" mt={4} mb="md">
          {words.testHint}
        </Text>
      )}
      <Problem error={wrong ?? test.error} />
      {test.data !== undefined && <Tested test={test.data} mode={form.mode} />}
      {yaml !== null && !store.isError && (
        <Change inForce={inForce} yaml={yaml} onApplied={() => store.mutateAsync()} />
      )}
      {yaml !== null && renamed && <Text mt="sm">{words.renamed(initial.name)}</Text>}
      {store.isError && (
        <>
          <Text role="alert">{words.notStored}</Text>
          <Problem error={store.error} />
          <Button onClick={() => store.mutate()} loading={store.isPending}>
            {words.storeAgain}
          </Button>
        </>
      )}
    </form>
  );
}
