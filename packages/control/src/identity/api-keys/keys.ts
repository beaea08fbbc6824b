/** API keys: made, listed, revoked. Each is shown once, kept as a digest, and ends within a year. */
import type { ApiKeyView, KeyScope, NewKeyMade } from '@tidegate/contract';
import { type ApiKeyId, newApiKeyId, type PersonName, reached, TidegateError } from '@tidegate/core';
import { sql } from 'kysely';
import { currentConfig } from '../../config/current.ts';
import type { Context } from '../../context.ts';
import { appendEvent, type ControlEvent } from '../../record/events.ts';
import { recorded } from '../../refusals.ts';
import { cursorInstant, type Page, type PageQuery, pageOf, parseCursor } from '../../store/cursor.ts';
import type { Reader, Tx } from '../../store/schema.ts';
import type { ApiKeyRow } from '../../store/schema-scim.ts';
import type { Caller } from '../caller.ts';
import { loadPerson } from '../people.ts';
import { isAdministrator, seesAll } from '../permissions/may.ts';
import { digestOf, KEY_PREFIX } from './authenticate.ts';

/** 256 random bits: nothing that could be guessed, so a plain digest keeps them as well as a slow one would. */
const KEY_BYTES = 32;
/** Of the key, prefix included: enough to know it by. */
const SHOWN = 12;
const LONGEST = Temporal.Duration.from({ hours: 366 * 24 });
/** With these a key acts at databases: nobody makes one in the name of another person (promise 5). */
const ACTS: readonly KeyScope[] = ['requests:write', 'connect'];

/** These open what their person's own powers do not: only administrators make them. */
const ABOUT_OTHERS: readonly KeyScope[] = ['scim'];

export interface NewKey {
  readonly name: string;
  /** null: the caller. */
  readonly person: PersonName | null;
  readonly scopes: readonly KeyScope[];
  readonly expiresAt: Temporal.Instant;
}

/** Makes a key. Throws `forbidden`, `not_found`, `invalid_input` (an end that is past, or too far). */
export function createApiKey(context: Context, caller: Caller, input: NewKey): Promise<NewKeyMade> {
  const person = input.person ?? caller.name;
  const scopes = [...new Set(input.scopes)];
  const tried = { person, by: caller.name, name: input.name, scopes };
  return recorded(context, { kind: 'api_key.create.refused', data: tried }, () =>
    context.store.transaction(async (tx) => {
      const at = context.now();
      assertEnd(input.expiresAt, at);
      await assertMayMake(tx, caller, person, scopes);
      const id = newApiKeyId(context.random);
      const key = `${KEY_PREFIX}${Buffer.from(context.random(KEY_BYTES)).toString('base64url')}`;
      const row = await tx
        .insertInto('apiKeys')
        .values({
          id,
          digest: digestOf(key),
          prefix: key.slice(0, SHOWN),
          name: input.name,
          person,
          scopes,
          createdBy: caller.name,
          createdAt: at,
          expiresAt: input.expiresAt,
        })
        .returningAll()
        .executeTakeFirstOrThrow();
      const data = { ...tried, key: id, expiresAt: input.expiresAt.toString() };
      await appendEvent(tx, { kind: 'api_key.created', at, data });
      return { ...viewOf(row), key };
    }),
  );
}

function assertEnd(end: Temporal.Instant, at: Temporal.Instant): void {
  if (reached(end, at))
    throw new TidegateError('invalid_input', 'The key would have ended already.', 'Say a later end.');
  if (reached(end, at.add(LONGEST))) return;
  throw new TidegateError('invalid_input', 'A key ends within a year.', 'Say an earlier end, and make another then.');
}

/** Throws `forbidden`, and what `loadPerson` throws. */
async function assertMayMake(tx: Tx, caller: Caller, name: PersonName, scopes: readonly KeyScope[]): Promise<void> {
  const own = name === caller.name;
  const others = scopes.some((scope) => ABOUT_OTHERS.includes(scope));
  if (!isAdministrator(caller) && (others || !(own && (await mayMakeOwnKeys(tx, caller))))) {
    throw new TidegateError('forbidden', 'Only administrators make this API key.', 'Ask one of them.');
  }
  const person = await loadPerson(tx, name);
  if (!own && person.kind === 'person' && scopes.some((scope) => ACTS.includes(scope))) {
    throw new TidegateError(
      'forbidden',
      `A key to act in the name of ${name} is for ${name} alone to make.`,
      'Make a workload, and a key for that.',
    );
  }
}

/** `apiKeys.self` of the configuration says who. */
export async function mayMakeOwnKeys(db: Reader, { name, groups, kind }: Caller): Promise<boolean> {
  const { self } = (await currentConfig(db)).apiKeys;
  return kind === 'person' && (self.people.includes(name) || self.groups.some((group) => groups.includes(group)));
}

export interface KeyFilter {
  readonly state: 'open' | 'all';
  readonly person: PersonName | null;
}

/** Newest first: the caller's, and for auditors and administrators everybody's. */
export async function listApiKeys(
  { store, now }: Context,
  caller: Caller,
  { state, person }: KeyFilter,
  { cursor, limit }: PageQuery,
): Promise<Page<ApiKeyView>> {
  const from = parseCursor(cursor, 2);
  const rows = await store.db
    .selectFrom('apiKeys')
    .selectAll()
    .$if(!seesAll(caller), (query) => query.where('person', '=', caller.name))
    .$if(person !== null, (query) => query.where('person', '=', person))
    .$if(state === 'open', (query) => query.where('revokedAt', 'is', null).where('expiresAt', '>', now()))
    .$if(from !== null, (query) =>
      query.where(sql<boolean>`(created_at, id) < (${cursorInstant(from?.[0] ?? '')}, ${from?.[1] ?? ''})`),
    )
    .orderBy('createdAt', 'desc')
    .orderBy('id', 'desc')
    .limit(limit + 1)
    .execute();
  return pageOf(rows, limit, ({ createdAt, id }) => [createdAt.toString(), id], viewOf);
}

/** Throws `not_found`, to others than its person, auditors and administrators too; `forbidden`; `wrong_state`. */
export function revokeApiKey(context: Context, caller: Caller, id: ApiKeyId): Promise<void> {
  return recorded(context, { kind: 'api_key.revoke.refused', data: { by: caller.name, key: id } }, () =>
    context.store.transaction(async (tx) => {
      const row = await tx.selectFrom('apiKeys').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
      const own = row?.person === caller.name;
      if (row === undefined || !(own || seesAll(caller))) {
        throw new TidegateError('not_found', `There is no API key ${id}.`, 'See tidegate keys.');
      }
      if (!own && !isAdministrator(caller)) {
        throw new TidegateError('forbidden', 'Only its person and administrators revoke a key.', 'Ask one of them.');
      }
      if (row.revokedAt !== null) throw new TidegateError('wrong_state', `The key ${id} is revoked already.`);
      await appendEvent(tx, await revoke(tx, row, caller.name, context.now()));
    }),
  );
}

/** A disabled account’s keys do not come back with it. Answers the events, to be appended last. */
export async function revokeKeysOf(
  tx: Tx,
  person: PersonName,
  by: PersonName,
  at: Temporal.Instant,
): Promise<ControlEvent[]> {
  const rows = await workingKeysOf(tx, person);
  const events: ControlEvent[] = [];
  for (const row of rows) events.push(await revoke(tx, row, by, at));
  return events;
}

const workingKeysOf = (tx: Reader, person: PersonName): Promise<ApiKeyRow[]> =>
  tx
    .selectFrom('apiKeys')
    .selectAll()
    .where('person', '=', person)
    .where('revokedAt', 'is', null)
    .orderBy('id')
    .forUpdate()
    .execute();

async function revoke(tx: Tx, { id, person, name }: ApiKeyRow, by: PersonName, at: Temporal.Instant) {
  await tx.updateTable('apiKeys').set({ revokedAt: at, revokedBy: by }).where('id', '=', id).execute();
  return { kind: 'api_key.revoked', at, data: { person, by, key: id, name } };
}

function viewOf(row: ApiKeyRow): ApiKeyView {
  return {
    id: row.id,
    name: row.name,
    person: row.person,
    prefix: row.prefix,
    scopes: [...row.scopes],
    createdBy: row.createdBy,
    createdAt: row.createdAt.toString(),
    expiresAt: row.expiresAt.toString(),
    lastUsedAt: row.lastUsedAt?.toString() ?? null,
    lastUsedFrom: row.lastUsedFrom,
    revokedAt: row.revokedAt?.toString() ?? null,
    revokedBy: row.revokedBy,
  };
}
