/** Who calls with an API key, and that the key is for what is called. */
import { createHash } from 'node:crypto';
import { type KeyScope, SCOPE_OF } from '@tidegate/contract';
import { reached, TidegateError } from '@tidegate/core';
import { currentConfig } from '../../config/current.ts';
import type { Context } from '../../context.ts';
import { appendEvent } from '../../record/events.ts';
import type { Caller } from '../caller.ts';
import { groupsOf, toPerson } from '../people.ts';
import { powersUnder } from '../permissions/powers.ts';

export const KEY_PREFIX = 'tdk_';

export const isApiKey = (token: string): boolean => token.startsWith(KEY_PREFIX);

/** What is kept of a key, and what it is found by: an index over digests tells nothing about keys by its timing. */
export const digestOf = (key: string): Buffer => createHash('sha256').update(key).digest();

/** `last_used_at` is moved no more often than this, so that reading costs no writing. */
const TOUCH_EVERY = Temporal.Duration.from({ minutes: 1 });

/** Finds whose key this is. Throws `unauthenticated` for one that is unknown, over, revoked, or of a disabled account. */
export async function authenticateKey({ store, now }: Context, key: string, address: string): Promise<Caller> {
  const at = now();
  const digest = digestOf(key);
  const row = await store.db
    .selectFrom('apiKeys')
    .innerJoin('people', 'people.name', 'apiKeys.person')
    .select(['apiKeys.id', 'apiKeys.scopes', 'apiKeys.expiresAt', 'apiKeys.lastUsedAt', 'apiKeys.lastUsedFrom'])
    .select(['people.name', 'people.kind', 'people.runBy', 'people.manager'])
    .where('apiKeys.digest', '=', digest)
    .where('apiKeys.revokedAt', 'is', null)
    .where('people.disabledAt', 'is', null)
    .executeTakeFirst();
  if (row === undefined || reached(row.expiresAt, at)) {
    throw new TidegateError(
      'unauthenticated',
      'This API key does not work, or no longer.',
      'Ask an administrator for a new one.',
    );
  }
  const { lastUsedAt, lastUsedFrom } = row;
  if (lastUsedAt === null || lastUsedFrom !== address || reached(lastUsedAt.add(TOUCH_EVERY), at)) {
    const used = { lastUsedAt: at, lastUsedFrom: address };
    await store.db.updateTable('apiKeys').set(used).where('id', '=', row.id).execute();
  }
  const person = toPerson(row, await groupsOf(store.db, row.name));
  return {
    ...person,
    powers: powersUnder(await currentConfig(store.db), person),
    login: null,
    carriedBy: 'bearer',
    how: 'api_key',
    loginExpiresAt: row.expiresAt,
    authTime: at,
    handToken: () => undefined,
    // A key is no second factor, and none can be shown on it.
    mfaAt: null,
    address,
    key: { id: row.id, scopes: row.scopes },
  };
}

const scopes = new Map<string, KeyScope>(Object.entries(SCOPE_OF));

/** Throws `forbidden`, on the record, when the caller came with a key that is not for this endpoint. */
export async function assertInScope({ store, now }: Context, caller: Caller, endpoint: string): Promise<void> {
  if (caller.key === undefined) return;
  const scope = scopes.get(endpoint);
  if (scope !== undefined && caller.key.scopes.includes(scope)) return;
  const data = { person: caller.name, endpoint, address: caller.address, key: caller.key.id };
  await store.transaction((tx) => appendEvent(tx, { kind: 'call.refused', at: now(), data }));
  throw scope === undefined
    ? new TidegateError('forbidden', 'No API key may do this.', 'Sign in: tidegate login.')
    : new TidegateError('forbidden', `This API key has not the scope ${scope}.`, 'Use a key that has it.');
}
