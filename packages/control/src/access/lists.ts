/** Pages of requests and grants, newest first, by keyset: no page costs more than its rows, however many there are. */
import type { GrantView, RequestView } from '@tidegate/contract';
import { type Person, type PersonName, type ResourceName, reviewSeat } from '@tidegate/core';
import { type ExpressionBuilder, sql } from 'kysely';
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

function readRequests(
  db: Reader,
  { caller, absent }: Looking,
  filter: RequestFilter,
  owned: readonly ResourceName[],
  from: Key | null,
  limit: number,
): Promise<RequestRow[]> {
  return db
    .selectFrom('requests')
    .selectAll()
    .$if(filter === 'mine', (query) => query.where('requester', '=', caller.name))
    .$if(filter === 'to-review', (query) =>
      query
        .where('state', '=', 'pending')
        .where('requester', '!=', caller.name)
        .where((eb) => namedInSteps(eb, [caller, ...absent])),
    )
    .$if(filter === 'all' && !seesAll(caller), (query) =>
      query.where((eb) =>
        eb.or([
          eb('requester', '=', caller.name),
          namedInSteps(eb, [caller, ...absent]),
          eb('resource', '=', anyOf(owned)),
          eb.exists(
            eb
              .selectFrom('reviews')
              .select('reviews.request')
              .whereRef('reviews.request', '=', 'requests.id')
              .where('reviews.reviewer', '=', caller.name),
          ),
        ]),
      ),
    )
    .$if(from !== null, (query) => query.where(before(from)))
    .orderBy('createdAt', 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
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
  const rows = await db
    .selectFrom('grants')
    .selectAll()
    .$if(!seesAll(caller), (query) =>
      query.where((eb) => eb.or([eb('person', '=', caller.name), eb('resource', '=', anyOf(owned))])),
    )
    .$if(state === 'open', (query) => query.where('state', '!=', 'closed'))
    .$if(person !== null, (query) => query.where('person', '=', person))
    .$if(resource !== null, (query) => query.where('resource', '=', resource))
    .$if(from !== null, (query) => query.where(before(from)))
    .orderBy('createdAt', 'desc')
    .orderBy('id', 'desc')
    .limit(page.limit + 1)
    .execute();
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
