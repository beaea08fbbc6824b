/** A short list of things that each have a name, some quiet words about them, and what can be done with them. */
import type { ReactNode } from 'react';
import styles from './Rows.module.css';

interface Parts {
  readonly children: ReactNode;
}

export const Rows = ({ children }: Parts) => <ul className={styles.rows}>{children}</ul>;

export interface RowProps extends Parts {
  /** Buttons, and the dialogs that they open. */
  readonly deeds?: ReactNode;
}

export const Row = ({ children, deeds }: RowProps) => (
  <li className={styles.row}>
    <div className={styles.what}>{children}</div>
    {deeds}
  </li>
);

export const Quiet = ({ children }: Parts) => <span className={styles.quiet}>{children}</span>;
