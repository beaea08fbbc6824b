/** Recovery codes: ten, shown once, for who has lost their second factor. Each counts once. */
import { createHash } from 'node:crypto';
import { type PersonName, randomText, TidegateError } from '@tidegate/core';
import { sql } from 'kysely';
import type { Context } from '../context.ts';
import { appendEvent, type ControlEvent } from '../record/events.ts';
import type { Tx } from '../store/schema.ts';
import type { Caller } from './caller.ts';
import { assertFreshFactor, factorsOf, hasFactor } from './factors.ts';

const CODES = 10;
/** Of 5 bits: 80 random bits. Nobody tries them out, so a plain digest keeps them. */
const LENGTH = 16;

/** Ten new ones in place of all before. Throws `mfa_required`; `wrong_state` for who has nothing to recover. */
export async function makeRecoveryCodes(context: Context, caller: Caller): Promise<string[]> {
  const at = context.now();
  const person = caller.name;
  assertFreshFactor(caller, at);
  const codes = Array.from({ length: CODES }, () => randomText(context.random, LENGTH));
  await context.store.transaction(async (tx) => {
    if (!hasFactor(await factorsOf(tx, person))) {
      throw new TidegateError('wrong_state', 'You have no second factor to recover.', 'Add one: tidegate mfa enrol.');
    }
    await tx.deleteFrom('recoveryCodes').where('person', '=', person).execute();
    const rows = codes.map((code) => ({ person, digest: digestOf(person, code), createdAt: at }));
    await tx.insertInto('recoveryCodes').values(rows).execute();
    const data = { person, address: caller.address, codes: CODES };
    await appendEvent(tx, { kind: 'mfa.recovery.made', at, data });
  });
  return codes.map((code) => code.replace(/.{4}(?=.)/g, '$&-'));
}

/**
 * Takes a code for good; answers what the record is to be told: that it was used, and how many are left. Of two who
 * bring the same code at once, one is refused. Throws `mfa_invalid`.
 */
export async function spendRecoveryCode(
  tx: Tx,
  person: PersonName,
  code: string,
  address: string,
  at: Temporal.Instant,
): Promise<ControlEvent> {
  const { numUpdatedRows } = await tx
    .updateTable('recoveryCodes')
    .set({ usedAt: at })
    .where('person', '=', person)
    .where('digest', '=', digestOf(person, normal(code)))
    .where('usedAt', 'is', null)
    .executeTakeFirstOrThrow();
  if (numUpdatedRows !== 1n) {
    throw new TidegateError(
      'mfa_invalid',
      'The code is wrong, or was used already.',
      'Each recovery code counts once.',
    );
  }
  const { left } = await tx
    .selectFrom('recoveryCodes')
    .select(sql<number>`count(*)`.as('left'))
    .where('person', '=', person)
    .where('usedAt', 'is', null)
    .executeTakeFirstOrThrow();
  return { kind: 'mfa.recovery.used', at, data: { person, address, left } };
}

/** As it was made, however it was typed: letters that look like digits are the digits. */
const normal = (typed: string): string =>
  typed.toLowerCase().replace(/[\s-]/g, '').replaceAll('o', '0').replace(/[il]/g, '1');

const digestOf = (person: PersonName, code: string): Buffer =>
  createHash('sha256').update(`tidegate/recovery\0${person}\0${code}`).digest();
