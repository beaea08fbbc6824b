/** Around the pages of whoever has not signed in: the name of the house, and room. */
import { Outlet } from '@tanstack/react-router';
import { common } from '../words/common.ts';
import styles from './OpenLayout.module.css';

export function OpenLayout() {
  return (
    <div className={styles.place}>
      <header className={styles.name}>
        <img src="/tidegate.svg" alt="" width="32" height="32" />
        {common.name}
      </header>
      <main className={styles.card}>
        <Outlet />
      </main>
      <p className={styles.said}>{common.said}</p>
    </div>
  );
}
