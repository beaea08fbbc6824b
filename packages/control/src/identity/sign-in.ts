/** Signing in with a local account's password. */
import { personName } from '@tidegate/contract';
import { TidegateError } from '@tidegate/core';
import type { Context } from '../context.ts';
import { appendEvent } from '../record/events.ts';
import type { LoginKind } from '../store/schema-logins.ts';
import { admitAttempt, forgiveAttempts } from './attempts.ts';
import { spendCode } from './codes.ts';
import { type OpenedLogin, openLogin } from './logins.ts';
import { verifyPassword } from './password.ts';
import { findAccount } from './people.ts';

/** What no account can be called: attempts with such names are counted and told as one. */
const NO_NAME = '(not a name)';

export interface Credentials {
  readonly user: string;
  readonly password: string;
  readonly mfaCode?: string | undefined;
}

/** Where a sign-in comes from, and what is to carry it. */
export interface Client {
  readonly address: string;
  readonly userAgent: string | null;
  readonly kind: LoginKind;
}

/**
 * Signs a person in. Whether it was the name, the password or a disabled account is told to nobody but the record.
 * Throws `login_failed`, `mfa_invalid`, `too_many_attempts`.
 */
export async function login(context: Context, credentials: Credentials, client: Client): Promise<OpenedLogin> {
  const { user, password, mfaCode } = credentials;
  const { address } = client;
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
  const authTime = context.now();
  const mfaAt = mfaCode === undefined ? null : authTime;
  return openLogin(context, { ...client, person: person.name, how: 'password', mfaAt, authTime });
}

function refused(context: Context, person: string, address: string, why: string): Promise<void> {
  return context.store.transaction((tx) =>
    appendEvent(tx, { kind: 'login.failed', at: context.now(), data: { person, address, why } }),
  );
}
