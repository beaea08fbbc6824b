/** Which second factors a person has, and what it takes to add one or to take one away. */
import { after, type PersonName, reached, TidegateError } from '@tidegate/core';
import { sql } from 'kysely';
import type { Context } from '../context.ts';
import type { Reader, Tx } from '../store/schema.ts';
import type { Caller } from './caller.ts';
import { MfaRequired } from './mfa.ts';
import { checkOwnPassword } from './own-password.ts';

/** What a person can show now: passkeys that are not locked, recovery codes that are left. */
export interface Factors {
  readonly totp: boolean;
  readonly passkeys: number;
  readonly recoveryCodes: number;
}

export async function factorsOf(db: Reader, person: PersonName): Promise<Factors> {
  const count = sql<number>`count(*)`.as('count');
  const totp = await db
    .selectFrom('totp')
    .select('person')
    .where('person', '=', person)
    .where('confirmedAt', 'is not', null)
    .executeTakeFirst();
  const passkeys = await db
    .selectFrom('passkeys')
    .select(count)
    .where('person', '=', person)
    .where('lockedAt', 'is', null)
    .executeTakeFirstOrThrow();
  const codes = await db
    .selectFrom('recoveryCodes')
    .select(count)
    .where('person', '=', person)
    .where('usedAt', 'is', null)
    .executeTakeFirstOrThrow();
  return { totp: totp !== undefined, passkeys: passkeys.count, recoveryCodes: codes.count };
}

/** A factor in hand; recovery codes alone are what is left of one that was lost. */
export const hasFactor = ({ totp, passkeys }: Factors): boolean => totp || passkeys > 0;

/** Changing one's factors needs one to have been shown this recently. */
const FRESH = Temporal.Duration.from({ minutes: 5 });

/** Throws `mfa_required` unless a second factor was shown on this login in the last five minutes. */
export function assertFreshFactor(caller: Caller, now: Temporal.Instant): void {
  if (caller.mfaAt !== null && !reached(after(caller.mfaAt, FRESH), now)) return;
  throw new MfaRequired('This needs your second factor, shown in the last 5 minutes.');
}

/**
 * What adding a factor takes: one that was shown just now, for who has one (or recovery codes of one they lost); the
 * password, for who has none. With the password alone nobody gets past a factor that is there already. Throws
 * `mfa_required`, `login_failed`, `too_many_attempts`.
 */
export async function assertMayAddFactor(
  context: Context,
  caller: Caller,
  password: string | undefined,
): Promise<void> {
  const { totp, passkeys, recoveryCodes } = await factorsOf(context.store.db, caller.name);
  const fresh = caller.mfaAt !== null && !reached(after(caller.mfaAt, FRESH), context.now());
  if (fresh) return;
  if (totp || passkeys + recoveryCodes > 0) return assertFreshFactor(caller, context.now());
  if (password === undefined) {
    throw new TidegateError('login_failed', 'This needs your password.', 'Send it along.');
  }
  await checkOwnPassword(context, caller, password);
}

/** Recovery codes stand in for a factor: with the last one they go, too. The LAST but its event of a transaction. */
export async function dropCodesWithLastFactor(tx: Tx, person: PersonName): Promise<void> {
  if (hasFactor(await factorsOf(tx, person))) return;
  await tx.deleteFrom('recoveryCodes').where('person', '=', person).execute();
}

/** Every factor of somebody who lost theirs. */
export async function removeFactors(tx: Tx, person: PersonName): Promise<void> {
  for (const table of ['totp', 'passkeys', 'recoveryCodes'] as const) {
    await tx.deleteFrom(table).where('person', '=', person).execute();
  }
}
