/** Pages of requests and grants, newest first, by keyset: no page costs more than its rows, however many there are. */
import type { GrantView, RequestView } from '@tidegate/contract';
import { type Person, type PersonName, type ResourceName, reviewSeat } from '@tidegate/core';
import { type ExpressionBuilder, type RawBuilder, type SelectQueryBuilder, sql } from 'kysely';
import type { Caller } from '../identity/caller.ts';
import { seesAll } from '../identity/permissions/may.ts';
import { anyOf } from '../store/any.ts';
import { cursorInstant, type Page, type PageQuery, pageOf, parseCursor } from '../store/cursor.ts';
import type { Database, Reader } from '../store/schema.ts';
import { standsInFor } from './delegations.ts';
import { type RequestRow, reviewsOf, toRequest } from './rows.ts';
import { inSightOf, showGrantRow, showRequests } from './show.ts';

export type RequestFilter = 'mine' | 'to-review' | 'all';

/** `mine`: the caller's; `to-review`: what waits for them now; `all`: whatever they may see. */
export async function listRequests(
  db: Reader,
  caller: Caller,
  filter: RequestFilter,
  page: PageQuery,
  now: Temporal.Instant,
): Promise<Page<RequestView>> {
  const owned = filter === 'all' && !seesAll(caller) ? await inSightOf(db, caller) : [];
  const looking: Looking = { caller, absent: await standsInFor(db, caller.name, now), now };
  const rows: RequestRow[] = [];
  // What SQL lets through for `to-review` core looks at again; so a page may take more than one read.
  for (let from = key(page.cursor); rows.length <= page.limit; ) {
    const found = await readRequests(db, looking, filter, owned, from, page.limit + 1);
    rows.push(...(filter === 'to-review' ? await waitingFor(db, looking, found) : found));
    const last = found.at(-1);
    if (last === undefined || found.length <= page.limit) break;
    from = { at: last.createdAt, id: last.id };
  }
  const kept = rows.slice(0, page.limit + 1);
  const views = new Map((await showRequests(db, kept.slice(0, page.limit), now)).map((view) => [view.id, view]));
  const { nextCursor } = pageOf(kept, page.limit, sortKey, (row) => row.id);
  return { items: [...views.values()], nextCursor };
}

/** Who looks, in whose stead they review too, and when. */
interface Looking {
  readonly caller: Caller;
  readonly absent: readonly Person[];
  readonly now: Temporal.Instant;
}

/**
 * One page of rows. Of requests that are decided, reviewers see those that they decided; the owners of a resource see all of
 * its own.
 */
async function readRequests(
  db: Reader,
  { caller, absent }: Looking,
  filter: RequestFilter,
  owned: readonly ResourceName[],
  from: Key | null,
  limit: number,
): Promise<RequestRow[]> {
  const page = <O>(query: SelectQueryBuilder<Database, 'requests', O>) =>
    (from === null ? query : query.where(before(from)))
      .orderBy('requests.createdAt', 'desc')
      .orderBy('requests.id', 'desc')
      .limit(limit);
  const rows = db.selectFrom('requests').selectAll('requests');
  const waiting = (query: typeof rows) =>
    query.where('state', '=', 'pending').where((eb) => namedInSteps(eb, [caller, ...absent]));
  switch (filter) {
    case 'mine':
      return page(rows.where('requester', '=', caller.name)).execute();
    case 'to-review':
      return page(waiting(rows).where('requester', '!=', caller.name)).execute();
    case 'all': {
      if (seesAll(caller)) return page(rows).execute();
      // Each kind of sight by its own index, and of each no more than the page takes: among a million requests those
      // of one person are few, and are not looked for one by one.
      const reviewed = rows.innerJoin('reviews', 'reviews.request', 'requests.id').where('reviewer', '=', caller.name);
      const kinds = [
        page(rows.where('requester', '=', caller.name)),
        page(waiting(rows)),
        page(reviewed),
        page(rows.where(ofResources('requests', owned, from, limit))),
      ];
      return inOrder(await Promise.all(kinds.map((kind) => kind.execute())), limit);
    }
  }
}

/** Beyond so many resources nearly every request is of one of them: they are found by reading the newest. */
const OWNED_FEW = 200;

/** Of these resources: where they are few, the newest of each by its own index. */
function ofResources(
  table: 'requests' | 'grants',
  owned: readonly ResourceName[],
  from: Key | null,
  limit: number,
): RawBuilder<boolean> {
  const rows = sql.table(table);
  if (owned.length > OWNED_FEW) return sql`resource = ${anyOf(owned)}`;
  return sql`${rows}.id IN (
    SELECT newest.id FROM unnest(${[...owned]}::text[]) AS owned (name) CROSS JOIN LATERAL (
      SELECT each.id FROM ${rows} AS each WHERE each.resource = owned.name AND ${from === null ? sql`true` : before(from)}
      ORDER BY each.created_at DESC, each.id DESC LIMIT ${limit}) AS newest)`;
}

interface Dated {
  readonly id: string;
  readonly createdAt: Temporal.Instant;
}

/** The newest of several lists, each once. */
function inOrder<Row extends Dated>(lists: readonly (readonly Row[])[], limit: number): Row[] {
  const rows = new Map(lists.flat().map((row) => [row.id, row]));
  return [...rows.values()]
    .sort((a, b) => Temporal.Instant.compare(b.createdAt, a.createdAt) || (a.id < b.id ? 1 : -1))
    .slice(0, limit);
}

/** One of the steps names one of them, or a group of theirs: for itself, or as whom it is escalated to. */
const namedInSteps = (eb: ExpressionBuilder<Database, 'requests'>, people: readonly Person[]) => {
  const names = people.map(({ name }) => name);
  const groups = [...new Set(people.flatMap((person) => person.groups))];
  return eb(
    sql<boolean>`EXISTS (
      SELECT FROM jsonb_array_elements(requests.steps) AS step
      CROSS JOIN LATERAL (VALUES (step), (step -> 'escalate' -> 'to')) AS named (who)
      WHERE jsonb_exists_any(who -> 'people', ${names}) OR jsonb_exists_any(who -> 'groups', ${groups}))`,
    '=',
    true,
  );
};

/** A step that is open now is one they can act on, in their own right or another's stead, and they were not counted yet. */
async function waitingFor(
  db: Reader,
  { caller, absent, now }: Looking,
  rows: readonly RequestRow[],
): Promise<RequestRow[]> {
  const reviews = await reviewsOf(
    db,
    rows.map(({ id }) => id),
  );
  return rows.filter((row) => {
    const request = toRequest(row, reviews);
    return reviewSeat({ request, reviewer: caller, standsInFor: absent, now }) !== null;
  });
}

export interface GrantFilter {
  readonly state: 'open' | 'all';
  readonly person: PersonName | null;
  readonly resource: ResourceName | null;
}

/** The caller's grants, those on resources they own, and for auditors and administrators everybody's. */
export async function listGrants(
  db: Reader,
  caller: Caller,
  { state, person, resource }: GrantFilter,
  page: PageQuery,
): Promise<Page<GrantView>> {
  const owned = seesAll(caller) ? [] : await inSightOf(db, caller);
  const from = key(page.cursor);
  const limit = page.limit + 1;
  const grants = db
    .selectFrom('grants')
    .selectAll()
    .$if(state === 'open', (query) => query.where('state', '!=', 'closed'))
    .$if(person !== null, (query) => query.where('person', '=', person))
    .$if(resource !== null, (query) => query.where('resource', '=', resource))
    .$if(from !== null, (query) => query.where(before(from)))
    .orderBy('createdAt', 'desc')
    .orderBy('id', 'desc')
    .limit(limit);
  const kinds = seesAll(caller)
    ? [grants]
    : [grants.where('person', '=', caller.name), grants.where('resource', '=', anyOf(owned))];
  const rows = inOrder(await Promise.all(kinds.map((kind) => kind.execute())), limit);
  return pageOf(rows, page.limit, sortKey, showGrantRow);
}

interface Key {
  readonly at: Temporal.Instant;
  readonly id: string;
}

function key(cursor: string | null): Key | null {
  const [at, id] = parseCursor(cursor, 2) ?? [];
  return at === undefined || id === undefined ? null : { at: cursorInstant(at), id };
}

const sortKey = ({ createdAt, id }: { readonly createdAt: Temporal.Instant; readonly id: string }) => [
  createdAt.toString(),
  id,
];

const before = (from: Key | null) => sql<boolean>`(created_at, id) < (${from?.at ?? null}, ${from?.id ?? null})`;
