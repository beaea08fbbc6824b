/** An API key is made: for what, whose, what it may, until when; then shown, once. */
import { Button, Checkbox, Group, Modal, NativeSelect, Stack, Text, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import type { Input, Me } from '@tidegate/contract';
import { type FormEvent, useState } from 'react';
import { api } from '../api/client.ts';
import { stale } from '../api/queries.ts';
import { Copyable } from '../components/Copyable.tsx';
import { Problem } from '../components/Problem.tsx';
import { common } from '../words/common.ts';
import { keys as words } from '../words/keys.ts';

type Scope = Input<'createApiKey'>['scopes'][number];

export interface MakeKeyProps {
  readonly opened: boolean;
  readonly onClose: () => void;
  readonly me: Me;
  /** Whose it is at first. */
  readonly person: Me['name'];
}

export function MakeKeyDialog(props: MakeKeyProps) {
  const { opened, onClose } = props;
  return (
    <Modal opened={opened} onClose={onClose} title={words.make} closeButtonProps={{ 'aria-label': common.close }}>
      {opened && <Make {...props} />}
    </Modal>
  );
}

function Make({ me, person: first, onClose }: MakeKeyProps) {
  const [name, setName] = useState('');
  const [person, setPerson] = useState<string>(first);
  const [scopes, setScopes] = useState<readonly string[]>([]);
  const [days, setDays] = useState('30');
  const make = useMutation({
    mutationFn: () =>
      api.createApiKey({
        name: name.trim(),
        person: person.trim() as Me['name'],
        scopes: scopes as Scope[],
        expiresAt: new Date(Date.now() + Number(days) * 86_400_000).toISOString(),
      }),
    onSuccess: () => stale('apiKeys'),
  });
  if (make.data !== undefined) {
    return (
      <Stack gap="sm">
        <Text fw={600} role="status">
          {words.made}
        </Text>
        <Text>{words.shown}</Text>
        <Copyable what={words.key} text={make.data.key} />
        <Group justify="flex-end">
          <Button onClick={onClose}>{words.done}</Button>
        </Group>
      </Stack>
    );
  }
  const submit = (event: FormEvent) => {
    event.preventDefault();
    make.mutate();
  };
  // Provisioning is of others: only administrators make such a key.
  const offered = Object.entries(words.may).filter(([scope]) => scope !== 'scim' || me.administrator);
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        <TextInput
          label={words.name}
          description={words.nameHint}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          maxLength={100}
          required
          withAsterisk={false}
          data-autofocus
        />
        {me.administrator && (
          <TextInput
            label={words.person}
            description={words.personHint}
            value={person}
            onChange={(event) => setPerson(event.currentTarget.value)}
            required
            withAsterisk={false}
          />
        )}
        <Checkbox.Group label={words.scopes} value={[...scopes]} onChange={setScopes}>
          <Stack gap={6} mt={6}>
            {offered.map(([scope, label]) => (
              <Checkbox key={scope} value={scope} label={label} />
            ))}
          </Stack>
        </Checkbox.Group>
        <NativeSelect
          label={words.ends}
          data={Object.entries(words.days).map(([value, label]) => ({ value, label }))}
          value={days}
          onChange={(event) => setDays(event.currentTarget.value)}
        />
        <Problem error={make.error} />
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {common.cancel}
          </Button>
          <Button type="submit" loading={make.isPending} disabled={name.trim() === '' || scopes.length === 0}>
            {words.make}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
