/** Groups: made, shown, replaced, patched, taken away; what counts of them follows at once (`memberships.ts`). */
import type { PersonName } from '@tidegate/core';
import { sql } from 'kysely';
import { appendEvent } from '../../record/events.ts';
import { anyOf } from '../../store/any.ts';
import type { Reader, Tx } from '../../store/schema.ts';
import type { ScimGroupRow } from '../../store/schema-scim.ts';
import { assertAdministratorLeft } from '../administrators.ts';
import { type Change, scimEvent } from './actor.ts';
import { invalid, notFound, taken } from './errors.ts';
import { idsIn, type MemberChange, memberChange } from './members.ts';
import { followGroups } from './memberships.ts';
import { patched, readOperations } from './patch.ts';
import type { Reference } from './resources.ts';
import { GROUPS } from './schemas.ts';
import { assertVersion } from './users.ts';
import { readResource, type Values } from './values.ts';

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const found = (db: Reader, id: string) =>
  db
    .selectFrom('scimGroups')
    .selectAll()
    .where('id', '=', ID.test(id) ? id : '00000000-0000-0000-0000-000000000000');

/** Throws 404. */
export async function readGroup(db: Reader, id: string): Promise<ScimGroupRow> {
  const row = await found(db, id).executeTakeFirst();
  if (row === undefined) throw notFound('group', id);
  return row;
}

async function lockGroup(tx: Tx, id: string, ifMatch: string | null): Promise<ScimGroupRow> {
  const row = await found(tx, id).forUpdate().executeTakeFirst();
  if (row === undefined) throw notFound('group', id);
  assertVersion(row, ifMatch);
  return row;
}

/** Of several groups, by group. */
export async function membersOf(db: Reader, ids: readonly string[]): Promise<ReadonlyMap<string, Reference[]>> {
  const rows = await db
    .selectFrom('scimMembers')
    .innerJoin('scimUsers', 'scimUsers.id', 'scimMembers.user')
    .select(['scimMembers.group', 'scimUsers.id', 'scimUsers.userName as display'])
    .where('scimMembers.group', '=', anyOf(ids))
    .orderBy('scimUsers.userName')
    .execute();
  const members = new Map<string, Reference[]>(ids.map((id) => [id, []]));
  for (const { group, ...member } of rows) members.get(group)?.push(member);
  return members;
}

/** Throws `uniqueness`, `invalidValue`. */
export async function createGroup(tx: Tx, change: Change, body: unknown): Promise<ScimGroupRow> {
  const { members, ...group } = split(readResource(GROUPS, body));
  await assertFree(tx, group, null);
  const row = await tx
    .insertInto('scimGroups')
    .values({ id: crypto.randomUUID(), ...group, version: 1, createdAt: change.at, modifiedAt: change.at })
    .returningAll()
    .executeTakeFirstOrThrow();
  const moved = await moveMembers(tx, row.id, { clear: false, add: idsIn(members), remove: new Set() });
  await followGroups(tx, moved.joined);
  await appendEvent(tx, scimEvent(change, 'group.created', { ...told(row), ...toldMoves(moved) }));
  return row;
}

/** Throws 404, 412, `uniqueness`, `invalidValue`; 409 when no administrator would be left. */
export async function replaceGroup(
  tx: Tx,
  change: Change,
  id: string,
  body: unknown,
  ifMatch: string | null,
): Promise<ScimGroupRow> {
  const before = await lockGroup(tx, id, ifMatch);
  const { members, ...group } = split(readResource(GROUPS, body));
  return saveGroup(tx, change, before, group, { clear: true, add: idsIn(members), remove: new Set() });
}

/** As `replaceGroup`; also `invalidPath`, `invalidFilter`, `noTarget`. */
export async function patchGroup(
  tx: Tx,
  change: Change,
  id: string,
  body: unknown,
  ifMatch: string | null,
): Promise<ScimGroupRow> {
  const before = await lockGroup(tx, id, ifMatch);
  const operations = readOperations(GROUPS, body);
  // A group may have tens of thousands of members: they are changed where they are, not read and written again.
  const ofMembers = operations.filter(({ path }) => path.attribute.toLowerCase() === 'members');
  const others = operations.filter((operation) => !ofMembers.includes(operation));
  const { members: _, ...group } = split(patched(GROUPS, whole(before), others));
  return saveGroup(tx, change, before, group, memberChange(ofMembers));
}

/** Throws 404, 412; 409 when no administrator would be left. */
export async function deleteGroup(tx: Tx, change: Change, id: string, ifMatch: string | null): Promise<void> {
  const before = await lockGroup(tx, id, ifMatch);
  const moved = await moveMembers(tx, id, { clear: true, add: new Set(), remove: new Set() });
  await tx.deleteFrom('scimGroups').where('id', '=', id).execute();
  await followGroups(tx, moved.left);
  await assertAdministratorLeft(tx);
  await appendEvent(tx, scimEvent(change, 'group.deleted', { ...told(before), ...toldMoves(moved) }));
}

type GroupValues = Pick<ScimGroupRow, 'externalId' | 'displayName'>;

async function saveGroup(
  tx: Tx,
  change: Change,
  before: ScimGroupRow,
  group: GroupValues,
  members: MemberChange,
): Promise<ScimGroupRow> {
  await assertFree(tx, group, before.id);
  const renamed = group.externalId !== before.externalId || group.displayName !== before.displayName;
  const moved = await moveMembers(tx, before.id, members);
  if (!renamed && moved.joined.length + moved.left.length === 0) return before;
  const row = await tx
    .updateTable('scimGroups')
    .set({ ...group, version: before.version + 1, modifiedAt: change.at })
    .where('id', '=', before.id)
    .returningAll()
    .executeTakeFirstOrThrow();
  const stayed = renamed ? await peopleIn(tx, before.id) : [];
  await followGroups(tx, [...new Set([...moved.joined, ...moved.left, ...stayed])]);
  await assertAdministratorLeft(tx);
  const was = renamed ? { externalId: before.externalId, displayName: before.displayName } : null;
  await appendEvent(tx, scimEvent(change, 'group.changed', { ...told(row), was, ...toldMoves(moved) }));
  return row;
}

interface Moved {
  readonly joined: readonly PersonName[];
  readonly left: readonly PersonName[];
}

/** Throws `invalidValue` for a member that is no user. */
async function moveMembers(tx: Tx, group: string, { clear, add, remove }: MemberChange): Promise<Moved> {
  const stay = [...add];
  const left = await tx
    .deleteFrom('scimMembers')
    .using('scimUsers')
    .whereRef('scimUsers.id', '=', 'scimMembers.user')
    .where('scimMembers.group', '=', group)
    .where((eb) =>
      clear ? eb.not(eb('scimMembers.user', '=', anyOf(stay))) : eb('scimMembers.user', '=', anyOf([...remove])),
    )
    .returning('scimUsers.person')
    .execute();
  const users = await tx
    .selectFrom('scimUsers')
    .select('id')
    .where('id', '=', anyOf(stay))
    .where('deletedAt', 'is', null)
    .execute();
  const known = new Set(users.map(({ id }) => id));
  const stranger = stay.find((id) => !known.has(id));
  if (stranger !== undefined) throw invalid('invalidValue', `The member ${stranger} is no user.`);
  const { rows } = await sql<{ person: PersonName }>`
    WITH joined AS (
      INSERT INTO scim_members ("group", "user") SELECT ${group}::uuid, unnest(${stay}::uuid[])
      ON CONFLICT DO NOTHING RETURNING "user")
    SELECT u.person FROM joined JOIN scim_users u ON u.id = joined."user"`.execute(tx);
  return { joined: rows.map(({ person }) => person), left: left.map(({ person }) => person) };
}

async function peopleIn(tx: Tx, group: string): Promise<PersonName[]> {
  const rows = await tx
    .selectFrom('scimMembers')
    .innerJoin('scimUsers', 'scimUsers.id', 'scimMembers.user')
    .select('scimUsers.person')
    .where('scimMembers.group', '=', group)
    .execute();
  return rows.map(({ person }) => person);
}

function split({ externalId, displayName, members }: Values): GroupValues & { readonly members: unknown } {
  if (typeof displayName !== 'string') throw invalid('invalidValue', '“displayName” is required.');
  return { externalId: typeof externalId === 'string' ? externalId : null, displayName, members };
}

const whole = ({ externalId, displayName }: ScimGroupRow): Values => ({
  ...(externalId === null ? {} : { externalId }),
  displayName,
});

async function assertFree(tx: Tx, { externalId, displayName }: GroupValues, own: string | null): Promise<void> {
  const rows = await tx
    .selectFrom('scimGroups')
    .select(['id', 'externalId'])
    .where((eb) =>
      eb.or([eb('externalId', '=', externalId), eb(eb.fn('lower', ['displayName']), '=', displayName.toLowerCase())]),
    )
    .execute();
  const other = rows.find(({ id }) => id !== own);
  if (other === undefined) return;
  throw externalId !== null && other.externalId === externalId
    ? taken(`There is a group with the externalId ${externalId} already.`)
    : taken(`There is a group called ${displayName} already.`);
}

const told = ({ id, externalId, displayName }: ScimGroupRow) => ({ id, externalId, displayName });

/** Names that an event tells one by one. */
const TOLD_MAX = 100;
const toldMoves = ({ joined, left }: Moved) => ({
  joined: joined.slice(0, TOLD_MAX),
  left: left.slice(0, TOLD_MAX),
  moreMoved: Math.max(0, joined.length - TOLD_MAX) + Math.max(0, left.length - TOLD_MAX),
});
