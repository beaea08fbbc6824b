/** The ways to show a second factor, as far as the person has them: a passkey, a code, a recovery code, their provider. */
import { Anchor, Button, Divider, Group, Stack, Text, TextInput } from '@mantine/core';
import { useMutation, useSuspenseQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { AssertionResponse } from '@tidegate/contract';
import { type FormEvent, useState } from 'react';
import { api } from '../api/client.ts';
import { signWithPasskey } from '../api/passkeys.ts';
import { reading } from '../api/queries.ts';
import { Problem } from '../components/Problem.tsx';
import { ourAddress } from '../lib/address.ts';
import { security } from '../words/security.ts';

const words = security.stepUp;

/** What is shown. */
export type Shown =
  | { readonly passkey: { readonly challenge: string; readonly response: AssertionResponse } }
  | { readonly code: string; readonly recovery: boolean };

export interface FactorsProps {
  /** Gives it to the API. Rejects with the API's refusal. */
  readonly show: (shown: Shown) => Promise<unknown>;
  readonly onDone: () => void;
  /** The terminal’s question that it answers, if there is one: the provider’s answer then counts for both. */
  readonly asked?: string;
}

export function Factors({ show, onDone, asked }: FactorsProps) {
  const { mfa, session } = useSuspenseQuery(reading('me')).data;
  const hasCodes = mfa.totp || mfa.recoveryCodes > 0;
  const atProvider = session.how === 'oidc';
  const passkey = useMutation({
    mutationFn: async () => {
      const { challenge, options } = await api.askPasskey();
      await show({ passkey: { challenge, response: await signWithPasskey(options) } });
    },
    onSuccess: onDone,
  });
  return (
    <Stack gap="sm">
      {mfa.passkeys > 0 && (
        <Button size="sm" loading={passkey.isPending} onClick={() => passkey.mutate()} data-autofocus>
          {words.passkey}
        </Button>
      )}
      {mfa.passkeys > 0 && hasCodes && <Divider label={words.or} />}
      {hasCodes && <Code show={show} onDone={onDone} />}
      {atProvider && <AtProvider asked={asked} />}
      {mfa.passkeys === 0 && !hasCodes && !atProvider && (
        <Text>
          {words.none} <Link to="/security">{words.toSecurity}</Link>
        </Text>
      )}
      <Problem error={passkey.error} />
    </Stack>
  );
}

function Code({ show, onDone }: FactorsProps) {
  const { mfa } = useSuspenseQuery(reading('me')).data;
  const [recovery, setRecovery] = useState(!mfa.totp);
  const [code, setCode] = useState('');
  const typed = useMutation({
    mutationFn: () => show({ code, recovery }),
    onSuccess: onDone,
    onError: () => setCode(''),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    typed.mutate();
  };
  return (
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
        <Problem error={typed.error} />
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
  );
}

/** Leaves the app for the provider's page, and comes back to where one was. */
function AtProvider({ asked }: { readonly asked: string | undefined }) {
  const go = useMutation({
    mutationFn: () => api.startStepUp({ destination: { cookie: true, returnTo: ourAddress() }, asked }),
    onSuccess: ({ location }) => window.location.assign(location),
  });
  return (
    <>
      <Button variant="default" size="sm" loading={go.isPending} onClick={() => go.mutate()}>
        {words.provider}
      </Button>
      <Problem error={go.error} />
    </>
  );
}
