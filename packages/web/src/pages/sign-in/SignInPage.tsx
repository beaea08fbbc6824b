/** Signing in: a local account, with a second factor when the API asks for one; a passkey alone; an identity provider. */
import { Button, Stack, TextInput, Title } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { getRouteApi, useRouter } from '@tanstack/react-router';
import { Refusal } from '@tidegate/contract';
import { type FormEvent, useEffect, useState } from 'react';
import { signInWithPassword } from '../../api/session.ts';
import { PasswordField } from '../../components/PasswordField.tsx';
import { Problem } from '../../components/Problem.tsx';
import { common } from '../../words/common.ts';
import { signIn as words } from '../../words/sign-in.ts';

import { OtherWays } from './OtherWays.tsx';

const route = getRouteApi('/open/sign-in');

export function SignInPage() {
  const { to = '/' } = route.useSearch();
  const router = useRouter();
  const [user, setUser] = useState('');
  const [password, setPassword] = useState('');
  const [code, setCode] = useState('');
  const [withCode, setWithCode] = useState(false);
  const attempt = useMutation({
    mutationFn: () => signInWithPassword(user, password, withCode ? code : undefined),
    onSuccess: () => router.history.push(to),
    onError: (error) => {
      setCode('');
      if (error instanceof Refusal && error.code === 'mfa_required') setWithCode(true);
    },
  });
  useEffect(() => {
    document.title = `${words.title} · ${common.name}`;
  }, []);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    attempt.mutate();
  };
  const asked = withCode && attempt.error instanceof Refusal && attempt.error.code === 'mfa_required';
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        <Title order={1}>{words.title}</Title>
        <TextInput
          label={words.user}
          value={user}
          onChange={(event) => setUser(event.currentTarget.value)}
          autoComplete="username"
          maxLength={128}
          required
          withAsterisk={false}
          data-autofocus
        />
        <PasswordField label={words.password} value={password} onChange={setPassword} />
        {withCode && (
          <TextInput
            label={words.code}
            description={words.codeHint}
            value={code}
            onChange={(event) => setCode(event.currentTarget.value)}
            autoComplete="one-time-code"
            inputMode="numeric"
            maxLength={16}
            required
            withAsterisk={false}
            autoFocus
          />
        )}
        {!asked && <Problem error={attempt.error} />}
        <Button type="submit" size="sm" loading={attempt.isPending}>
          {words.deed}
        </Button>
        <OtherWays to={to} onDone={() => router.history.push(to)} />
      </Stack>
    </form>
  );
}
