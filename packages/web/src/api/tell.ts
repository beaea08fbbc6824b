/** What the live stream says, as the queries understand it: which answers are stale now. */
import type { Query } from '@tanstack/react-query';
import type { EndpointName, LiveChanges } from '@tidegate/contract';
import { queries } from './queries.ts';

/** Answers that change with requests and grants, besides those of the thing itself. */
const OF_REQUESTS: readonly EndpointName[] = ['requests', 'afterReviews'];
const OF_GRANTS: readonly EndpointName[] = ['grants', 'resources', 'resource', 'outgrownGrants'];
const OF_SESSIONS: readonly EndpointName[] = ['sessions'];
const OF_NOTICES: readonly EndpointName[] = ['notices'];
/** Read with an id of their own: only those that are named. */
const BY_ID: readonly EndpointName[] = ['request', 'grant', 'session', 'grantStory'];

/** Marks stale what is concerned; what is on screen is read again at once, the rest when it is looked at. */
export function told(changes: LiveChanges | 'everything'): Promise<void> {
  if (changes === 'everything' || changes.everything) {
    return queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'me' });
  }
  const { requests, grants, sessions, notices } = changes;
  const lists = new Set<unknown>([
    ...(requests.length > 0 ? OF_REQUESTS : []),
    ...(grants.length > 0 ? OF_GRANTS : []),
    ...(sessions.length > 0 ? OF_SESSIONS : []),
    ...(notices ? OF_NOTICES : []),
  ]);
  const ids = new Set<string>([...requests, ...grants, ...sessions]);
  const byId = new Set<unknown>(BY_ID);
  return anew(({ queryKey: [name, input] }) => lists.has(name) || (byId.has(name) && ids.has(idOf(input))));
}

/**
 * A first answer that is on its way was maybe made before the change, and that it is stale would be forgotten when it
 * comes: it is asked for anew.
 */
async function anew(predicate: (query: Query) => boolean): Promise<void> {
  const first = (query: Query): boolean => query.state.data === undefined && query.state.fetchStatus === 'fetching';
  await queries.cancelQueries({ predicate: (query) => first(query) && predicate(query) });
  await queries.invalidateQueries({ predicate });
}

/** Nothing was missed: only what could not be read meanwhile is read again. */
export const againWhatFailed = (): Promise<void> =>
  queries.invalidateQueries({ predicate: ({ state }) => state.status === 'error' });

function idOf(input: unknown): string {
  const id: unknown = typeof input === 'object' && input !== null ? Reflect.get(input, 'id') : undefined;
  return typeof id === 'string' ? id : '';
}
