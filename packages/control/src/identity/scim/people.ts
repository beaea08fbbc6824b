/** Which account a user is, and what becomes of it. */
import { personName } from '@tidegate/contract';
import type { PersonName } from '@tidegate/core';
import { endAccessOf } from '../../access/end-access.ts';
import { currentConfig } from '../../config/current.ts';
import type { ControlEvent } from '../../record/events.ts';
import type { Reader, Tx } from '../../store/schema.ts';
import { endLogins } from '../logins.ts';
import { findAccount } from '../people.ts';
import { isSpokenOf } from '../spoken-of.ts';
import type { Change } from './actor.ts';
import { invalid, taken } from './errors.ts';
import { ENTERPRISE } from './schemas.ts';
import { isValues, type Values } from './values.ts';

/**
 * The account of the user that the provider knows by `externalId`: how a sign-in whose `oid` or `sub` that is finds the
 * person that SCIM made. null: there is none, or it was deleted. The one place where the two are held together.
 */
export async function personByExternalId(
  db: Reader,
  externalId: string,
): Promise<{ readonly person: PersonName; readonly disabledAt: Temporal.Instant | null } | null> {
  const row = await db
    .selectFrom('scimUsers')
    .innerJoin('people', 'people.name', 'scimUsers.person')
    .select(['scimUsers.person', 'people.disabledAt'])
    .where('externalId', '=', externalId)
    .where('deletedAt', 'is', null)
    .executeTakeFirst();
  return row ?? null;
}

export interface NewUser {
  readonly externalId: string | null;
  readonly userName: string;
}

/**
 * The account for a user who is new here: the one that this externalId had before it was deleted, or that is this person
 * in Entra ID; else a new one. Never one that merely has the same name or address. Throws `uniqueness`, `invalidValue`.
 */
export async function accountFor(tx: Tx, { externalId, userName }: NewUser, at: Temporal.Instant): Promise<PersonName> {
  const known = externalId === null ? null : await knownBy(tx, externalId);
  if (known !== null) return known;
  const name = await freeName(tx, userName);
  await tx.insertInto('people').values({ name, password: null, createdAt: at, disabledAt: null }).execute();
  return name;
}

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

async function knownBy(tx: Tx, externalId: string): Promise<PersonName | null> {
  const before = await tx
    .selectFrom('scimUsers')
    .select('person')
    .where('externalId', '=', externalId)
    .orderBy('modifiedAt', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (before !== undefined) return before.person;
  if (!GUID.test(externalId)) return null;
  const inEntra = await tx.selectFrom('people').select('name').where('entraObject', '=', externalId).execute();
  const [one, another] = inEntra;
  if (one === undefined || another !== undefined) return null;
  const kept = await tx
    .selectFrom('scimUsers')
    .select('id')
    .where('person', '=', one.name)
    .where('deletedAt', 'is', null)
    .executeTakeFirst();
  return kept === undefined ? one.name : null;
}

/**
 * Accounts are never renamed and never given to somebody else: who gets the name of one who left is called a little
 * differently. Nor is a new one what the configuration speaks of, but where the directory's names are trusted: whoever
 * may choose a userName there would choose what they may do here.
 */
async function freeName(tx: Tx, userName: string): Promise<PersonName> {
  const wanted = personName.safeParse(userName);
  if (!wanted.success) throw invalid('invalidValue', 'A “userName” has 1 to 128 printable characters.');
  const holder = await findAccount(tx, wanted.data);
  if (holder === null) {
    await assertMayBeCalled(tx, wanted.data);
    return wanted.data;
  }
  const left = await tx
    .selectFrom('scimUsers')
    .select('id')
    .where('person', '=', wanted.data)
    .limit(1)
    .executeTakeFirst();
  if (left === undefined) throw taken(`There is an account ${userName} here already that SCIM did not make.`);
  for (let count = 2; ; count += 1) {
    const other = personName.safeParse(`${userName} (${count})`);
    if (!other.success) throw taken(`The name ${userName} is taken.`);
    if ((await findAccount(tx, other.data)) !== null) continue;
    await assertMayBeCalled(tx, other.data);
    return other.data;
  }
}

/** Throws `uniqueness` for a name that waits for somebody. */
async function assertMayBeCalled(tx: Tx, name: PersonName): Promise<void> {
  const config = await currentConfig(tx);
  const trusted = config.identityProviders.some(({ scim, trustNames }) => scim && trustNames);
  if (trusted || !(await isSpokenOf(tx, config, name))) return;
  throw taken(
    `The configuration gives something to ${name} already, and a userName alone is no proof of being meant. Take it out of the configuration until the account is there, or set trustNames on the identity provider with scim.`,
  );
}

/** What the account takes over from the user: names, address for messages, manager. Throws `invalidValue`. */
export async function describePerson(tx: Tx, person: PersonName, user: Values): Promise<void> {
  const displayName = textAt(user, 'displayName') ?? fullName(user.name);
  const manager = await managerOf(tx, person, user);
  await tx
    .updateTable('people')
    .set({ displayName, email: emailOf(user), manager })
    .where('name', '=', person)
    .execute();
}

async function managerOf(tx: Tx, person: PersonName, user: Values): Promise<PersonName | null> {
  const extension = user[ENTERPRISE];
  const manager = isValues(extension) && isValues(extension.manager) ? textAt(extension.manager, 'value') : null;
  if (manager === null) return null;
  const row = GUID.test(manager)
    ? await tx
        .selectFrom('scimUsers')
        .select('person')
        .where('id', '=', manager)
        .where('deletedAt', 'is', null)
        .executeTakeFirst()
    : undefined;
  if (row === undefined) throw invalid('invalidValue', `The manager ${manager} is no user.`);
  if (row.person === person) throw invalid('invalidValue', 'Nobody is their own manager.');
  return row.person;
}

const textAt = (values: Values, key: string): string | null => {
  const value = values[key];
  return typeof value === 'string' ? value : null;
};

function fullName(name: unknown): string | null {
  if (!isValues(name)) return null;
  const parts = [textAt(name, 'givenName'), textAt(name, 'familyName')].filter((part) => part !== null);
  return textAt(name, 'formatted') ?? (parts.length === 0 ? null : parts.join(' '));
}

function emailOf({ emails }: Values): string | null {
  const all = Array.isArray(emails) ? emails.filter(isValues) : [];
  const first = all.find(({ primary }) => primary === true) ?? all[0];
  return first === undefined ? null : textAt(first, 'value');
}

/** Lets the person in again, or ends everything they have: logins, keys, requests, grants. Answers the events. */
export async function setActive(
  tx: Tx,
  person: PersonName,
  active: boolean,
  { caller, at }: Change,
): Promise<ControlEvent[]> {
  if (active) {
    await tx.updateTable('people').set({ disabledAt: null }).where('name', '=', person).execute();
    return [];
  }
  const account = await findAccount(tx, person);
  await tx
    .updateTable('people')
    .set({ disabledAt: account?.disabledAt ?? at })
    .where('name', '=', person)
    .execute();
  const ended = await endAccessOf(tx, person, caller.name, at);
  await endLogins(tx, person);
  return ended;
}
