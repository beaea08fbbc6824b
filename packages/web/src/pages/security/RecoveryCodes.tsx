/** Codes for the day the phone is lost: made anew, shown once. */
import { Button, Group, Text } from '@mantine/core';
import { useMutation, useSuspenseQuery } from '@tanstack/react-query';
import { api } from '../../api/client.ts';
import { reading, stale } from '../../api/queries.ts';
import { insist } from '../../api/step-up.ts';
import { Copyable } from '../../components/Copyable.tsx';
import { Problem } from '../../components/Problem.tsx';
import { Section } from '../../components/Section.tsx';
import { security } from '../../words/security.ts';
import styles from './Security.module.css';

const words = security.recovery;

export function RecoveryCodes() {
  const { mfa } = useSuspenseQuery(reading('me')).data;
  const make = useMutation({
    mutationFn: () => insist(() => api.makeRecoveryCodes()),
    onSuccess: () => stale('me'),
  });
  return (
    <Section title={words.title}>
      {make.data === undefined ? (
        <Group gap="md">
          <Text>{words.left(mfa.recoveryCodes)}</Text>
          <Button variant="default" onClick={() => make.mutate()} loading={make.isPending}>
            {words.make}
          </Button>
        </Group>
      ) : (
        <>
          <Text>{words.shown}</Text>
          <ul className={styles.codes}>
            {make.data.codes.map((code) => (
              <li key={code} data-testid="recovery-code">
                {code}
              </li>
            ))}
          </ul>
          <Group gap="md">
            <Copyable what={words.all} text={make.data.codes.join('\n')} hidden />
            <Button onClick={make.reset}>{words.done}</Button>
          </Group>
        </>
      )}
      <Problem error={make.error} />
    </Section>
  );
}
