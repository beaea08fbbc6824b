/** What every page is: its title (the browser's too), what can be done on it, and its content. */
import { Group, Title } from '@mantine/core';
import { type ReactNode, useEffect } from 'react';
import { common } from '../words/common.ts';
import styles from './Page.module.css';

export interface PageProps {
  readonly title: string;
  /** One sentence under the title. */
  readonly lead?: ReactNode;
  /** Buttons at the title's right. */
  readonly actions?: ReactNode;
  /** As wide as the window: for tables. */
  readonly wide?: boolean;
  readonly children: ReactNode;
}

export function Page({ title, lead, actions, wide = false, children }: PageProps) {
  useEffect(() => {
    document.title = `${title} · ${common.name}`;
  }, [title]);
  return (
    <div className={wide ? styles.wide : styles.page}>
      <header className={styles.head}>
        <div>
          <Title order={1}>{title}</Title>
          {lead !== undefined && <p className={styles.lead}>{lead}</p>}
        </div>
        {actions !== undefined && <Group gap="xs">{actions}</Group>}
      </header>
      {children}
    </div>
  );
}
