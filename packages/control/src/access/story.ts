/** One grant from its request to its last statement, in order, out of the store and the record. */
import type { GrantStory } from '@tidegate/contract';
import type { AuditEntry, GrantId } from '@tidegate/core';
import { sql } from 'kysely';
import type { Caller } from '../identity/caller.ts';
import { cursorInstant, type PageQuery, pageOf, parseCursor } from '../store/cursor.ts';
import type { Reader } from '../store/schema.ts';
import { readGrantRow } from './rows.ts';
import { listSessions } from './sessions.ts';
import { assertMaySeeGrant, showGrantRow, showRequest } from './show.ts';

/** Sessions that are named with the story; more of them are in their own list. */
const SESSIONS = 100;
/** Between a request and its grant stand its reviews: not many. */
const OF_REQUEST = 500;

/** Its holder, the owners of its resource, auditors and administrators; `not_found` to others. */
export async function grantStory(
  db: Reader,
  caller: Caller,
  id: GrantId,
  page: PageQuery,
  now: Temporal.Instant,
): Promise<GrantStory> {
  const row = await readGrantRow(db, id);
  await assertMaySeeGrant(db, caller, row);
  const request = await showRequest(db, row.request, now);
  const sessions = await listSessions(db, caller, { state: 'all', grant: id }, { cursor: null, limit: SESSIONS });
  const of = await entriesOf(db, id, page);
  // Before there was a grant there was a request: told by person and time, and known by its id.
  const before = page.cursor === null ? await requestEntries(db, request) : [];
  return {
    grant: showGrantRow(row),
    request,
    sessions: [...sessions.items],
    entries: { items: [...before, ...of.items], nextCursor: of.nextCursor },
  };
}

async function entriesOf(db: Reader, grant: GrantId, { cursor, limit }: PageQuery) {
  const from = parseCursor(cursor, 3);
  const rows = await db
    .selectFrom('entries')
    .select(['at', 'stream', 'seq', 'entry'])
    .where('grant', '=', grant)
    .$if(from !== null, (query) => query.where(afterCursor(from ?? [])))
    .orderBy('at')
    .orderBy('stream')
    .orderBy('seq')
    .limit(limit + 1)
    .execute();
  return pageOf(
    rows,
    limit,
    ({ at, stream, seq }) => [at.toString(), stream, String(seq)],
    ({ entry }): AuditEntry => JSON.parse(entry),
  );
}

async function requestEntries(db: Reader, request: GrantStory['request']): Promise<AuditEntry[]> {
  const last = request.reviews.at(-1)?.at ?? request.createdAt;
  const rows = await db
    .selectFrom('entries')
    .select('entry')
    .where('person', '=', request.requester)
    .where('at', '>=', Temporal.Instant.from(request.createdAt))
    .where('at', '<=', Temporal.Instant.from(last))
    .where('kind', 'like', 'request.%')
    .where(sql<boolean>`position(${`"request":"${request.id}"`} IN entry) > 0`)
    .orderBy('at')
    .orderBy('seq')
    .limit(OF_REQUEST)
    .execute();
  return rows.map(({ entry }): AuditEntry => JSON.parse(entry));
}

const afterCursor = ([at = '', stream = '', seq = '']: readonly string[]) =>
  sql<boolean>`(at, stream, seq) > (${cursorInstant(at)}, ${stream}, ${Number(seq)})`;
