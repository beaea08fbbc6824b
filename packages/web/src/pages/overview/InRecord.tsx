/** The way from a figure to its list in the record, for whoever may read there; an owner sees the figure alone. */
import { useSuspenseQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { reading } from '../../api/queries.ts';
import { readsRecord } from '../../lib/may.ts';
import type { RecordSearch } from '../record/search.ts';

export interface InRecordProps {
  readonly search: RecordSearch;
  readonly children: ReactNode;
}

export function InRecord({ search, children }: InRecordProps) {
  const { data: me } = useSuspenseQuery(reading('me'));
  if (!readsRecord(me)) return children;
  return (
    <Link to="/record" search={search}>
      {children}
    </Link>
  );
}

/** What a chart is given so that its bars lead there, or nothing. */
export function useToRecord(): (search: (value: string) => RecordSearch) => {
  readonly onChoose?: (value: string) => void;
} {
  const { data: me } = useSuspenseQuery(reading('me'));
  const navigate = useNavigate();
  return (search) =>
    readsRecord(me) ? { onChoose: (value) => void navigate({ to: '/record', search: search(value) }) } : {};
}
