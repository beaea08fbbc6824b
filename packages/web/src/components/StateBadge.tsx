/** A state in one word, told by colour and shape both. */
import styles from './StateBadge.module.css';

export type Tone = 'good' | 'busy' | 'wait' | 'bad' | 'over';

/** Every state the API names, and how it looks. */
const TONES: Readonly<Record<string, Tone>> = {
  pending: 'wait',
  approved: 'good',
  denied: 'bad',
  cancelled: 'over',
  lapsed: 'over',
  scheduled: 'busy',
  active: 'good',
  closing: 'busy',
  closed: 'over',
  failed: 'bad',
  ok: 'good',
  failing: 'bad',
  unknown: 'wait',
};

export interface StateBadgeProps {
  readonly state: string;
  /** What is shown, where it is not the state's own name. */
  readonly label?: string;
  /** For states that are not the API's own. */
  readonly tone?: Tone;
}

export function StateBadge({ state, label, tone }: StateBadgeProps) {
  return <span className={`${styles.badge} ${styles[tone ?? TONES[state] ?? 'over']}`}>{label ?? state}</span>;
}
