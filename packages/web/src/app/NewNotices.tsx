/** How many notices are new; kept by the live stream. Nothing where there are none, or where nobody knows. */
import { VisuallyHidden } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { reading } from '../api/queries.ts';
import { notices } from '../words/notices.ts';
import styles from './Navigation.module.css';

/** More are told as “so many, and more”. */
const COUNTED = 20;

export function NewNotices() {
  const { data } = useQuery(reading('notices', { unread: 'true', limit: COUNTED }));
  if (data === undefined || data.items.length === 0) return null;
  const count = `${data.items.length}${data.nextCursor === null ? '' : '+'}`;
  return (
    <span className={styles.count}>
      {count}
      <VisuallyHidden> {notices.isNew}</VisuallyHidden>
    </span>
  );
}
