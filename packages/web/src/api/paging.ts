/** A list of any length: its pages as one row of rows, the next read when it is asked for. */
import { infiniteQueryOptions, type UseInfiniteQueryResult, useInfiniteQuery } from '@tanstack/react-query';
import type { Answer, EndpointName, Input } from '@tidegate/contract';
import { api } from './client.ts';

interface Page<Row> {
  readonly items: readonly Row[];
  readonly nextCursor: string | null;
}
/** Endpoints that answer a page. */
type Paged = { [K in EndpointName]: Answer<K> extends Page<unknown> ? K : never }[EndpointName];
export type RowOf<K extends Paged> = Answer<K> extends Page<infer Row> ? Row : never;

export interface Rows<Row> {
  readonly rows: readonly Row[];
  /** Reads on; left out at the end. */
  readonly more: (() => void) | undefined;
  readonly query: UseInfiniteQueryResult<readonly Row[]>;
}

/** The same key begins as `reading`'s: what is told to be stale there is stale here. */
export const readingPages = <K extends Paged>(name: K, input: Omit<Input<K>, 'cursor'>) =>
  infiniteQueryOptions({
    queryKey: [name, input, 'pages'] as const,
    initialPageParam: null as string | null,
    queryFn: ({ pageParam, signal }): Promise<Page<RowOf<K>>> => {
      const call: (input: unknown, options: { signal: AbortSignal }) => Promise<Page<RowOf<K>>> = api[name] as never;
      return call({ ...input, ...(pageParam === null ? {} : { cursor: pageParam }) }, { signal });
    },
    getNextPageParam: (last) => last.nextCursor,
    select: ({ pages }): readonly RowOf<K>[] => pages.flatMap(({ items }) => items),
  });

export function usePages<K extends Paged>(
  name: K,
  input: Omit<Input<K>, 'cursor'>,
  { enabled = true }: { readonly enabled?: boolean } = {},
): Rows<RowOf<K>> {
  const query = useInfiniteQuery({ ...readingPages(name, input), enabled });
  const { hasNextPage, isFetchingNextPage, fetchNextPage, data } = query;
  const next = () => {
    if (!isFetchingNextPage) void fetchNextPage();
  };
  return { rows: data ?? [], more: hasNextPage ? next : undefined, query };
}
