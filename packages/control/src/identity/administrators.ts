/** Tidegate must never be left without an administrator: nobody could let one in again. */
import { ADMINISTRATORS } from '@tidegate/config';
import { TidegateError } from '@tidegate/core';
import { sql } from 'kysely';
import { currentConfig } from '../config/current.ts';
import { anyOf } from '../store/any.ts';
import type { Tx } from '../store/schema.ts';

/** Any number will do, as long as nothing else in the store takes the same advisory lock. */
const LOCK = 3_853_314_001;

/**
 * Call it after whatever may have taken an administrator away, in the same transaction. Throws `conflict` when none
 * would be left. The lock makes two such transactions wait for each other: each sees what the other has done.
 */
export async function assertAdministratorLeft(tx: Tx): Promise<void> {
  if (await hasAdministratorLeft(tx)) return;
  throw new TidegateError(
    'conflict',
    'This would leave Tidegate without an administrator.',
    'Make somebody else an administrator first.',
  );
}

/** The same as an answer, for who has a way out. */
export async function hasAdministratorLeft(tx: Tx): Promise<boolean> {
  await sql`SELECT pg_advisory_xact_lock(${LOCK})`.execute(tx);
  const { permissions } = await currentConfig(tx);
  const whole = permissions.filter(({ role, resources }) => role === 'administrator' && resources === undefined);
  const groups = [ADMINISTRATORS, ...whole.flatMap(({ to }) => to.groups)];
  const one = await tx
    .selectFrom('people')
    .leftJoin('groupMembers', 'groupMembers.person', 'people.name')
    .select('people.name')
    .where('people.kind', '=', 'person')
    .where('people.disabledAt', 'is', null)
    .where((eb) =>
      eb.or([
        eb('groupMembers.groupName', '=', anyOf(groups)),
        eb('people.name', '=', anyOf(whole.flatMap(({ to }) => to.people))),
      ]),
    )
    .limit(1)
    .executeTakeFirst();
  return one !== undefined;
}
