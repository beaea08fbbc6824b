/** Nothing there: says so, why that is fine or what to do, and offers to do it. */
import type { ReactNode } from 'react';
import styles from './State.module.css';

export interface EmptyStateProps {
  readonly title: string;
  readonly hint?: ReactNode;
  readonly action?: ReactNode;
}

export function EmptyState({ title, hint, action }: EmptyStateProps) {
  return (
    <div className={styles.state}>
      <p className={styles.title}>{title}</p>
      {hint !== undefined && <p className={styles.hint}>{hint}</p>}
      {action !== undefined && <div className={styles.todo}>{action}</div>}
    </div>
  );
}
