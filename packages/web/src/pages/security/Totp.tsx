/** The authenticator app: set up with a first code, removed again. */
import { Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useMutation, useSuspenseQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api } from '../../api/client.ts';
import { reading, stale } from '../../api/queries.ts';
import { insist } from '../../api/step-up.ts';
import { ConfirmDialog } from '../../components/ConfirmDialog.tsx';
import { Copyable } from '../../components/Copyable.tsx';
import { Problem } from '../../components/Problem.tsx';
import { QrCode } from '../../components/QrCode.tsx';
import { Section } from '../../components/Section.tsx';
import { common } from '../../words/common.ts';
import { security } from '../../words/security.ts';
import styles from './Security.module.css';
import { useProof } from './useProof.tsx';

const words = security.totp;

export function Totp() {
  const { mfa } = useSuspenseQuery(reading('me')).data;
  const [adding, add] = useDisclosure(false);
  const [removing, remove] = useDisclosure(false);
  return (
    <Section title={words.title}>
      <Group gap="md" mb="xs">
        <Text>{mfa.totp ? words.on : words.off}</Text>
        {!adding && (
          <Button variant="default" onClick={mfa.totp ? remove.open : add.open}>
            {mfa.totp ? words.remove : words.add}
          </Button>
        )}
      </Group>
      {adding && <SetUp onDone={add.close} />}
      <ConfirmDialog
        opened={removing}
        onClose={remove.close}
        title={words.removeTitle}
        deed={words.remove}
        harmful
        onConfirm={async () => {
          await insist(() => api.removeTotp());
          await stale('me');
        }}
      >
        {words.removeWhat}
      </ConfirmDialog>
    </Section>
  );
}

function SetUp({ onDone }: { readonly onDone: () => void }) {
  const proof = useProof();
  const [code, setCode] = useState('');
  const begin = useMutation({ mutationFn: () => insist(() => api.enrolTotp(proof.given)), onSuccess: proof.forget });
  const confirm = useMutation({
    mutationFn: () => api.confirmTotp({ code }),
    onError: () => setCode(''),
    onSuccess: async () => {
      await stale('me');
      onDone();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (begin.isSuccess) confirm.mutate();
    else begin.mutate();
  };
  return (
    <form onSubmit={submit} className={styles.form}>
      <Stack gap="sm">
        {!begin.isSuccess && proof.field}
        {begin.isSuccess && (
          <>
            <Text>{words.scan}</Text>
            <QrCode label={words.qr} text={begin.data.uri} />
            <Text>{words.type}</Text>
            <Copyable what={words.key} text={begin.data.secret} />
            <TextInput
              label={words.code}
              value={code}
              onChange={(event) => setCode(event.currentTarget.value)}
              autoComplete="one-time-code"
              inputMode="numeric"
              maxLength={16}
              required
              withAsterisk={false}
            />
          </>
        )}
        <Problem error={begin.error ?? confirm.error} />
        <Group gap="xs">
          <Button type="submit" loading={begin.isPending || confirm.isPending}>
            {begin.isSuccess ? words.confirm : security.goOn}
          </Button>
          <Button variant="default" onClick={onDone}>
            {common.cancel}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
