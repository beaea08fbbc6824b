/** What pages read, each by its own key. Lists are kept fresh by the live stream (live.ts), never by asking again and again. */
import { QueryClient, queryOptions } from '@tanstack/react-query';
import { type Answer, type EndpointName, type Input, Refusal } from '@tidegate/contract';
import { api } from './client.ts';

/** A refusal is an answer, not a fault: only what could not be reached is asked again. */
const maybeLater = (failures: number, error: unknown): boolean =>
  failures < 2 && error instanceof Refusal && error.code === 'unavailable';

export const queries = new QueryClient({
  defaultOptions: {
    queries: { staleTime: 60_000, gcTime: 10 * 60_000, retry: maybeLater, refetchOnWindowFocus: false },
    mutations: { retry: false },
  },
});

type Given<K extends EndpointName> = Record<never, never> extends Input<K> ? [Input<K>?] : [Input<K>];

/** The client's method of that name; what it takes and answers is the contract's, by name. */
const call = <K extends EndpointName>(name: K, input: Input<K>, signal: AbortSignal): Promise<Answer<K>> => {
  const method = api[name] as (input: Input<K>, options: { signal: AbortSignal }) => Promise<Answer<K>>;
  return method(input, { signal });
};

/** Every read of the API as a query: its key is the endpoint's name and what it was given. */
export function reading<K extends EndpointName>(name: K, ...[input]: Given<K>) {
  return queryOptions({
    queryKey: [name, input ?? null] as const,
    queryFn: ({ signal }) => call(name, input ?? ({} as Input<K>), signal),
  });
}

/** What was read by these endpoints is no longer trusted; what is on screen is read again at once. */
export function stale(...names: readonly EndpointName[]): Promise<void> {
  const set = new Set<unknown>(names);
  return queries.invalidateQueries({ predicate: ({ queryKey }) => set.has(queryKey[0]) });
}
