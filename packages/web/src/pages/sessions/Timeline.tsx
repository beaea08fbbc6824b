/** The whole session at a glance: how much ran when, errors apart, and where the replay stands. One bar a slice of time. */
import type { SessionStatement } from '@tidegate/contract';
import { useMemo } from 'react';
import { sessions as words } from '../../words/sessions.ts';
import styles from './sessions.module.css';

export interface TimelineProps {
  readonly statements: readonly SessionStatement[];
  /** Milliseconds. */
  readonly length: number;
  readonly at: number;
  /** Only these are in colour; null: all are. */
  readonly found: readonly SessionStatement[] | null;
  readonly onSeek: (at: number) => void;
}

const SLICES = 160;
const HEIGHT = 44;

export function Timeline({ statements, length, at, found, onSeek }: TimelineProps) {
  const slices = useMemo(() => sliced(statements, length), [statements, length]);
  const marked = useMemo(() => (found === null ? null : sliced(found, length)), [found, length]);
  const most = Math.max(1, ...slices.map(({ all }) => all));
  const height = (count: number) => (count === 0 ? 0 : 4 + (count / most) * (HEIGHT - 4));
  return (
    // The slider below is the same by keyboard and to those who don't see it.
    <svg
      className={styles.timeline}
      viewBox={`0 0 ${SLICES} ${HEIGHT}`}
      preserveAspectRatio="none"
      aria-hidden="true"
      onClick={(event) => {
        const { left, width } = event.currentTarget.getBoundingClientRect();
        onSeek(((event.clientX - left) / width) * length);
      }}
    >
      <title>{words.timeline}</title>
      {slices.map(({ all, errors }, index) => {
        const shown = marked === null ? all : (marked[index]?.all ?? 0);
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: a slice is its place
          <g key={index}>
            <rect className={styles.dim} x={index} y={HEIGHT - height(all)} width={0.85} height={height(all)} />
            <rect className={styles.done} x={index} y={HEIGHT - height(shown)} width={0.85} height={height(shown)} />
            <rect className={styles.bad} x={index} y={HEIGHT - height(errors)} width={0.85} height={height(errors)} />
          </g>
        );
      })}
      <line className={styles.now} x1={(at / length) * SLICES} x2={(at / length) * SLICES} y1={0} y2={HEIGHT} />
    </svg>
  );
}

function sliced(statements: readonly SessionStatement[], length: number) {
  const slices = Array.from({ length: SLICES }, () => ({ all: 0, errors: 0 }));
  for (const { offsetMs, outcome } of statements) {
    const slice = slices[Math.min(SLICES - 1, Math.floor((offsetMs / length) * SLICES))];
    if (slice === undefined) continue;
    slice.all += 1;
    if (outcome?.state === 'error') slice.errors += 1;
  }
  return slices;
}
