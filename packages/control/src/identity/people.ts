/** Accounts and their groups, as they are read. */
import type { EntraIdentity, PersonView } from '@tidegate/contract';
import { type GroupName, type Person, type PersonName, TidegateError } from '@tidegate/core';
import { type Selectable, sql } from 'kysely';
import { type CurrentConfig, configOf, keyInForce } from '../config/current.ts';
import { anyOf } from '../store/any.ts';
import type { Reader } from '../store/schema.ts';
import type { PeopleTable } from '../store/schema-access.ts';

/** The account of that name, or null. */
export async function findAccount(db: Reader, name: PersonName) {
  const row = await db.selectFrom('people').selectAll().where('name', '=', name).executeTakeFirst();
  return row ?? null;
}

/** Every group that counts for a person, from the file and from here. */
export async function groupsOf(db: Reader, person: PersonName): Promise<readonly GroupName[]> {
  const rows = await db
    .selectFrom('groupMembers')
    .select('groupName')
    .distinct()
    .where('person', '=', person)
    .orderBy('groupName')
    .execute();
  return rows.map((row) => row.groupName);
}

/** An enabled person with the groups that count now. Throws `not_found`, and `forbidden` for a disabled account. */
export async function loadPerson(db: Reader, name: PersonName): Promise<Person> {
  return enabled(name, await accountOf(db, name).executeTakeFirst());
}

/** The same, and the configuration in force: both that a decision goes by, in one query. */
export async function loadPersonAndConfig(
  db: Reader,
  name: PersonName,
): Promise<{ readonly person: Person; readonly inForce: CurrentConfig }> {
  const account = await accountOf(db, name).select(keyInForce.as('inForce')).executeTakeFirst();
  const person = enabled(name, account);
  return { person, inForce: await configOf(db, account?.inForce ?? null) };
}

const accountOf = (db: Reader, name: PersonName) =>
  db
    .selectFrom('people')
    .select(['name', 'kind', 'runBy', 'manager', 'disabledAt'])
    .select(groupsOfRow.as('groups'))
    .where('name', '=', name);

type Account = PersonColumns & { readonly disabledAt: Temporal.Instant | null; readonly groups: GroupName[] };

function enabled(name: PersonName, account: Account | undefined): Person {
  if (account === undefined) throw noSuchPerson(name);
  if (account.disabledAt !== null) throw new TidegateError('forbidden', `The account ${name} is disabled.`);
  return toPerson(account, account.groups);
}

/**
 * Enabled people who are named or in one of the groups, with all their groups; by name. Found by the indexes of names and
 * of groups, never by reading everybody. `limit`: the first so many of them, for which no more of a group is read than
 * that; null: all of them.
 */
export async function loadPeopleAmong(
  db: Reader,
  among: { readonly groups: readonly GroupName[]; readonly people: readonly PersonName[] },
  limit: number | null = null,
): Promise<readonly Person[]> {
  if (among.groups.length + among.people.length === 0) return [];
  const rows = await db
    .selectFrom('people')
    .select(['name', 'kind', 'runBy', 'manager'])
    .select(groupsOfRow.as('groups'))
    .where('disabledAt', 'is', null)
    .where(
      'name',
      'in',
      sql<PersonName>`(
        SELECT unnest(${[...among.people]}::text[]) UNION ${limit === null ? membersOf(among.groups) : firstOf(among.groups, limit)})`,
    )
    .orderBy('name')
    .$if(limit !== null, (query) => query.limit(limit ?? 0))
    .execute();
  return rows.map(({ groups, ...row }) => toPerson(row, groups));
}

const membersOf = (groups: readonly GroupName[]) =>
  sql`SELECT person FROM group_members WHERE group_name = ${anyOf(groups)}`;

/** The first enabled people of each group. */
const firstOf = (groups: readonly GroupName[], limit: number) => sql`
  SELECT first.person FROM unnest(${[...groups]}::text[]) AS one (name), LATERAL (
    SELECT DISTINCT m.person FROM group_members m JOIN people p ON p.name = m.person
    WHERE m.group_name = one.name AND p.disabled_at IS NULL
    ORDER BY m.person LIMIT ${limit}) AS first`;

/** These people, also the disabled ones, with the groups that count of them now. */
export async function loadPeople(db: Reader, names: readonly PersonName[]): Promise<readonly Person[]> {
  const rows = await db
    .selectFrom('people')
    .select(['name', 'kind', 'runBy', 'manager'])
    .select(groupsOfRow.as('groups'))
    .where('name', '=', anyOf(names))
    .execute();
  return rows.map(({ groups, ...row }) => toPerson(row, groups));
}

/** Every group that counts for the person of a row of `people`, by name. */
export const groupsOfRow = sql<
  GroupName[]
>`ARRAY(SELECT DISTINCT m.group_name FROM group_members m WHERE m.person = people.name ORDER BY 1)`;

type PersonColumns = Pick<Selectable<PeopleTable>, 'name' | 'kind' | 'runBy' | 'manager'>;

/** A row's person, as decisions want them. */
export function toPerson({ name, kind, runBy, manager }: PersonColumns, groups: readonly GroupName[]): Person {
  return { name, kind, groups, runBy, manager };
}

/** One person as the API shows them. Throws `not_found`. */
export async function showPerson(db: Reader, name: PersonName): Promise<PersonView> {
  const account = await findAccount(db, name);
  if (account === null) throw noSuchPerson(name);
  return {
    name,
    groups: [...(await groupsOf(db, name))],
    disabled: account.disabledAt !== null,
    entra: entraOf(account),
    createdAt: account.createdAt.toString(),
  };
}

/** A page of people by name, those after `after`. */
export async function listPeople(db: Reader, after: string | null, limit: number): Promise<PersonView[]> {
  const rows = await db
    .selectFrom('people')
    .select(['name', 'createdAt', 'disabledAt', 'entraTenant', 'entraObject'])
    .select(groupsOfRow.as('groups'))
    .$if(after !== null, (query) => query.where(sql<boolean>`people.name > ${after}`))
    .orderBy('name')
    .limit(limit)
    .execute();
  return rows.map(({ name, groups, createdAt, disabledAt, ...row }) => ({
    name,
    groups,
    disabled: disabledAt !== null,
    entra: entraOf(row),
    createdAt: createdAt.toString(),
  }));
}

/** Who a row's person is in Entra ID. */
export const entraOf = (row: { entraTenant: string | null; entraObject: string | null }): EntraIdentity | null =>
  row.entraTenant === null || row.entraObject === null ? null : { tenant: row.entraTenant, object: row.entraObject };

export const noSuchPerson = (name: string): TidegateError =>
  new TidegateError('not_found', `There is nobody called ${name}.`, 'Names are compared exactly: check the spelling.');
