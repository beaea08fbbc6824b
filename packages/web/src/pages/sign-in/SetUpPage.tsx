/** Makes the first administrator. The token stands in the address's fragment, which no browser sends to a server or a log. */
import { Button, Stack, Text, TextInput, Title } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type FormEvent, useEffect, useState } from 'react';
import { api } from '../../api/client.ts';
import { PasswordField } from '../../components/PasswordField.tsx';
import { Problem } from '../../components/Problem.tsx';
import { common } from '../../words/common.ts';
import { signIn } from '../../words/sign-in.ts';

const words = signIn.setUp;

/** Taken once, and out of the address bar at once. */
function takeToken(): string {
  const token = new URLSearchParams(location.hash.slice(1)).get('token') ?? '';
  if (token !== '') history.replaceState(history.state, '', location.pathname);
  return token;
}

export function SetUpPage() {
  const [token] = useState(takeToken);
  useEffect(() => {
    document.title = `${words.title} · ${common.name}`;
  }, []);
  return (
    <Stack gap="sm">
      <Title order={1}>{words.title}</Title>
      {token === '' ? <Text role="alert">{words.noToken}</Text> : <FirstPerson token={token} />}
    </Stack>
  );
}

function FirstPerson({ token }: { readonly token: string }) {
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [again, setAgain] = useState('');
  const differ = again !== '' && again !== password;
  const made = useMutation({
    mutationFn: () => api.setup({ token, people: [{ name, password, groups: ['administrators', 'auditors'] }] }),
  });
  if (made.isSuccess) {
    return (
      <>
        <Text role="status">{words.done(name)}</Text>
        <Link to="/sign-in">{words.goOn}</Link>
      </>
    );
  }
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!differ) made.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        <Text c="dimmed">{words.lead}</Text>
        <TextInput
          label={words.name}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          autoComplete="username"
          maxLength={128}
          required
          withAsterisk={false}
        />
        <PasswordField
          made
          label={words.password}
          description={words.passwordHint}
          value={password}
          onChange={setPassword}
        />
        <PasswordField
          made
          label={words.again}
          value={again}
          onChange={setAgain}
          error={differ ? words.differ : undefined}
        />
        <Problem error={made.error} />
        <Button type="submit" size="sm" loading={made.isPending}>
          {words.deed}
        </Button>
      </Stack>
    </form>
  );
}
