/** A ring that empties as the time runs out, with what is left in words. Calm; it warns by colour and word in the last minutes. */
import { useNow } from '../lib/now.ts';
import { durationText, shortText, timeText } from '../lib/time.ts';
import { common } from '../words/common.ts';
import styles from './Countdown.module.css';

export interface CountdownProps {
  /** RFC 3339. */
  readonly startsAt: string;
  readonly expiresAt: string;
  readonly size?: number;
}

const WARN_MS = 5 * 60_000;
const ROUND = 2 * Math.PI * 16;

export function Countdown({ startsAt, expiresAt, size = 64 }: CountdownProps) {
  const now = useNow();
  const end = Date.parse(expiresAt);
  const left = Math.max(0, end - now);
  const part = Math.min(1, left / Math.max(1, end - Date.parse(startsAt)));
  const text = left === 0 ? common.time.over : durationText(left < 60_000 ? left : Math.floor(left / 60_000) * 60_000);
  return (
    <div
      className={left < WARN_MS ? styles.soon : styles.ring}
      role="timer"
      aria-label={`${common.time.left(text)} (${timeText(expiresAt, now)})`}
    >
      <svg width={size} height={size} viewBox="0 0 36 36" aria-hidden="true">
        <circle className={styles.track} cx="18" cy="18" r="16" />
        <circle
          className={styles.left}
          cx="18"
          cy="18"
          r="16"
          strokeDasharray={`${part * ROUND} ${ROUND}`}
          transform="rotate(-90 18 18)"
        />
      </svg>
      <span className={styles.text}>{left === 0 ? text : shortText(left)}</span>
    </div>
  );
}
