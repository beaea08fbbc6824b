/** What a passkey is good for: signing in, alone; and as second factor on a login that there is. */
import type { PersonName } from '@tidegate/core';
import { TidegateError } from '@tidegate/core';
import type { Context } from '../../context.ts';
import { appendEvent } from '../../record/events.ts';
import { type Caller, loginOf } from '../caller.ts';
import { type OpenedLogin, openLogin, stepUp } from '../logins.ts';
import { findAccount } from '../people.ts';
import type { Client } from '../sign-in.ts';
import { type Bound, GOOD_FOR, newChallenge } from './challenges.ts';
import { relyingParty } from './relying-party.ts';
import { type Answer, verifyPasskey } from './verify.ts';

const SIGN_IN: Bound = { purpose: 'sign-in', login: null };

/** What any passkey of this Tidegate may sign to sign its person in. Throws `too_many_attempts`. */
export const askPasskeyLogin = (context: Context, address: string) => ask(context, SIGN_IN, address, []);

/**
 * Signs in whose passkey it is. What they have (the authenticator) and what they know or are (it has verified them) are
 * two factors. Throws `mfa_invalid`, `login_failed` for a disabled account, `too_many_attempts`.
 */
export async function loginWithPasskey(context: Context, answer: Answer, client: Client): Promise<OpenedLogin> {
  const { id: passkey, person } = await verifyPasskey(context, answer, SIGN_IN, null, client.address);
  const account = await findAccount(context.store.db, person);
  if (account === null || account.disabledAt !== null) {
    const data = { person, passkey, address: client.address, why: 'disabled' };
    await context.store.transaction((tx) => appendEvent(tx, { kind: 'login.failed', at: context.now(), data }));
    throw new TidegateError('login_failed', 'You cannot sign in with this passkey.', 'Ask your administrator.');
  }
  const at = context.now();
  return openLogin(context, { ...client, person, how: 'passkey', mfaAt: at, authTime: at });
}

/** What one of the caller's own passkeys is to sign. Throws `mfa_required` for who has none. */
export async function askPasskey(context: Context, caller: Caller) {
  const login = loginOf(caller);
  const own = await credentialsOf(context, caller.name);
  if (own.length === 0) {
    throw new TidegateError('mfa_required', 'You have no passkey yet.', 'Register one, or use another factor.');
  }
  return ask(context, { purpose: 'step-up', login }, caller.address, own);
}

/** Shows one on this login. Throws `mfa_invalid`, `too_many_attempts`. */
export async function showPasskey(context: Context, caller: Caller, answer: Answer): Promise<Caller> {
  await proveByPasskey(context, caller, answer);
  return stepUp(context, caller, { how: 'passkey' });
}

/** The same, and what follows from it is the caller's matter. */
export async function proveByPasskey(context: Context, caller: Caller, answer: Answer): Promise<void> {
  const bound: Bound = { purpose: 'step-up', login: loginOf(caller) };
  await verifyPasskey(context, answer, bound, caller.name, caller.address);
}

async function credentialsOf({ store }: Context, person: PersonName) {
  const rows = await store.db
    .selectFrom('passkeys')
    .select(['credential', 'transports'])
    .where('person', '=', person)
    .where('lockedAt', 'is', null)
    .execute();
  return rows.map(({ credential, transports }) => ({
    id: credential,
    type: 'public-key' as const,
    transports: [...transports],
  }));
}

async function ask(
  context: Context,
  bound: Bound,
  address: string,
  allowCredentials: Awaited<ReturnType<typeof credentialsOf>>,
) {
  const { id: rpId, origin } = relyingParty(context);
  const { id, challenge } = await newChallenge(context, bound, address);
  const timeout = GOOD_FOR.total('milliseconds');
  const options = { challenge, rpId, allowCredentials, userVerification: 'required' as const, timeout };
  return { challenge: id, origin, options };
}
