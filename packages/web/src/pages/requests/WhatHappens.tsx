/** The page’s answer before anybody is asked: what the policy says to this, who could agree, and which rules it looked at. */
import { Anchor, Title } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import type { UseQueryResult } from '@tanstack/react-query';
import type { Explanation } from '@tidegate/contract';
import { Problem } from '../../components/Problem.tsx';
import { candidatesOf, stepsText } from '../../lib/saying.ts';
import { isoText } from '../../lib/time.ts';
import { access } from '../../words/access.ts';
import { common } from '../../words/common.ts';
import { requests } from '../../words/requests.ts';
import { windows } from '../../words/windows.ts';
import styles from './Ask.module.css';
import { opensText } from './When.tsx';
import type { Wanted } from './wanted.ts';

const words = requests.ask.happens;

export interface WhatHappensProps {
  readonly explained: UseQueryResult<Explanation>;
  /** ISO 8601. */
  readonly duration: string;
  readonly wanted: Wanted;
}

export function WhatHappens({ explained, duration, wanted }: WhatHappensProps) {
  const { data, error } = explained;
  return (
    <aside className={styles.what} data-outcome={data?.outcome} aria-live="polite" aria-busy={explained.isFetching}>
      <Title order={2}>{requests.ask.what}</Title>
      {data === undefined && error === null && <p>{common.loading}</p>}
      {data === undefined && error !== null && (
        <>
          <Problem error={error} />
          <Anchor component="button" type="button" size="sm" onClick={() => void explained.refetch()}>
            {common.again}
          </Anchor>
        </>
      )}
      {data !== undefined && <Told explanation={data} duration={duration} wanted={wanted} />}
    </aside>
  );
}

type ToldProps = Pick<WhatHappensProps, 'duration' | 'wanted'> & { readonly explanation: Explanation };

function Told({ explanation, duration, wanted }: ToldProps) {
  const { outcome, why, rule, steps, mfaAt, maxDuration, lines, mayExport } = explanation;
  const again = wanted.start === 'again' && !wanted.breakGlass;
  const names = candidatesOf(explanation);
  if (outcome === 'denied') {
    return (
      <>
        <p className={styles.main}>{words.denied}</p>
        <p>{why}</p>
        <Considered explanation={explanation} />
      </>
    );
  }
  return (
    <>
      <p className={styles.main}>{outcome === 'allowed' ? words.allowed : words.approval(stepsText(steps))}</p>
      {outcome === 'needs_approval' && (
        <p>{names.length === 0 ? words.nobody : words.could(access.step.whoCould(names))}</p>
      )}
      {mfaAt.length > 0 && <p>{words.mfaAt(mfaAt.map((when) => words.mfa[when]))}</p>}
      {maxDuration !== null && <p>{(again ? words.windows : words.time)(isoText(duration), isoText(maxDuration))}</p>}
      {again && (
        <p>
          {opensText(wanted.windows)} {windows.once}
        </p>
      )}
      {wanted.only.length > 0 && lines !== null && (
        <div className={styles.gives}>
          {words.gives}
          {lines.map((line) => (
            <code key={line}>{line}</code>
          ))}
        </div>
      )}
      {mayExport && <p>{words.saving}</p>}
      {rule !== null && <p className={styles.fine}>{words.rule(rule)}</p>}
      <Considered explanation={explanation} />
    </>
  );
}

function Considered({ explanation: { considered } }: { readonly explanation: Explanation }) {
  const [shown, { toggle }] = useDisclosure(false);
  return (
    <>
      <p>
        <Anchor component="button" type="button" size="sm" onClick={toggle} aria-expanded={shown}>
          {words.why}
        </Anchor>
      </p>
      {shown && (
        <ul className={styles.rules}>
          {considered.map(({ rule, matched, because }) => (
            <li key={rule}>
              <strong>{rule}</strong>: {matched ? words.matched : words.passed}
              {because.length > 0 && ` (${because.join('; ')})`}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
