/** Where a person is signed in: shown to them and to administrators, ended one by one. */
import type { LoginView } from '@tidegate/contract';
import { type LoginId, type PersonName, TidegateError } from '@tidegate/core';
import { sql } from 'kysely';
import type { Context } from '../context.ts';
import { appendEvent } from '../record/events.ts';
import { cursorInstant, type Page, type PageQuery, pageOf, parseCursor } from '../store/cursor.ts';
import type { Caller } from './caller.ts';
import { findAccount, noSuchPerson } from './people.ts';

/** The logins of `person` that are not over, newest first. Throws `not_found`. */
export async function listLogins(
  { store, now, signIn }: Context,
  caller: Caller,
  person: PersonName,
  page: PageQuery,
): Promise<Page<LoginView>> {
  if ((await findAccount(store.db, person)) === null) throw noSuchPerson(person);
  const at = now();
  const [createdAt, id] = parseCursor(page.cursor, 2) ?? [];
  const from = createdAt === undefined || id === undefined ? null : { createdAt: cursorInstant(createdAt), id };
  const rows = await store.db
    .selectFrom('logins')
    .select(['id', 'how', 'kind', 'address', 'userAgent', 'createdAt', 'lastUsedAt', 'expiresAt', 'mfaAt'])
    .where('person', '=', person)
    .where('expiresAt', '>', at)
    .where('lastUsedAt', '>', at.subtract(signIn.idle))
    .$if(from !== null, (query) =>
      query.where(sql<boolean>`(created_at, id) < (${from?.createdAt ?? null}, ${from?.id ?? null})`),
    )
    .orderBy('createdAt', 'desc')
    .orderBy('id', 'desc')
    .limit(page.limit + 1)
    .execute();
  return pageOf(
    rows,
    page.limit,
    (row) => [row.createdAt.toString(), row.id],
    (row): LoginView => ({
      id: row.id,
      current: row.id === caller.login,
      how: row.how,
      kind: row.kind,
      address: row.address,
      userAgent: row.userAgent,
      createdAt: row.createdAt.toString(),
      lastUsedAt: row.lastUsedAt.toString(),
      expiresAt: row.expiresAt.toString(),
      idleAt: row.lastUsedAt.add(signIn.idle).toString(),
      mfaAt: row.mfaAt?.toString() ?? null,
    }),
  );
}

/** Ends one; its next call is nobody's. Throws `not_found`, for a login of somebody else's than `person`, too. */
export async function endLogin(
  { store, now }: Context,
  caller: Caller,
  person: PersonName,
  id: LoginId,
): Promise<void> {
  await store.transaction(async (tx) => {
    const { numDeletedRows } = await tx
      .deleteFrom('logins')
      .where('id', '=', id)
      .where('person', '=', person)
      .executeTakeFirstOrThrow();
    if (numDeletedRows !== 1n) {
      throw new TidegateError('not_found', `There is no login ${id} of ${person}.`, 'It may be over already.');
    }
    const data = { person, by: caller.name, address: caller.address, login: id };
    await appendEvent(tx, { kind: 'login.ended', at: now(), data });
  });
}
