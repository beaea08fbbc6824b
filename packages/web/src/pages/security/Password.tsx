/** Changes the password; for people who sign in with one. */
import { Button, Group, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api } from '../../api/client.ts';
import { stale } from '../../api/queries.ts';
import { insist } from '../../api/step-up.ts';
import { PasswordField } from '../../components/PasswordField.tsx';
import { Problem } from '../../components/Problem.tsx';
import { Section } from '../../components/Section.tsx';
import { security } from '../../words/security.ts';
import styles from './Security.module.css';

const words = security.password;

export function Password() {
  const [current, setCurrent] = useState('');
  const [next, setNext] = useState('');
  const change = useMutation({
    mutationFn: () => insist(() => api.changePassword({ current, password: next })),
    onSuccess: async () => {
      setCurrent('');
      setNext('');
      await stale('myLogins');
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    change.mutate();
  };
  return (
    <Section title={words.title}>
      <form onSubmit={submit} className={styles.form}>
        <Stack gap="sm">
          <PasswordField label={words.current} value={current} onChange={setCurrent} />
          <PasswordField made label={words.next} description={words.nextHint} value={next} onChange={setNext} />
          <Problem error={change.error} />
          {change.isSuccess && <Text role="status">{words.changed}</Text>}
          <Group>
            <Button type="submit" variant="default" loading={change.isPending}>
              {words.deed}
            </Button>
          </Group>
        </Stack>
      </form>
    </Section>
  );
}
