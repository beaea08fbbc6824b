/** A plan in people’s words: what would change, and what is worth a look before it is applied. */
import { Text } from '@mantine/core';
import type { ConfigPlan } from '@tidegate/contract';
import { StateBadge } from '../components/StateBadge.tsx';
import { policies as words } from '../words/policies.ts';
import styles from './PlanShown.module.css';

const TONES = { add: 'good', change: 'wait', remove: 'bad' } as const;

export function PlanShown({ plan: { changes, warnings } }: { readonly plan: ConfigPlan }) {
  return (
    <>
      {changes.length === 0 && <Text>{words.planNone}</Text>}
      <ul className={styles.list}>
        {changes.map(({ kind, what, detail }) => (
          <li key={`${kind} ${what} ${detail}`}>
            <StateBadge state={kind} label={words.kinds[kind]} tone={TONES[kind]} /> <strong>{what}</strong>
            {detail !== '' && <div className={styles.detail}>{detail}</div>}
          </li>
        ))}
      </ul>
      {warnings.length > 0 && (
        <>
          <h3>{words.warnings}</h3>
          <ul className={styles.list}>
            {warnings.map((warning) => (
              <li key={warning}>{warning}</li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}
