/** Sessions as people may look at them, and end them. */
import type { SessionDetail, SessionView } from '@tidegate/contract';
import {
  type GrantId,
  type PersonName,
  type RequestId,
  type ResourceName,
  type SessionId,
  TidegateError,
} from '@tidegate/core';
import { sql } from 'kysely';
import type { Context } from '../context.ts';
import type { Caller } from '../identity/caller.ts';
import { seesAll } from '../identity/permissions/may.ts';
import { wantCut } from '../link/cuts.ts';
import { appendEvent } from '../record/events.ts';
import { recorded } from '../refusals.ts';
import { anyOf } from '../store/any.ts';
import { cursorInstant, type Page, type PageQuery, pageOf, parseCursor } from '../store/cursor.ts';
import type { Reader } from '../store/schema.ts';
import { judges } from './after-review.ts';
import { assertMaySeeGrant, inSightOf, mayAct } from './show.ts';

export interface SessionFilter {
  readonly state: 'open' | 'all';
  readonly grant: GrantId | null;
  readonly person?: PersonName | null;
  readonly resource?: ResourceName | null;
  /** Open at some moment from `since` on, and begun before `until`. */
  readonly since?: Temporal.Instant | null;
  readonly until?: Temporal.Instant | null;
}

/**
 * Newest first: the caller's, those on resources they own, and for auditors and administrators everybody's. Of one grant
 * also for whoever judges its break-glass.
 */
export async function listSessions(
  db: Reader,
  caller: Caller,
  { state, grant, person = null, resource = null, since = null, until = null }: SessionFilter,
  { cursor, limit }: PageQuery,
): Promise<Page<SessionView>> {
  const all = seesAll(caller) || (grant !== null && (await judgesGrant(db, caller, grant)));
  const owned = all ? [] : await inSightOf(db, caller);
  const from = parseCursor(cursor, 2);
  const rows = await viewed(db)
    .$if(!all, (query) =>
      query.where((eb) => eb.or([eb('grants.person', '=', caller.name), eb('grants.resource', '=', anyOf(owned))])),
    )
    .$if(state === 'open', (query) => query.where('session.endedAt', 'is', null))
    .$if(grant !== null, (query) => query.where('session.grant', '=', grant))
    .$if(person !== null, (query) => query.where('grants.person', '=', person))
    .$if(resource !== null, (query) => query.where('grants.resource', '=', resource))
    .$if(since !== null, (query) =>
      query.where((eb) => eb.or([eb('session.endedAt', 'is', null), eb('session.endedAt', '>=', since)])),
    )
    .$if(until !== null, (query) => query.where('session.startedAt', '<', until))
    .$if(from !== null, (query) =>
      query.where(
        sql<boolean>`(session.started_at, session.id) < (${cursorInstant(from?.[0] ?? '')}, ${from?.[1] ?? ''})`,
      ),
    )
    .orderBy('session.startedAt', 'desc')
    .orderBy('session.id', 'desc')
    .limit(limit + 1)
    .execute();
  return pageOf(rows, limit, ({ startedAt, id }) => [startedAt.toString(), id], view);
}

async function judgesGrant(db: Reader, caller: Caller, grant: GrantId): Promise<boolean> {
  const row = await db.selectFrom('grants').select('request').where('id', '=', grant).executeTakeFirst();
  return row !== undefined && judges(db, caller, row.request);
}

/** What the API shows of sessions. */
const viewed = (db: Reader) =>
  db
    .selectFrom('dbSessions as session')
    .innerJoin('grants', 'grants.id', 'session.grant')
    .innerJoin('gateways', 'gateways.id', 'session.gateway')
    .leftJoin('sessionStatements as counted', 'counted.session', 'session.id')
    .select([
      'session.id',
      'session.grant',
      'grants.person',
      'grants.resource',
      'grants.role',
      'session.database',
      'gateways.name as gateway',
      'session.clientAddress',
      'session.application',
      'session.startedAt',
      'session.endedAt',
      'session.endedBecause',
    ])
    .select(({ fn }) =>
      fn.coalesce('session.statements', 'counted.statements', sql<number>`0::bigint`).as('statements'),
    );

type Viewed = Omit<SessionView, 'startedAt' | 'endedAt'> & {
  readonly startedAt: Temporal.Instant;
  readonly endedAt: Temporal.Instant | null;
};
const view = ({ startedAt, endedAt, ...row }: Viewed): SessionView => ({
  ...row,
  startedAt: startedAt.toString(),
  endedAt: endedAt?.toString() ?? null,
});

/** One session as its person, the resource's owners, auditors and administrators may see it; `not_found` to others. */
export async function showSession(
  db: Reader,
  caller: Caller,
  id: SessionId,
): Promise<{ readonly detail: SessionDetail; readonly startedAt: Temporal.Instant }> {
  const row = await viewed(db)
    .select(['session.cutBy', 'session.cutReason', 'grants.expiresAt', 'grants.request'])
    .where('session.id', '=', id)
    .executeTakeFirst();
  if (row === undefined) throw noSuchSession(id);
  const { cutBy, cutReason, expiresAt, request, ...shown } = row;
  await assertMaySee(db, caller, { id, grant: row.grant, request, person: row.person, resource: row.resource });
  const mayCut = row.endedAt === null && (row.person === caller.name || (await mayAct(db, caller, row.resource)));
  const cut = cutBy === null || cutReason === null ? null : { by: cutBy, reason: cutReason };
  return {
    detail: { ...view(shown), cut, mayCut, expiresAt: expiresAt?.toString() ?? null },
    startedAt: row.startedAt,
  };
}

interface Whose {
  readonly id: SessionId;
  readonly grant: GrantId;
  readonly request: RequestId;
  readonly person: PersonName;
  readonly resource: ResourceName;
}

async function assertMaySee(db: Reader, caller: Caller, { id, grant, ...whose }: Whose): Promise<void> {
  await assertMaySeeGrant(db, caller, { id: grant, ...whose }).catch((error: unknown) => {
    throw error instanceof TidegateError && error.code === 'not_found' ? noSuchSession(id) : error;
  });
}

/** Has one session ended now: its person, administrators, and the owners of its resource. Throws `not_found`, `wrong_state`. */
export async function cutSession(context: Context, caller: Caller, id: SessionId, reason: string): Promise<void> {
  const tried = { person: caller.name, session: id };
  await recorded(context, { kind: 'session.cut.refused', data: tried }, () =>
    context.store.transaction(async (tx) => {
      const session = await tx
        .selectFrom('dbSessions')
        .innerJoin('grants', 'grants.id', 'dbSessions.grant')
        .select(['grants.id as grant', 'grants.request', 'grants.person', 'grants.resource', 'dbSessions.endedAt'])
        .where('dbSessions.id', '=', id)
        .forUpdate('dbSessions')
        .executeTakeFirst();
      if (session === undefined) throw noSuchSession(id);
      const { grant, request, person, resource } = session;
      await assertMaySee(tx, caller, { id, grant, request, person, resource });
      if (person !== caller.name && !(await mayAct(tx, caller, resource))) {
        throw new TidegateError(
          'forbidden',
          'Only its person, administrators and the owners of the resource cut a session.',
          'Ask one of them.',
        );
      }
      if (session.endedAt !== null) throw new TidegateError('wrong_state', `Session ${id} has ended already.`);
      await wantCut(tx, id, { by: caller.name, reason });
      const data = { person, session: id, grant, by: caller.name, reason };
      await appendEvent(tx, { kind: 'session.cut', at: context.now(), data });
    }),
  );
}

const noSuchSession = (id: string): TidegateError =>
  new TidegateError('not_found', `There is no session ${id}.`, 'See tidegate sessions.');
