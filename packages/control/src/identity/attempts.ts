/** Limits on guessing passwords and codes, and on showing passkeys that do not count, for each account and each address, shared by all control planes. */
import { TidegateError } from '@tidegate/core';
import type { Context } from '../context.ts';
import type { Reader } from '../store/schema.ts';

export type Guess = 'password' | 'code' | 'passkey';

/** What is counted goes back this far. */
export const WINDOW = Temporal.Duration.from({ minutes: 15 });

/**
 * Wrong guesses within the window before the door stays shut. A code has a million values, three of them right. A passkey
 * is guessed by nobody: its limit is for the record's sake, which tells of each one.
 */
const LIMITS: Readonly<Record<Guess, { readonly account: number; readonly address: number }>> = {
  password: { account: 10, address: 50 },
  code: { account: 5, address: 50 },
  passkey: { account: 20, address: 50 },
};

export class TooManyAttempts extends TidegateError {
  readonly retryAfterSeconds: number;

  constructor(retryAfterSeconds: number) {
    const minutes = Math.ceil(retryAfterSeconds / 60);
    super(
      'too_many_attempts',
      'Too many wrong attempts.',
      `Try again in ${minutes} minute${minutes === 1 ? '' : 's'}.`,
    );
    this.name = 'TooManyAttempts';
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/**
 * Counts one attempt as wrong before it is looked at, so that many at the same time pass no more often than one after
 * the other. Throws `TooManyAttempts` when the limit is reached: the guess must then not be looked at.
 */
export async function admitAttempt(
  { store, now }: Context,
  what: Guess,
  account: string,
  address: string,
): Promise<void> {
  const at = now();
  const { id } = await store.db
    .insertInto('loginAttempts')
    .values({ what, account, address, at })
    .returning('id')
    .executeTakeFirstOrThrow();
  const { account: perAccount, address: perAddress } = LIMITS[what];
  const freeAt = [
    await fullUntil(store.db, what, 'account', account, perAccount, at),
    await fullUntil(store.db, what, 'address', address, perAddress, at),
  ].reduce((a, b) => Math.max(a, b));
  if (freeAt === 0) return;
  // A refused attempt does not count: knocking on a shut door must not keep it shut.
  await store.db.deleteFrom('loginAttempts').where('id', '=', id).execute();
  throw new TooManyAttempts(Math.max(1, Math.ceil((freeAt - at.epochMilliseconds) / 1000)));
}

/** When the oldest of the `limit` newest attempts leaves the window (ms since the epoch); 0: there is room. */
async function fullUntil(
  db: Reader,
  what: Guess,
  column: 'account' | 'address',
  value: string,
  limit: number,
  at: Temporal.Instant,
): Promise<number> {
  const oldest = await db
    .selectFrom('loginAttempts')
    .select('at')
    .where('what', '=', what)
    .where(column, '=', value)
    .where('at', '>', at.subtract(WINDOW))
    .orderBy('at', 'desc')
    .orderBy('id', 'desc')
    .offset(limit)
    .limit(1)
    .executeTakeFirst();
  return oldest === undefined ? 0 : oldest.at.add(WINDOW).epochMilliseconds;
}

/** The guess was right: what this account got wrong from this address is forgotten. */
export async function forgiveAttempts(db: Reader, what: Guess, account: string, address: string): Promise<void> {
  await db
    .deleteFrom('loginAttempts')
    .where('what', '=', what)
    .where('account', '=', account)
    .where('address', '=', address)
    .execute();
}
