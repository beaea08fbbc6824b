/** Pages of requests and grants, newest first, by keyset: no page costs more than its rows, however many there are. */
import type { GrantView, RequestView } from '@tidegate/contract';
import { isEligible, openStep, type Person, type PersonName, type ResourceName } from '@tidegate/core';
import { type ExpressionBuilder, sql } from 'kysely';
import { type Caller, seesAll } from '../identity/caller.ts';
import { anyOf } from '../store/any.ts';
import { cursorInstant, type Page, type PageQuery, pageOf, parseCursor } from '../store/cursor.ts';
import type { Database, Reader } from '../store/schema.ts';
import { type RequestRow, reviewsOf, toRequest } from './rows.ts';
import { ownedBy, showGrantRow, showRequests } from './show.ts';

export type RequestFilter = 'mine' | 'to-review' | 'all';

/** `mine`: the caller's; `to-review`: what waits for them now; `all`: whatever they may see. */
export async function listRequests(
  db: Reader,
  caller: Caller,
  filter: RequestFilter,
  page: PageQuery,
): Promise<Page<RequestView>> {
  const owned = filter === 'all' && !seesAll(caller) ? await ownedBy(db, caller) : [];
  const rows: RequestRow[] = [];
  // What SQL lets through for `to-review` core looks at again; so a page may take more than one read.
  for (let from = key(page.cursor); rows.length <= page.limit; ) {
    const found = await readRequests(db, caller, filter, owned, from, page.limit + 1);
    rows.push(...(filter === 'to-review' ? await waitingFor(db, caller, found) : found));
    const last = found.at(-1);
    if (last === undefined || found.length <= page.limit) break;
    from = { at: last.createdAt, id: last.id };
  }
  const kept = rows.slice(0, page.limit + 1);
  const views = new Map((await showRequests(db, kept.slice(0, page.limit))).map((view) => [view.id, view]));
  const { nextCursor } = pageOf(kept, page.limit, sortKey, (row) => row.id);
  return { items: [...views.values()], nextCursor };
}

function readRequests(
  db: Reader,
  caller: Caller,
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
        .where((eb) => namedInSteps(eb, caller)),
    )
    .$if(filter === 'all' && !seesAll(caller), (query) =>
      query.where((eb) =>
        eb.or([
          eb('requester', '=', caller.name),
          namedInSteps(eb, caller),
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

/** One of the steps names the person, or a group of theirs. */
const namedInSteps = (eb: ExpressionBuilder<Database, 'requests'>, { name, groups }: Person) =>
  eb(
    sql<boolean>`EXISTS (
      SELECT FROM jsonb_array_elements(requests.steps) AS step
      WHERE jsonb_exists(step -> 'people', ${name}) OR jsonb_exists_any(step -> 'groups', ${[...groups]}))`,
    '=',
    true,
  );

/** The step that is open now is one they can act on, and they have not yet been counted. */
async function waitingFor(db: Reader, person: Person, rows: readonly RequestRow[]): Promise<RequestRow[]> {
  const reviews = await reviewsOf(
    db,
    rows.map(({ id }) => id),
  );
  return rows.filter((row) => {
    const request = toRequest(row, reviews);
    const step = request.steps[openStep(request) ?? -1];
    const counted = request.reviews.some(({ reviewer }) => reviewer === person.name);
    return step !== undefined && !counted && isEligible(step, request.requester, person);
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
  const owned = seesAll(caller) ? [] : await ownedBy(db, caller);
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
