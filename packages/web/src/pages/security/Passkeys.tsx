/** My passkeys: add, see, rename, remove. */
import { Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useMutation, useQuery } from '@tanstack/react-query';
import type { PasskeyView } from '@tidegate/contract';
import { type FormEvent, useState } from 'react';
import { api } from '../../api/client.ts';
import { canPasskeys, makePasskey } from '../../api/passkeys.ts';
import { reading, stale } from '../../api/queries.ts';
import { insist } from '../../api/step-up.ts';
import { ConfirmDialog } from '../../components/ConfirmDialog.tsx';
import { Problem } from '../../components/Problem.tsx';
import { Read } from '../../components/Read.tsx';
import { RelativeTime } from '../../components/RelativeTime.tsx';
import { Quiet, Row, Rows } from '../../components/Rows.tsx';
import { Section } from '../../components/Section.tsx';
import { common } from '../../words/common.ts';
import { security } from '../../words/security.ts';
import styles from './Security.module.css';
import { useProof } from './useProof.tsx';

const words = security.passkeys;

export function Passkeys() {
  const passkeys = useQuery(reading('passkeys'));
  const [adding, { open, close }] = useDisclosure(false);
  return (
    <Section title={words.title} hint={words.hint}>
      <Read query={passkeys}>
        {({ items }) => (
          <>
            {items.length === 0 && (
              <p>
                <Quiet>{words.none}</Quiet>
              </p>
            )}
            <Rows>
              {items.map((passkey) => (
                <One key={passkey.id} passkey={passkey} />
              ))}
            </Rows>
          </>
        )}
      </Read>
      {!canPasskeys() && <Text c="dimmed">{words.unable}</Text>}
      {canPasskeys() && (adding ? <Add onDone={close} /> : <Button onClick={open}>{words.add}</Button>)}
    </Section>
  );
}

function Add({ onDone }: { readonly onDone: () => void }) {
  const [name, setName] = useState('');
  const proof = useProof();
  const add = useMutation({
    mutationFn: async () => {
      const { challenge, options } = await insist(() => api.beginPasskey(proof.given));
      await api.addPasskey({ challenge, name, response: await makePasskey(options) });
    },
    onSuccess: async () => {
      await stale('passkeys', 'me');
      onDone();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    add.mutate();
  };
  return (
    <form onSubmit={submit} className={styles.form}>
      <Stack gap="sm">
        <TextInput
          label={words.name}
          placeholder={words.namePlaceholder}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          maxLength={64}
          required
          withAsterisk={false}
        />
        {proof.field}
        <Problem error={add.error} />
        <Group gap="xs">
          <Button type="submit" loading={add.isPending}>
            {words.add}
          </Button>
          <Button variant="default" onClick={onDone}>
            {common.cancel}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function One({ passkey: { id, name, lastUsedAt, lockedAt } }: { readonly passkey: PasskeyView }) {
  const [asked, { open, close }] = useDisclosure(false);
  const [naming, rename] = useDisclosure(false);
  if (naming) return <Rename id={id} name={name} onDone={rename.close} />;
  return (
    <Row
      deeds={
        <>
          <Group gap="xs">
            <Button variant="default" onClick={rename.open} aria-label={words.renameOne(name)}>
              {words.rename}
            </Button>
            <Button variant="default" onClick={open} aria-label={`${words.remove}: ${name}`}>
              {words.remove}
            </Button>
          </Group>
          <ConfirmDialog
            opened={asked}
            onClose={close}
            title={words.removeTitle(name)}
            deed={words.remove}
            harmful
            onConfirm={async () => {
              await insist(() => api.removePasskey({ id }));
              await stale('passkeys', 'me');
            }}
          >
            {words.removeWhat}
          </ConfirmDialog>
        </>
      }
    >
      <strong>{name}</strong>{' '}
      <Quiet>
        {lastUsedAt === null ? words.never : words.used} {lastUsedAt !== null && <RelativeTime at={lastUsedAt} />}
      </Quiet>
      {lockedAt !== null && <Text c="var(--tide-bad)">{words.locked}</Text>}
    </Row>
  );
}

const focus = (input: HTMLInputElement | null): void => input?.focus();

function Rename({ id, name, onDone }: Pick<PasskeyView, 'id' | 'name'> & { readonly onDone: () => void }) {
  const [next, setNext] = useState<string>(name);
  const rename = useMutation({
    mutationFn: () => api.renamePasskey({ id, name: next.trim() }),
    onSuccess: async () => {
      await stale('passkeys');
      onDone();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    rename.mutate();
  };
  return (
    <Row>
      <form onSubmit={submit} className={styles.form}>
        <TextInput
          label={words.name}
          value={next}
          onChange={(event) => setNext(event.currentTarget.value)}
          maxLength={64}
          required
          withAsterisk={false}
          // The button that was pressed is gone: the focus goes to what came in its place.
          ref={focus}
        />
        <Problem error={rename.error} />
        <Group gap="xs" mt="xs">
          <Button type="submit" loading={rename.isPending} disabled={next.trim() === ''}>
            {words.save}
          </Button>
          <Button variant="default" onClick={onDone}>
            {common.cancel}
          </Button>
        </Group>
      </form>
    </Row>
  );
}
