/** A code that a person types: of their authenticator (six digits), or one of their recovery codes. */
import { type PersonName, TidegateError } from '@tidegate/core';
import type { Context } from '../context.ts';
import { appendEvent } from '../record/events.ts';
import { recorded } from '../refusals.ts';
import { admitAttempt, forgiveAttempts } from './attempts.ts';
import { type Caller, loginOf } from './caller.ts';
import { stepUp } from './logins.ts';
import { spendRecoveryCode } from './recovery.ts';
import { spendTotp } from './totp.ts';

const isTotp = (code: string): boolean => /^\d{6}$/.test(code.replaceAll(' ', ''));

/** Takes a code for good. Throws `mfa_invalid`, `mfa_required` (nothing enrolled), `too_many_attempts`. */
export async function spendCode(
  context: Context,
  person: PersonName,
  code: string,
  address: string,
): Promise<'totp' | 'recovery'> {
  if (isTotp(code)) {
    await spendTotp(context, person, code, address);
    return 'totp';
  }
  // Counted with the authenticator's: both are guesses at the same door.
  await admitAttempt(context, 'code', person, address);
  const at = context.now();
  await context.store.transaction(async (tx) =>
    appendEvent(tx, await spendRecoveryCode(tx, person, code, address, at)),
  );
  await forgiveAttempts(context.store.db, 'code', person, address);
  return 'recovery';
}

/** Shows a factor on this login by a code; what is wrong stands on record. Throws as `spendCode` does. */
export async function showCode(context: Context, caller: Caller, code: string): Promise<Caller> {
  return stepUp(context, caller, { how: await proveByCode(context, caller, code) });
}

/** The same, and what follows from it is the caller's matter. */
export async function proveByCode(context: Context, caller: Caller, code: string): Promise<'totp' | 'recovery'> {
  // No code is spent on what has no login to show it on.
  loginOf(caller);
  const tried = { kind: 'mfa.refused', data: { person: caller.name, address: caller.address } };
  return recorded(context, tried, () => spendCode(context, caller.name, code, caller.address));
}

/** The same with a recovery code alone. */
export async function useRecoveryCode(context: Context, caller: Caller, code: string): Promise<Caller> {
  if (!isTotp(code)) return showCode(context, caller, code);
  throw new TidegateError('mfa_invalid', 'This is no recovery code.', 'They have sixteen letters and digits.');
}
