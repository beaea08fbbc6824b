/** Something is on its way. Shown only when it takes a moment: the router and the queries wait before they show it. */
import { Loader } from '@mantine/core';
import { common } from '../words/common.ts';
import styles from './State.module.css';

export function Loading() {
  return (
    <div className={styles.loading} role="status">
      <Loader size="sm" aria-hidden="true" />
      {common.loading}
    </div>
  );
}
