/**
 * Where a refused call leads who has to show a second factor: for this login, or (with `challenge`) for another one of
 * theirs, a terminal's, that asked. There, both sides show the same short code.
 */
import { Button, Group, Stack, Text } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import type { StepUpView } from '@tidegate/contract';
import { useState } from 'react';
import { api } from '../../api/client.ts';
import { reading, stale } from '../../api/queries.ts';
import { Factors, type Shown } from '../../app/Factors.tsx';
import { showHere } from '../../app/StepUpDialog.tsx';
import { Facts } from '../../components/Facts.tsx';
import { Page } from '../../components/Page.tsx';
import { Problem } from '../../components/Problem.tsx';
import { Read } from '../../components/Read.tsx';
import { RelativeTime } from '../../components/RelativeTime.tsx';
import { security } from '../../words/security.ts';
import styles from './Security.module.css';

const words = security.elsewhere;
const route = getRouteApi('/signedIn/mfa');

export function MfaPage() {
  const { challenge } = route.useSearch();
  return <Page title={security.stepUp.title}>{challenge === undefined ? <Here /> : <Elsewhere id={challenge} />}</Page>;
}

function Here() {
  const [done, setDone] = useState(false);
  if (done) return <Text role="status">{words.done}</Text>;
  return (
    <div className={styles.form}>
      <Factors show={showHere} onDone={() => void stale('me').then(() => setDone(true))} />
    </div>
  );
}

function Elsewhere({ id }: { readonly id: string }) {
  const asked = useQuery(reading('stepUp', { id }));
  return <Read query={asked}>{(stepUp) => <Asked stepUp={stepUp} />}</Read>;
}

function Asked({ stepUp }: { readonly stepUp: StepUpView }) {
  const { id, state, code, address, userAgent, createdAt } = stepUp;
  const refuse = useMutation({ mutationFn: () => api.refuseStepUp({ id }), onSuccess: () => stale('stepUp') });
  if (state !== 'pending') return <Text role="status">{words.state[state]}</Text>;
  const show = (shown: Shown) =>
    api.completeStepUp('passkey' in shown ? { id, passkey: shown.passkey } : { id, code: shown.code });
  return (
    <Stack gap="md" className={styles.form}>
      <Text>{words.what}</Text>
      <Facts
        facts={[
          [words.code, <strong key="code">{code}</strong>],
          [words.from, address],
          [words.program, userAgent],
          [words.when, <RelativeTime key="when" at={createdAt} />],
        ]}
      />
      <Factors show={show} onDone={() => void stale('stepUp', 'me')} asked={id} />
      <Group>
        <Button variant="default" color="red" onClick={() => refuse.mutate()} loading={refuse.isPending}>
          {words.notMe}
        </Button>
      </Group>
      <Problem error={refuse.error} />
    </Stack>
  );
}
