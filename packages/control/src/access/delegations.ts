/** Standing in: who reviews in whose stead while they are away. Never in a requester's stead (`core/request/review`). */
import type { DelegationView } from '@tidegate/contract';
import { LONGEST_DURATION, type Person, type PersonName, randomText, reached, TidegateError } from '@tidegate/core';
import type { Selectable } from 'kysely';
import type { Context } from '../context.ts';
import type { Caller } from '../identity/caller.ts';
import { loadPerson } from '../identity/people.ts';
import { isAdministrator, seesAll } from '../identity/permissions/may.ts';
import { appendEvent } from '../record/events.ts';
import { recorded } from '../refusals.ts';
import { announcePeople } from '../store/announce.ts';
import { cursorInstant, type Page, type PageQuery, pageOf, parseCursor } from '../store/cursor.ts';
import type { Reader } from '../store/schema.ts';
import type { DelegationsTable } from '../store/schema-access.ts';

type Row = Selectable<DelegationsTable>;

export interface NewDelegation {
  /** Who is away; null: the caller. */
  readonly person: PersonName | null;
  readonly delegate: PersonName;
  /** null: now. */
  readonly startsAt: Temporal.Instant | null;
  readonly endsAt: Temporal.Instant;
  readonly reason: string;
}

/** The longest absence; who is away for longer is no reviewer. */
const LONGEST = LONGEST_DURATION.add(LONGEST_DURATION);

/** Throws `forbidden` (another's, and no administrator), `not_found` (no such person), `invalid_input`. */
export function createDelegation(context: Context, caller: Caller, asked: NewDelegation): Promise<DelegationView> {
  const person = asked.person ?? caller.name;
  const tried = { by: caller.name, person, delegate: asked.delegate };
  return recorded(context, { kind: 'delegation.refused', data: tried }, () =>
    context.store.transaction(async (tx) => {
      const now = context.now();
      if (person !== caller.name && !isAdministrator(caller)) {
        throw new TidegateError('forbidden', 'Who stands in for others, administrators decide.', 'Ask one of them.');
      }
      const away = await loadPerson(tx, person);
      const delegate = await loadPerson(tx, asked.delegate);
      const startsAt = asked.startsAt ?? now;
      assertSensible(away, delegate, startsAt, asked.endsAt, now);
      const row: Row = {
        id: `dlg_${randomText(context.random, 16)}`,
        person,
        delegate: delegate.name,
        startsAt,
        endsAt: asked.endsAt,
        reason: asked.reason.trim(),
        createdBy: caller.name,
        createdAt: now,
        endedAt: null,
      };
      await tx.insertInto('delegations').values(row).execute();
      const times = { startsAt: startsAt.toString(), endsAt: row.endsAt.toString() };
      await announcePeople(tx, [person, delegate.name]);
      await appendEvent(tx, { kind: 'delegation.created', at: now, data: { ...tried, id: row.id, ...times } });
      return show(row);
    }),
  );
}

function assertSensible(
  away: Person,
  delegate: Person,
  startsAt: Temporal.Instant,
  endsAt: Temporal.Instant,
  now: Temporal.Instant,
): void {
  if (away.name === delegate.name) throw refused('Nobody stands in for themselves.', 'Name somebody else.');
  if (away.kind !== 'person' || delegate.kind !== 'person') {
    throw refused('Only people review, so only people stand in for each other.', 'Name a person.');
  }
  if (!reached(startsAt, endsAt) || reached(endsAt, now)) {
    throw refused('It would be over before it begins.', 'Name a later end.');
  }
  if (reached(startsAt.add(LONGEST), endsAt)) {
    throw refused('An absence is 60 days at most.', 'Name an earlier end; it can be prolonged.');
  }
}

const refused = (what: string, next: string): TidegateError => new TidegateError('invalid_input', what, next);

/** Ends it now. Throws `not_found` (also: not theirs), `wrong_state` (over already). */
export function endDelegation(context: Context, caller: Caller, id: string): Promise<void> {
  return recorded(context, { kind: 'delegation.refused', data: { by: caller.name, id } }, () =>
    context.store.transaction(async (tx) => {
      const now = context.now();
      const row = await tx.selectFrom('delegations').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
      if (row === undefined || !(row.person === caller.name || isAdministrator(caller))) {
        throw new TidegateError('not_found', `There is no delegation ${id}.`, 'See tidegate delegations.');
      }
      if (row.endedAt !== null || reached(row.endsAt, now)) {
        throw new TidegateError('wrong_state', 'It is over already.', '');
      }
      await tx.updateTable('delegations').set({ endedAt: now }).where('id', '=', id).execute();
      const data = { by: caller.name, person: row.person, delegate: row.delegate, id };
      await announcePeople(tx, [row.person, row.delegate]);
      await appendEvent(tx, { kind: 'delegation.ended', at: now, data });
    }),
  );
}

/** Newest first: those the caller gave or has; auditors and administrators see all. */
export async function listDelegations(
  db: Reader,
  caller: Caller,
  state: 'open' | 'all',
  page: PageQuery,
  now: Temporal.Instant,
): Promise<Page<DelegationView>> {
  const [at, id] = parseCursor(page.cursor, 2) ?? [];
  const from = at === undefined || id === undefined ? null : { at: cursorInstant(at), id };
  const rows = await db
    .selectFrom('delegations')
    .selectAll()
    .$if(!seesAll(caller), (query) =>
      query.where((eb) => eb.or([eb('person', '=', caller.name), eb('delegate', '=', caller.name)])),
    )
    .$if(state === 'open', (query) => query.where('endedAt', 'is', null).where('endsAt', '>', now))
    .$if(from !== null, (query) =>
      query.where((eb) => eb(eb.refTuple('createdAt', 'id'), '<', eb.tuple(from?.at ?? now, from?.id ?? ''))),
    )
    .orderBy('createdAt', 'desc')
    .orderBy('id', 'desc')
    .limit(page.limit + 1)
    .execute();
  return pageOf(rows, page.limit, (row) => [row.createdAt.toString(), row.id], show);
}

/** The people in whose stead `delegate` reviews now, with the groups that count of them now; the disabled count for nothing. */
export async function standsInFor(db: Reader, delegate: PersonName, now: Temporal.Instant): Promise<readonly Person[]> {
  const rows = await db
    .selectFrom('delegations')
    .innerJoin('people', 'people.name', 'delegations.person')
    .select('delegations.person')
    .distinct()
    .where('delegate', '=', delegate)
    .where('endedAt', 'is', null)
    .where('startsAt', '<=', now)
    .where('endsAt', '>', now)
    .where('people.disabledAt', 'is', null)
    .orderBy('delegations.person')
    .execute();
  const people: Person[] = [];
  for (const { person } of rows) people.push(await loadPerson(db, person));
  return people;
}

function show(row: Row): DelegationView {
  return {
    id: row.id,
    person: row.person,
    delegate: row.delegate,
    startsAt: row.startsAt.toString(),
    endsAt: row.endsAt.toString(),
    reason: row.reason,
    endedAt: row.endedAt?.toString() ?? null,
  };
}
