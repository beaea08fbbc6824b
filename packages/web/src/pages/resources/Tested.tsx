/** What a test of a connection found: how far it came, as a list; what is in the way, and what to run. */
import { Text } from '@mantine/core';
import type { ResourceTest } from '@tidegate/contract';
import { Section } from '../../components/Section.tsx';
import { StateBadge } from '../../components/StateBadge.tsx';
import { forPage } from '../../lib/refusal.ts';
import { resourceForm as words } from '../../words/resource-form.ts';
import type { Form } from './form.ts';
import styles from './resources.module.css';

type Step = keyof typeof words.steps;
const STEPS = Object.keys(words.steps) as readonly Step[];
const TONES = { done: 'good', failed: 'bad', open: 'over', without: 'wait' } as const;

export function Tested({ test, mode }: { readonly test: ResourceTest; readonly mode: Form['mode'] }) {
  const { failedAt, problems, warnings } = test;
  const end = failedAt === null ? STEPS.length : STEPS.indexOf(failedAt);
  const stateOf = (at: number) => (at < end ? 'done' : at === end ? 'failed' : 'open');
  return (
    <Section title={words.tested}>
      <Text role="status" fw={600}>
        {failedAt === null ? words.works : words.fails}
      </Text>
      <ol className={styles.steps}>
        {STEPS.map((step, at) => {
          const state = step === 'tls' && at < end && test.tls === null ? 'without' : stateOf(at);
          return (
            <li key={step}>
              <StateBadge state={state} label={words.states[state]} tone={TONES[state]} />
              <span>
                {words.steps[step]}
                {at < end && <span className={styles.none}> {detailOf(step, test, mode)}</span>}
              </span>
            </li>
          );
        })}
      </ol>
      {problems.length > 0 && <Sentences of={problems.map((each) => forPage(each))} />}
      {warnings.length > 0 && (
        <>
          <h3>{words.worth}</h3>
          <Sentences of={warnings} />
        </>
      )}
    </Section>
  );
}

function detailOf(step: Step, { server, administrator, tls }: ResourceTest, mode: Form['mode']): string | null {
  switch (step) {
    case 'tls':
      return tls !== null && mode === 'verify-ca' ? `${tls}, ${words.caOnly}` : tls;
    case 'login':
      return administrator;
    case 'server':
      return server;
    default:
      return null;
  }
}

const Sentences = ({ of }: { readonly of: readonly string[] }) => (
  <ul className={styles.sentences}>
    {of.map((sentence) => (
      <li key={sentence}>{sentence}</li>
    ))}
  </ul>
);
