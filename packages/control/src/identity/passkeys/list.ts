/** A person's own passkeys: shown, named, removed. */
import type { PasskeyView } from '@tidegate/contract';
import { type PasskeyId, type PersonName, TidegateError } from '@tidegate/core';
import type { Selectable } from 'kysely';
import type { Context } from '../../context.ts';
import { appendEvent } from '../../record/events.ts';
import type { Reader } from '../../store/schema.ts';
import type { PasskeysTable } from '../../store/schema-logins.ts';
import type { Caller } from '../caller.ts';
import { assertFreshFactor, dropCodesWithLastFactor } from '../factors.ts';

export const PASSKEY_COLUMNS = [
  ...(['id', 'name', 'backedUp', 'transports'] as const),
  ...(['createdAt', 'lastUsedAt', 'lockedAt'] as const),
];

export const viewOf = (row: Pick<Selectable<PasskeysTable>, (typeof PASSKEY_COLUMNS)[number]>): PasskeyView => ({
  id: row.id,
  name: row.name,
  backedUp: row.backedUp,
  transports: [...row.transports],
  createdAt: row.createdAt.toString(),
  lastUsedAt: row.lastUsedAt?.toString() ?? null,
  lockedAt: row.lockedAt?.toString() ?? null,
});

export async function listPasskeys(db: Reader, person: PersonName): Promise<PasskeyView[]> {
  const rows = await db
    .selectFrom('passkeys')
    .select(PASSKEY_COLUMNS)
    .where('person', '=', person)
    .orderBy('createdAt')
    .orderBy('id')
    .execute();
  return rows.map(viewOf);
}

/** Throws `not_found`, for somebody else's too. */
export async function renamePasskey(
  { store, now }: Context,
  caller: Caller,
  id: PasskeyId,
  name: string,
): Promise<PasskeyView> {
  return store.transaction(async (tx) => {
    const row = await tx
      .updateTable('passkeys')
      .set({ name })
      .where('id', '=', id)
      .where('person', '=', caller.name)
      .returning(PASSKEY_COLUMNS)
      .executeTakeFirst();
    if (row === undefined) throw noSuchPasskey();
    await appendEvent(tx, { kind: 'passkey.named', at: now(), data: { person: caller.name, passkey: id, name } });
    return viewOf(row);
  });
}

/** Throws `not_found`; `mfa_required`, unless it is a locked one, which counts for nothing. */
export async function removePasskey({ store, now }: Context, caller: Caller, id: PasskeyId): Promise<void> {
  const at = now();
  await store.transaction(async (tx) => {
    const row = await tx
      .deleteFrom('passkeys')
      .where('id', '=', id)
      .where('person', '=', caller.name)
      .returning('lockedAt')
      .executeTakeFirst();
    if (row === undefined) throw noSuchPasskey();
    // Thrown in the transaction: nothing is removed then.
    if (row.lockedAt === null) assertFreshFactor(caller, at);
    await dropCodesWithLastFactor(tx, caller.name);
    const data = { person: caller.name, passkey: id, address: caller.address };
    await appendEvent(tx, { kind: 'passkey.removed', at, data });
  });
}

const noSuchPasskey = () => new TidegateError('not_found', 'You have no such passkey.', 'See your passkeys.');
