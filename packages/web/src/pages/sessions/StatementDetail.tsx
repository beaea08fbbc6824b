/** One statement whole: its text, its values, what came of it. */
import type { SessionStatement } from '@tidegate/contract';
import { StateBadge } from '../../components/StateBadge.tsx';
import { exactTime } from '../../lib/time.ts';
import { sessions as words } from '../../words/sessions.ts';
import styles from './sessions.module.css';

export function OutcomeOf({ statement }: { readonly statement: SessionStatement }) {
  const { kind, outcome } = statement;
  if (kind === 'cancel') return null;
  if (outcome === null) return <StateBadge state="pending" label={words.running} tone="wait" />;
  if (outcome.state === 'error') {
    return <StateBadge state="failed" label={words.failed(outcome.code ?? '')} tone="bad" />;
  }
  if (outcome.state !== 'done') return <StateBadge state="closed" label={outcome.state} tone="over" />;
  const rows = outcome.rows === null ? outcome.command : words.rows(outcome.rows);
  return <span className={styles.outcome}>{`${rows} · ${took(outcome.durationMs)}`}</span>;
}

const took = (ms: number): string => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);

export function StatementDetail({
  statement,
  live,
}: {
  readonly statement: SessionStatement | null;
  readonly live: boolean;
}) {
  if (statement === null) return <p className={styles.pick}>{words.pick}</p>;
  const { text, fingerprint, values, outcome, at, bytes, kind } = statement;
  return (
    <section className={styles.detail} aria-label={words.statement}>
      <p className={styles.when}>
        <time dateTime={at}>{exactTime(at)}</time>
      </p>
      {kind === 'cancel' ? (
        <p>{words.cancelled}</p>
      ) : text === null ? (
        <p>{fingerprint === null ? words.noText : words.hidden(fingerprint)}</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard (WCAG 2.1.1)
        <pre className={styles.whole} tabIndex={0}>
          {text}
        </pre>
      )}
      {values !== null && values.length > 0 && (
        <>
          <h3>{words.values}</h3>
          <ol className={styles.values}>
            {values.map(({ name, type, value, hex }, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a value is its place
              <li key={index}>
                <code>{value === undefined ? `0x${hex ?? ''}` : JSON.stringify(value)}</code>{' '}
                <span className={styles.type}>{[name, type].filter(Boolean).join(' · ')}</span>
              </li>
            ))}
          </ol>
        </>
      )}
      {kind === 'statement' && (
        <p>
          {outcome === null && !live ? words.unknownYet : <OutcomeOf statement={statement} />}
          {bytes !== null && <span className={styles.type}> · {words.bytes(bytes)}</span>}
        </p>
      )}
    </section>
  );
}
