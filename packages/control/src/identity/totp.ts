/** The second factor of a local account: time-based codes (RFC 6238), each of which counts once. */
import type { PersonName } from '@tidegate/core';
import { TidegateError } from '@tidegate/core';
import { Secret, TOTP } from 'otpauth';
import type { Context } from '../context.ts';
import { appendEvent, type ControlEvent } from '../record/events.ts';
import { recorded } from '../refusals.ts';
import type { Tx } from '../store/schema.ts';
import { admitAttempt, forgiveAttempts } from './attempts.ts';
import type { Caller } from './caller.ts';
import { assertFreshFactor, assertMayAddFactor, dropCodesWithLastFactor } from './factors.ts';
import { stepUp } from './logins.ts';

const PERIOD_S = 30;
/** Steps before and after the present one: clocks differ. */
const WINDOW_STEPS = 1;
const SECRET_BYTES = 20;

/** Begins a second factor; it counts only once confirmed. The secret is shown this once. Throws `conflict`. */
export async function enrolTotp(
  context: Context,
  caller: Caller,
  password: string | undefined,
): Promise<{ secret: string; uri: string }> {
  await assertMayAddFactor(context, caller, password);
  const secret = new Secret({ buffer: Uint8Array.from(context.random(SECRET_BYTES)).buffer });
  const at = context.now();
  await context.store.transaction(async (tx) => {
    const row = { secret: context.sealer.seal(secret.base32, purpose(caller.name)), createdAt: at };
    const { numInsertedOrUpdatedRows } = await tx
      .insertInto('totp')
      .values({ person: caller.name, ...row })
      .onConflict((on) => on.column('person').doUpdateSet(row).where('totp.confirmedAt', 'is', null))
      .executeTakeFirstOrThrow();
    if (numInsertedOrUpdatedRows !== 1n) {
      throw new TidegateError('conflict', 'You have a second factor already.', 'Remove it first.');
    }
    await appendEvent(tx, { kind: 'mfa.enrolled', at, data: { person: caller.name } });
  });
  const uri = new TOTP({ issuer: 'Tidegate', label: caller.name, secret, period: PERIOD_S }).toString();
  return { secret: secret.base32, uri };
}

/** Makes the enrolled factor count, and this login one that has shown it. Throws `mfa_invalid`, `wrong_state`. */
export async function confirmTotp(context: Context, caller: Caller, code: string): Promise<Caller> {
  const step = await told(context, caller, () => checkCode(context, caller.name, code, caller.address, 'enrolled'));
  const confirm = async (tx: Tx, at: Temporal.Instant): Promise<readonly ControlEvent[]> => {
    const { numUpdatedRows } = await tx
      .updateTable('totp')
      .set({ confirmedAt: at, lastStep: step })
      .where('person', '=', caller.name)
      .where('confirmedAt', 'is', null)
      .executeTakeFirstOrThrow();
    if (numUpdatedRows !== 1n) throw nothingToConfirm();
    return [{ kind: 'mfa.confirmed', at, data: { person: caller.name } }];
  };
  const confirmed = await stepUp(context, caller, { how: 'totp', also: confirm });
  await forgiveAttempts(context.store.db, 'code', caller.name, caller.address);
  return confirmed;
}

/** Takes a code for good: the same one, or an older one, is refused from then on. */
export async function spendTotp(context: Context, person: PersonName, code: string, address: string): Promise<void> {
  const lastStep = await checkCode(context, person, code, address, 'confirmed');
  const { numUpdatedRows } = await context.store.db
    .updateTable('totp')
    .set({ lastStep })
    .where('person', '=', person)
    .where('confirmedAt', 'is not', null)
    .where((eb) => eb.or([eb('lastStep', 'is', null), eb('lastStep', '<', lastStep)]))
    .executeTakeFirstOrThrow();
  if (numUpdatedRows !== 1n) {
    throw new TidegateError('mfa_invalid', 'This code was used already.', 'Wait for the next one.');
  }
  await forgiveAttempts(context.store.db, 'code', person, address);
}

/** Takes the factor away. */
export async function removeTotp(context: Context, caller: Caller): Promise<void> {
  const at = context.now();
  assertFreshFactor(caller, at);
  await context.store.transaction(async (tx) => {
    await tx.deleteFrom('totp').where('person', '=', caller.name).execute();
    await dropCodesWithLastFactor(tx, caller.name);
    await appendEvent(tx, { kind: 'mfa.removed', at, data: { person: caller.name, by: caller.name } });
  });
}

/** A wrong code stands on the record. */
const told = <T>(context: Context, { name, address }: Caller, work: () => Promise<T>): Promise<T> =>
  recorded(context, { kind: 'mfa.refused', data: { person: name, address } }, work);

/** The time step for which `code` is right. */
async function checkCode(
  context: Context,
  person: PersonName,
  code: string,
  address: string,
  state: 'enrolled' | 'confirmed',
): Promise<number> {
  const row = await context.store.db
    .selectFrom('totp')
    .select(['secret', 'confirmedAt'])
    .where('person', '=', person)
    .executeTakeFirst();
  if (state === 'enrolled' && (row === undefined || row.confirmedAt !== null)) throw nothingToConfirm();
  if (row === undefined || (state === 'confirmed' && row.confirmedAt === null)) {
    throw new TidegateError('mfa_required', 'You have no second factor yet.', 'Add one: tidegate mfa enrol.');
  }
  await admitAttempt(context, 'code', person, address);
  const secret = Secret.fromBase32(context.sealer.open(row.secret, purpose(person)));
  const totp = new TOTP({ secret, period: PERIOD_S });
  const timestamp = context.now().epochMilliseconds;
  const delta = totp.validate({ token: code.replaceAll(' ', ''), timestamp, window: WINDOW_STEPS });
  if (delta === null) {
    throw new TidegateError('mfa_invalid', 'The code is wrong.', 'Enter the one your authenticator shows now.');
  }
  return totp.counter({ timestamp }) + delta;
}

const nothingToConfirm = () =>
  new TidegateError('wrong_state', 'There is no second factor to confirm.', 'Begin one: tidegate mfa enrol.');

const purpose = (person: PersonName): string => `totp/${person}`;
