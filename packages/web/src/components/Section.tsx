/** A part of a page under a heading of its own. */
import { Group, Title } from '@mantine/core';
import { type ReactNode, useId } from 'react';
import styles from './Section.module.css';

export interface SectionProps {
  readonly title: string;
  readonly hint?: ReactNode;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}

export function Section({ title, hint, actions, children }: SectionProps) {
  const id = useId();
  return (
    <section className={styles.section} aria-labelledby={id}>
      <Group justify="space-between" align="baseline" gap="xs" className={styles.head}>
        <Title order={2} id={id}>
          {title}
        </Title>
        {actions}
      </Group>
      {hint !== undefined && <p className={styles.hint}>{hint}</p>}
      {children}
    </section>
  );
}
