/**
 * Whose identity it is. Issuer and subject say so, nothing else (Entra ID: tid and oid): names and addresses change
 * hands. Who was never seen gets an account of their own; that they are somebody who has one already is an
 * administrator's word (`identities.ts`), or the same directory's, where it provisions people here.
 */

import type { CurrentConfig } from '@tidegate/config';
import { personName } from '@tidegate/contract';
import { type PersonName, TidegateError } from '@tidegate/core';
import { sql } from 'kysely';
import type { ControlEvent } from '../../record/events.ts';
import { brokenConstraint } from '../../store/outage.ts';
import type { Tx } from '../../store/schema.ts';
import { personByExternalId } from '../scim/people.ts';
import { isSpokenOf } from '../spoken-of.ts';
import { entraOf, type IdentityKey, identityOf, textClaim } from './claims.ts';
import type { Provider } from './provider.ts';
import type { Shown } from './tokens.ts';

export interface Found {
  readonly person: PersonName;
  readonly key: IdentityKey;
  /** What it took, for the record. */
  readonly events: readonly ControlEvent[];
}

/** Any number will do, as long as nothing else in the store takes the same advisory lock. */
const LOCK = 3_853_314_009;

/**
 * Finds the person, or makes them, and keeps what the provider said of them. Throws `RefusedToken`, and `forbidden` for
 * an account that is disabled here.
 */
export async function personOf(
  tx: Tx,
  config: CurrentConfig,
  { settings }: Provider,
  shown: Shown,
  at: Temporal.Instant,
): Promise<Found> {
  const key = identityOf(settings, shown.claims);
  const known = await knownPerson(tx, settings, key, shown, at);
  if (known !== null) return { person: known, key, events: [] };
  // Two first sign-ins at once must not make two people, nor take the same name.
  await sql`SELECT pg_advisory_xact_lock(${LOCK})`.execute(tx);
  const meanwhile = await knownPerson(tx, settings, key, shown, at);
  if (meanwhile !== null) return { person: meanwhile, key, events: [] };
  const before = await knownOtherwise(tx, settings, key);
  const person = before?.person ?? (await make(tx, config, settings, shown, at));
  if (before !== null && before.disabledAt !== null) throw disabled();
  await tx
    .insertInto('identities')
    .values({ ...key, person, provider: settings.name, groups: [...shown.groups], firstSeenAt: at, lastSeenAt: at })
    .execute();
  if (settings.entra) await keepEntra(tx, person, entraOf(shown.claims));
  const data = { person, provider: settings.name, ...key };
  const events = [
    ...(before === null ? [{ kind: 'person.created', at, data: { ...data, by: settings.name } }] : []),
    { kind: 'identity.linked', at, data: { ...data, by: settings.name, because: before?.because ?? 'first sign-in' } },
  ];
  return { person, key, events };
}

async function knownPerson(
  tx: Tx,
  { name: provider }: Provider['settings'],
  { issuer, subject }: IdentityKey,
  shown: Shown,
  at: Temporal.Instant,
): Promise<PersonName | null> {
  const known = await tx
    .selectFrom('identities')
    .innerJoin('people', 'people.name', 'identities.person')
    .select(['identities.person', 'identities.linkedBy', 'people.disabledAt'])
    .where('issuer', '=', issuer)
    .where('subject', '=', subject)
    .executeTakeFirst();
  if (known === undefined) return null;
  if (known.disabledAt !== null) throw disabled();
  await tx
    .updateTable('identities')
    .set({ provider, groups: [...shown.groups], lastSeenAt: at })
    .where('issuer', '=', issuer)
    .where('subject', '=', subject)
    .execute();
  if (known.linkedBy === null) await keepDetails(tx, known.person, shown);
  return known.person;
}

const disabled = (): TidegateError =>
  new TidegateError('login_failed', 'This account is disabled here.', 'Ask an administrator of Tidegate.');

/** Said to be that person before they came: by an administrator (`tid` and `oid`), or by SCIM of the same directory. */
async function knownOtherwise(tx: Tx, { entra, scim }: Provider['settings'], key: IdentityKey) {
  if (entra) {
    const named = await tx
      .selectFrom('people')
      .select(['name as person', 'disabledAt'])
      .where('entraTenant', '=', key.issuer.slice('entra:'.length))
      .where('entraObject', '=', key.subject)
      .executeTakeFirst();
    if (named !== undefined) return { ...named, because: 'that person of Entra ID' };
  }
  if (!scim) return null;
  const provisioned = await personByExternalId(tx, key.subject);
  return provisioned === null ? null : { ...provisioned, because: 'provisioned by SCIM under this subject' };
}

async function make(
  tx: Tx,
  config: CurrentConfig,
  { name: provider, nameFrom, trustNames }: Provider['settings'],
  shown: Shown,
  at: Temporal.Instant,
): Promise<PersonName> {
  const wanted = personName.safeParse(textClaim(shown.all, nameFrom)?.normalize('NFC').trim().slice(0, 100));
  const name = wanted.success ? wanted.data : personName.parse(`${provider} ${shown.claims.sub}`.slice(0, 100));
  for (const candidate of candidates(name, provider)) {
    if (!trustNames && (await isSpokenOf(tx, config, candidate))) continue;
    const made = await tx
      .insertInto('people')
      .values({
        name: candidate,
        password: null,
        createdAt: at,
        disabledAt: null,
        displayName: textClaim(shown.all, 'name'),
        email: textClaim(shown.all, 'email'),
      })
      .onConflict((on) => on.column('name').doNothing())
      .returning('name')
      .executeTakeFirst();
    if (made !== undefined) return made.name;
  }
  throw new TidegateError('conflict', 'No name is free for this account.', 'Ask an administrator to link it.');
}

/** `alice`, `alice (corp)`, `alice (corp 2)` …: a name that is taken is somebody else's. */
function candidates(name: PersonName, provider: string): PersonName[] {
  const numbered = Array.from(
    { length: 50 },
    (_, index) => `${name} (${provider}${index === 0 ? '' : ` ${index + 1}`})`,
  );
  return [name, ...numbered.map((one) => personName.parse(one))];
}

/** For messages and lists only; never what anybody is found by. */
async function keepDetails(tx: Tx, person: PersonName, { all }: Shown): Promise<void> {
  const change = { displayName: textClaim(all, 'name'), email: textClaim(all, 'email') };
  if (change.displayName === null && change.email === null) return;
  await tx.updateTable('people').set(change).where('name', '=', person).execute();
}

/** So that a token of their own sign-in lets them in at SQL Server too. Somebody else's it can't be: `knownOtherwise`. */
async function keepEntra(tx: Tx, person: PersonName, entra: { tenant: string; object: string }): Promise<void> {
  try {
    await tx
      .updateTable('people')
      .set({ entraTenant: entra.tenant, entraObject: entra.object })
      .where('name', '=', person)
      .where('entraObject', 'is', null)
      .execute();
  } catch (error) {
    if (brokenConstraint(error) !== 'people_are_one_person_in_entra') throw error;
    throw new TidegateError('conflict', 'Another account is that person of Entra ID.', 'Ask an administrator.', error);
  }
}
