/** Logins: opaque bearer tokens, found by their digest, ended by idleness, age, logout, or the end of the account. */
import { createHash } from 'node:crypto';
import { type LoggedIn, personName } from '@tidegate/contract';
import { type PersonName, reached, TidegateError } from '@tidegate/core';
import type { Context } from '../context.ts';
import { appendEvent } from '../record/events.ts';
import type { Tx } from '../store/schema.ts';
import { admitAttempt, forgiveAttempts, WINDOW } from './attempts.ts';
import type { Caller } from './caller.ts';
import { verifyPassword } from './password.ts';
import { findAccount, groupsOf, toPerson } from './people.ts';
import { spendCode } from './totp.ts';

const IDLE = Temporal.Duration.from({ hours: 8 });
const LONGEST = Temporal.Duration.from({ hours: 24 });
/** `last_used_at` is moved no more often than this, so that reading costs no writing. */
const TOUCH_EVERY = Temporal.Duration.from({ minutes: 1 });
const TOKEN_BYTES = 32;
/** What no account can be called: attempts with such names are counted and told as one. */
const NO_NAME = '(not a name)';

export interface Credentials {
  readonly user: string;
  readonly password: string;
  readonly mfaCode?: string | undefined;
}

/**
 * Signs a person in. Whether it was the name, the password or a disabled account is told to nobody but the record.
 * Throws `login_failed`, `mfa_invalid`, `too_many_attempts`.
 */
export async function login(
  context: Context,
  { user, password, mfaCode }: Credentials,
  address: string,
): Promise<LoggedIn> {
  const name = personName.safeParse(user);
  const account = name.success ? name.data : NO_NAME;
  await admitAttempt(context, 'password', account, address);
  const person = name.success ? await findAccount(context.store.db, name.data) : null;
  const right = await verifyPassword(person?.password ?? null, password);
  if (person === null || !right || person.disabledAt !== null) {
    await refused(context, account, address, person === null ? 'unknown' : right ? 'disabled' : 'password');
    throw new TidegateError('login_failed', 'The name or the password is wrong.', 'Check both and try again.');
  }
  await forgiveAttempts(context.store.db, 'password', account, address);
  if (mfaCode !== undefined) {
    try {
      await spendCode(context, person.name, mfaCode, address);
    } catch (error) {
      if (error instanceof TidegateError) await refused(context, account, address, error.code);
      throw error;
    }
  }
  return open(context, person.name, address, mfaCode !== undefined);
}

async function open(context: Context, person: PersonName, address: string, withCode: boolean): Promise<LoggedIn> {
  const at = context.now();
  const token = `tdg_${Buffer.from(context.random(TOKEN_BYTES)).toString('base64url')}`;
  const expiresAt = at.add(LONGEST);
  const mfaAt = withCode ? at : null;
  await context.store.transaction(async (tx) => {
    await tx
      .insertInto('logins')
      .values({ token: digest(token), person, address, createdAt: at, lastUsedAt: at, expiresAt, mfaAt })
      .execute();
    await appendEvent(tx, { kind: 'login.succeeded', at, data: { person, address, mfa: withCode } });
  });
  return { token, expiresAt: expiresAt.toString(), person };
}

function refused(context: Context, person: string, address: string, why: string): Promise<void> {
  return context.store.transaction((tx) =>
    appendEvent(tx, { kind: 'login.failed', at: context.now(), data: { person, address, why } }),
  );
}

/** Finds who holds `token`. Throws `unauthenticated` for one that is unknown, over, idle for too long, or disabled. */
export async function authenticate({ store, now }: Context, token: string, address: string): Promise<Caller> {
  const at = now();
  const row = await store.db
    .selectFrom('logins')
    .innerJoin('people', 'people.name', 'logins.person')
    .select(['logins.token', 'logins.person', 'logins.lastUsedAt', 'logins.expiresAt', 'logins.mfaAt'])
    .select(['people.name', 'people.kind', 'people.runBy', 'people.manager'])
    .where('logins.token', '=', digest(token))
    .where('people.disabledAt', 'is', null)
    .executeTakeFirst();
  if (row === undefined || reached(row.expiresAt, at) || reached(row.lastUsedAt.add(IDLE), at)) {
    throw new TidegateError('unauthenticated', 'You are not signed in, or no longer.', 'Sign in: tidegate login.');
  }
  if (reached(row.lastUsedAt.add(TOUCH_EVERY), at)) {
    await store.db.updateTable('logins').set({ lastUsedAt: at }).where('token', '=', row.token).execute();
  }
  return {
    ...toPerson(row, await groupsOf(store.db, row.person)),
    login: row.token,
    loginExpiresAt: row.expiresAt,
    mfaAt: row.mfaAt,
    address,
  };
}

/** Ends the caller's login. */
export async function logout({ store, now }: Context, caller: Caller): Promise<void> {
  await store.transaction(async (tx) => {
    await tx.deleteFrom('logins').where('token', '=', caller.login).execute();
    await appendEvent(tx, { kind: 'login.ended', at: now(), data: { person: caller.name, address: caller.address } });
  });
}

/** Ends every login of a person, but for the one to keep. */
export async function endLogins(tx: Tx, person: PersonName, keep: Buffer | null = null): Promise<void> {
  const all = tx.deleteFrom('logins').where('person', '=', person);
  await (keep === null ? all : all.where('token', '!=', keep)).execute();
}

/** Ended logins, and attempts that no limit looks at any more. */
export async function purgeLogins({ store, now }: Context): Promise<void> {
  const at = now();
  await store.db
    .deleteFrom('logins')
    .where((eb) => eb.or([eb('expiresAt', '<=', at), eb('lastUsedAt', '<=', at.subtract(IDLE))]))
    .execute();
  await store.db.deleteFrom('loginAttempts').where('at', '<', at.subtract(WINDOW)).execute();
}

const digest = (token: string): Buffer => createHash('sha256').update(token).digest();
