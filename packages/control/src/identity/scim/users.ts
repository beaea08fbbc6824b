/** Users: made, shown, replaced, patched, taken away. What a provider says of a person becomes true here at once. */
import type { ControlEvent } from '../../record/events.ts';
import { appendEvent } from '../../record/events.ts';
import { brokenConstraint } from '../../store/outage.ts';
import type { Reader, Tx } from '../../store/schema.ts';
import type { ScimUserRow } from '../../store/schema-scim.ts';
import { assertAdministratorLeft } from '../administrators.ts';
import { type Change, scimEvent } from './actor.ts';
import { invalid, notFound, ScimError, taken } from './errors.ts';
import { followGroups } from './memberships.ts';
import { patched, readOperations } from './patch.ts';
import { accountFor, describePerson, setActive } from './people.ts';
import { etagOf } from './resources.ts';
import { USERS } from './schemas.ts';
import { readResource, type Values } from './values.ts';

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Throws 404. */
export async function readUser(db: Reader, id: string): Promise<ScimUserRow> {
  const row = await live(db, id).executeTakeFirst();
  if (row === undefined) throw notFound('user', id);
  return row;
}

/** What is no id is nobody’s. */
const live = (db: Reader, id: string) =>
  db
    .selectFrom('scimUsers')
    .selectAll()
    .where('id', '=', ID.test(id) ? id : '00000000-0000-0000-0000-000000000000')
    .where('deletedAt', 'is', null);

/** The row, locked. Throws 404, and 412 when it is no longer the version that `ifMatch` names. */
async function lockUser(tx: Tx, id: string, ifMatch: string | null): Promise<ScimUserRow> {
  const row = await live(tx, id).forUpdate().executeTakeFirst();
  if (row === undefined) throw notFound('user', id);
  assertVersion(row, ifMatch);
  return row;
}

export function assertVersion(row: { readonly version: number }, ifMatch: string | null): void {
  if (ifMatch === null || ifMatch === '*') return;
  if (ifMatch.split(',').some((each) => each.trim() === etagOf(row))) return;
  throw new ScimError(412, null, 'It was changed meanwhile.');
}

/** Makes a user, and the account where there is none yet. Throws `uniqueness`, `invalidValue`. */
export async function createUser(tx: Tx, change: Change, body: unknown): Promise<ScimUserRow> {
  const { at } = change;
  const user = split(readResource(USERS, body));
  await assertFree(tx, user, null);
  const person = await accountFor(tx, user, at);
  const row = await saved(
    tx
      .insertInto('scimUsers')
      .values({
        id: crypto.randomUUID(),
        person,
        externalId: user.externalId,
        userName: user.userName,
        active: user.active,
        attributes: JSON.stringify(user.attributes),
        version: 1,
        createdAt: at,
        modifiedAt: at,
        deletedAt: null,
      })
      .returningAll()
      .executeTakeFirstOrThrow(),
  );
  await describePerson(tx, person, user.attributes);
  const ended = await setActive(tx, person, user.active, change);
  await assertAdministratorLeft(tx);
  const { id, externalId, userName, active } = row;
  await appendEvent(
    tx,
    scimEvent(change, 'user.created', { person, user: id, externalId, userName, active }),
    ...ended,
  );
  return row;
}

/** Throws 404, 412, `uniqueness`, `invalidValue`; 409 when no administrator would be left. */
export async function replaceUser(
  tx: Tx,
  change: Change,
  id: string,
  body: unknown,
  ifMatch: string | null,
): Promise<ScimUserRow> {
  const before = await lockUser(tx, id, ifMatch);
  const next = readResource(USERS, body);
  // Left out is as before: an account must not come back because a replacement did not speak of it.
  return saveUser(tx, change, before, { active: before.active, ...next });
}

/** As `replaceUser`; also `invalidPath`, `noTarget`, `mutability`. */
export async function patchUser(
  tx: Tx,
  change: Change,
  id: string,
  body: unknown,
  ifMatch: string | null,
): Promise<ScimUserRow> {
  const before = await lockUser(tx, id, ifMatch);
  return saveUser(tx, change, before, patched(USERS, whole(before), readOperations(USERS, body)));
}

/** The person stays, disabled: the record names them. Throws as `replaceUser`. */
export async function deleteUser(tx: Tx, change: Change, id: string, ifMatch: string | null): Promise<void> {
  const { at } = change;
  const before = await lockUser(tx, id, ifMatch);
  const { person, userName, externalId, version } = before;
  await tx.deleteFrom('scimMembers').where('user', '=', id).execute();
  await tx
    .updateTable('scimUsers')
    .set({ active: false, deletedAt: at, modifiedAt: at, version: version + 1 })
    .where('id', '=', id)
    .execute();
  await followGroups(tx, [person]);
  const ended = await setActive(tx, person, false, change);
  await assertAdministratorLeft(tx);
  await appendEvent(tx, scimEvent(change, 'user.deleted', { person, user: id, externalId, userName }), ...ended);
}

async function saveUser(tx: Tx, change: Change, before: ScimUserRow, next: Values): Promise<ScimUserRow> {
  const user = split(next);
  const changed = changedNames(whole(before), next);
  if (changed.length === 0) return before;
  await assertFree(tx, user, before.id);
  const row = await saved(
    tx
      .updateTable('scimUsers')
      .set({
        externalId: user.externalId,
        userName: user.userName,
        active: user.active,
        attributes: JSON.stringify(user.attributes),
        version: before.version + 1,
        modifiedAt: change.at,
      })
      .where('id', '=', before.id)
      .returningAll()
      .executeTakeFirstOrThrow(),
  );
  const { person } = row;
  await describePerson(tx, person, user.attributes);
  // Only where the provider changed its mind: an account that was disabled here stays so.
  const ended: ControlEvent[] = user.active === before.active ? [] : await setActive(tx, person, user.active, change);
  await assertAdministratorLeft(tx);
  const data = { person, user: row.id, changed, active: row.active, externalId: row.externalId };
  await appendEvent(tx, scimEvent(change, 'user.changed', data), ...ended);
  return row;
}

interface SplitUser {
  readonly externalId: string | null;
  readonly userName: string;
  readonly active: boolean;
  readonly attributes: Values;
}

/** Throws `invalidValue` without a userName. Who is not said to be inactive is active. */
function split({ externalId, userName, active, ...attributes }: Values): SplitUser {
  if (typeof userName !== 'string') throw invalid('invalidValue', '“userName” is required.');
  return {
    externalId: typeof externalId === 'string' ? externalId : null,
    userName,
    active: active !== false,
    attributes,
  };
}

const whole = ({ externalId, userName, active, attributes }: ScimUserRow): Values => ({
  ...(externalId === null ? {} : { externalId }),
  userName,
  active,
  ...attributes,
});

const changedNames = (before: Values, after: Values): string[] =>
  [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]))
    .sort();

/** Asked ahead, so that a refusal says what is taken; the indexes refuse what happens meanwhile. */
async function assertFree(tx: Tx, { externalId, userName }: SplitUser, own: string | null): Promise<void> {
  const rows = await tx
    .selectFrom('scimUsers')
    .select(['id', 'externalId'])
    .where('deletedAt', 'is', null)
    .where((eb) =>
      eb.or([eb('externalId', '=', externalId), eb(eb.fn('lower', ['userName']), '=', userName.toLowerCase())]),
    )
    .execute();
  const other = rows.find(({ id }) => id !== own);
  if (other === undefined) return;
  throw externalId !== null && other.externalId === externalId
    ? taken(`There is a user with the externalId ${externalId} already.`)
    : taken(`There is a user called ${userName} already.`);
}

async function saved(work: Promise<ScimUserRow>): Promise<ScimUserRow> {
  try {
    return await work;
  } catch (error) {
    if (!brokenConstraint(error)?.startsWith('scim_users_')) throw error;
    throw taken('There is such a user already.');
  }
}
