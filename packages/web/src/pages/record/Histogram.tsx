/** How much was done when. A bar is a button: it narrows the time to itself. */
import type { RecordSummary } from '@tidegate/contract';
import { timeText } from '../../lib/time.ts';
import { record as words } from '../../words/record.ts';
import styles from './record.module.css';

export interface HistogramProps {
  readonly summary: RecordSummary;
  readonly onChoose: (span: { readonly since: string; readonly until: string }) => void;
}

export function Histogram({ summary, onChoose }: HistogramProps) {
  const { buckets, bucketSeconds, total, complete, from, until } = summary;
  const counts = buckets.map(({ at, areas }) => ({
    at,
    count: Object.values(areas).reduce((sum, count) => sum + count, 0),
  }));
  const most = Math.max(1, ...counts.map(({ count }) => count));
  return (
    <figure className={styles.histogram}>
      <figcaption>
        <strong>{words.histogram(total)}</strong> {!complete && words.incomplete}{' '}
        <span className={styles.hint}>{words.zoom}</span>
      </figcaption>
      <ul className={styles.bars}>
        {counts.map(({ at, count }) => {
          const end = new Date(Date.parse(at) + bucketSeconds * 1000).toISOString();
          return (
            <li key={at}>
              <button
                type="button"
                className={styles.bar}
                disabled={count === 0}
                title={words.bucket(timeText(at), count)}
                aria-label={words.bucket(timeText(at), count)}
                onClick={() => onChoose({ since: at, until: end })}
              >
                <span style={{ height: count === 0 ? 0 : `${Math.max(4, (count / most) * 100)}%` }} />
              </button>
            </li>
          );
        })}
      </ul>
      <div className={styles.axis}>
        <span>{timeText(from)}</span>
        <span>{timeText(until)}</span>
      </div>
    </figure>
  );
}
