/** A query's answer, or what is shown instead of it: loading, refused. What is old stays in sight while it is read anew. */
import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { ErrorState } from './ErrorState.tsx';
import { Loading } from './Loading.tsx';

export interface ReadProps<T> {
  readonly query: UseQueryResult<T>;
  readonly children: (data: T) => ReactNode;
}

export function Read<T>({ query, children }: ReadProps<T>) {
  if (query.data !== undefined) return children(query.data);
  if (query.isError) return <ErrorState error={query.error} again={() => void query.refetch()} />;
  return <Loading />;
}
