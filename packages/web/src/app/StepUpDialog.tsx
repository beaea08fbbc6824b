/** Asks for a second factor when a call wants one: a passkey, a code, or a recovery code, whichever the person has. */
import { Anchor, Button, Divider, Group, Modal, Stack, Text, TextInput } from '@mantine/core';
import { useMutation, useSuspenseQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { api } from '../api/client.ts';
import { signWithPasskey } from '../api/passkeys.ts';
import { reading, stale } from '../api/queries.ts';
import { useAsked } from '../api/step-up.ts';
import { Problem } from '../components/Problem.tsx';
import { common } from '../words/common.ts';
import { security } from '../words/security.ts';

const words = security.stepUp;

export function StepUpDialog() {
  const asked = useAsked();
  return (
    <Modal
      opened={asked !== null}
      onClose={() => asked?.answer(false)}
      title={words.title}
      closeButtonProps={{ 'aria-label': common.close }}
      zIndex={400}
    >
      {asked !== null && <Factors why={asked.why} answer={asked.answer} />}
    </Modal>
  );
}

interface FactorsProps {
  readonly why: string;
  readonly answer: (shown: boolean) => void;
}

function Factors({ why, answer }: FactorsProps) {
  const { mfa } = useSuspenseQuery(reading('me')).data;
  const [recovery, setRecovery] = useState(!mfa.totp && mfa.recoveryCodes > 0);
  const [code, setCode] = useState('');
  const done = async () => {
    await stale('me');
    answer(true);
  };
  const passkey = useMutation({
    mutationFn: async () => {
      const { challenge, options } = await api.askPasskey();
      await api.showPasskey({ challenge, response: await signWithPasskey(options) });
    },
    onSuccess: done,
  });
  const typed = useMutation({
    // biome-ignore lint/correctness/useHookAtTopLevel: an endpoint of that name, no hook
    mutationFn: () => (recovery ? api.useRecoveryCode({ code }) : api.verifyTotp({ code })),
    onSuccess: done,
    onError: () => setCode(''),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    typed.mutate();
  };
  const hasCodes = mfa.totp || mfa.recoveryCodes > 0;
  return (
    <Stack gap="sm">
      <Text>{why}</Text>
      {mfa.passkeys > 0 && (
        <Button size="sm" loading={passkey.isPending} onClick={() => passkey.mutate()} data-autofocus>
          {words.passkey}
        </Button>
      )}
      {mfa.passkeys > 0 && hasCodes && <Divider label={words.or} />}
      {hasCodes && (
        <form onSubmit={submit}>
          <Stack gap="sm">
            <TextInput
              label={recovery ? words.recovery : words.code}
              value={code}
              onChange={(event) => setCode(event.currentTarget.value)}
              autoComplete="one-time-code"
              inputMode={recovery ? 'text' : 'numeric'}
              maxLength={32}
              required
              withAsterisk={false}
              data-autofocus
            />
            <Group justify="space-between">
              {mfa.totp && mfa.recoveryCodes > 0 && !recovery ? (
                <Anchor component="button" type="button" onClick={() => setRecovery(true)}>
                  {words.useRecovery}
                </Anchor>
              ) : (
                <span />
              )}
              <Button type="submit" loading={typed.isPending}>
                {words.deed}
              </Button>
            </Group>
          </Stack>
        </form>
      )}
      {mfa.passkeys === 0 && !hasCodes && (
        <Text>
          {words.none}{' '}
          <Link to="/security" onClick={() => answer(false)}>
            {words.toSecurity}
          </Link>
        </Text>
      )}
      <Problem error={passkey.error ?? typed.error} />
    </Stack>
  );
}
