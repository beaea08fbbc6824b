/** Who a person is at identity providers: shown, and said by administrators, which is on the record. */
import type { IdentityView } from '@tidegate/contract';
import { type PersonName, TidegateError } from '@tidegate/core';
import { currentConfig } from '../../config/current.ts';
import type { Context } from '../../context.ts';
import { appendEvent } from '../../record/events.ts';
import { recorded } from '../../refusals.ts';
import type { Reader, Tx } from '../../store/schema.ts';
import type { Caller } from '../caller.ts';
import { findAccount, noSuchPerson } from '../people.ts';
import type { IdentityKey } from './claims.ts';
import { endSessions } from './end.ts';
import { mapGroups } from './groups.ts';
import { providerSettings } from './provider.ts';

/** Throws `not_found`. */
export async function listIdentities(db: Reader, person: PersonName): Promise<IdentityView[]> {
  if ((await findAccount(db, person)) === null) throw noSuchPerson(person);
  const rows = await db.selectFrom('identities').selectAll().where('person', '=', person).orderBy('provider').execute();
  return rows.map(({ provider, issuer, subject, groups, linkedBy, firstSeenAt, lastSeenAt }) => ({
    provider,
    issuer,
    subject,
    linkedBy,
    groups: [...groups],
    firstSeenAt: firstSeenAt.toString(),
    lastSeenAt: lastSeenAt?.toString() ?? null,
  }));
}

export interface Link {
  readonly provider: string;
  /** `sub`, as `listIdentities` shows it; with Entra ID the `oid`. */
  readonly subject: string;
}

/**
 * From now on whoever signs in there as `subject` is this person; an account that the identity had before loses it, and
 * its logins end. Throws `not_found`, `conflict` (theirs already), `invalid_input`.
 */
export function linkIdentity(
  context: Context,
  caller: Caller,
  person: PersonName,
  { provider, subject }: Link,
): Promise<IdentityView[]> {
  const tried = { person, by: caller.name, provider, subject };
  return recorded(context, { kind: 'identity.link.refused', data: tried }, () =>
    context.store.transaction(async (tx) => {
      const account = await findAccount(tx, person);
      if (account === null) throw noSuchPerson(person);
      if (account.kind !== 'person') throw new TidegateError('conflict', 'A workload does not sign in there.');
      const at = context.now();
      const key = await keyOf(tx, provider, subject);
      const before = await identityRow(tx, key);
      if (before?.person === person) throw new TidegateError('conflict', `This is ${person} already.`);
      const values = { person, provider, linkedBy: caller.name };
      await tx
        .insertInto('identities')
        .values({ ...key, ...values, firstSeenAt: at, lastSeenAt: null })
        .onConflict((on) => on.columns(['issuer', 'subject']).doUpdateSet(values))
        .execute();
      const ended = await endAllOf(tx, key, `their identity at ${provider} was linked to ${person}`, at);
      const config = await currentConfig(tx);
      const groups = [
        ...(before === undefined ? [] : await mapGroups(tx, config, before.person, at)),
        ...(await mapGroups(tx, config, person, at)),
      ];
      const data = { ...tried, ...key, from: before?.person ?? null };
      await appendEvent(tx, ...ended, ...groups, { kind: 'identity.linked', at, data });
      return listIdentities(tx, person);
    }),
  );
}

/** The next sign-in there makes an account of its own. Throws `not_found`. */
export function unlinkIdentity(
  context: Context,
  caller: Caller,
  person: PersonName,
  { provider, subject }: Link,
): Promise<void> {
  const tried = { person, by: caller.name, provider, subject };
  return recorded(context, { kind: 'identity.unlink.refused', data: tried }, () =>
    context.store.transaction(async (tx) => {
      const at = context.now();
      const key = await keyOf(tx, provider, subject);
      if ((await identityRow(tx, key))?.person !== person) {
        throw new TidegateError('not_found', `${person} is not known by that subject at ${provider}.`);
      }
      const ended = await endAllOf(tx, key, 'their identity was unlinked', at);
      await tx.deleteFrom('identities').where('issuer', '=', key.issuer).where('subject', '=', key.subject).execute();
      const groups = await mapGroups(tx, await currentConfig(tx), person, at);
      await appendEvent(tx, ...ended, ...groups, { kind: 'identity.unlinked', at, data: tried });
    }),
  );
}

const ENTRA_ISSUER = /\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:\/|$)/i;

/** Throws `not_found`, and `invalid_input` where an Entra ID provider's tenant cannot be read from its issuer. */
async function keyOf(tx: Tx, name: string, subject: string): Promise<IdentityKey> {
  const { entra, issuer } = await providerSettings(tx, name);
  if (!entra) return { issuer, subject };
  const tenant = ENTRA_ISSUER.exec(issuer)?.[1];
  if (tenant !== undefined) return { issuer: `entra:${tenant.toLowerCase()}`, subject: subject.toLowerCase() };
  throw new TidegateError('invalid_input', `The issuer of ${name} names no tenant.`, 'Say who they are with entra.');
}

const identityRow = (tx: Tx, { issuer, subject }: IdentityKey) =>
  tx
    .selectFrom('identities')
    .select('person')
    .where('issuer', '=', issuer)
    .where('subject', '=', subject)
    .forUpdate()
    .executeTakeFirst();

async function endAllOf(tx: Tx, { issuer, subject }: IdentityKey, why: string, at: Temporal.Instant) {
  const sessions = await tx
    .selectFrom('providerSessions')
    .select('id')
    .where('issuer', '=', issuer)
    .where('subject', '=', subject)
    .execute();
  return endSessions(
    tx,
    sessions.map(({ id }) => id),
    why,
    at,
  );
}
