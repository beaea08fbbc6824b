/** A person's sign-in at a provider is over: what that ends here. */

import type { CurrentConfig } from '@tidegate/config';
import { personName } from '@tidegate/contract';
import type { PersonName } from '@tidegate/core';
import { endAccessOf } from '../../access/end-access.ts';
import type { ControlEvent } from '../../record/events.ts';
import type { Tx } from '../../store/schema.ts';
import type { IdentityKey } from './claims.ts';
import { mapGroups } from './groups.ts';

/** As the record and grants name who ended them: no person did. */
export const providerAsPerson = (provider: string): PersonName => personName.parse(`identity provider ${provider}`);

/** Ends logins (and what is kept to ask about them) by the ids of their sessions. Answers the events. */
export async function endSessions(
  tx: Tx,
  ids: readonly string[],
  why: string,
  at: Temporal.Instant,
): Promise<ControlEvent[]> {
  if (ids.length === 0) return [];
  const gone = await tx
    .deleteFrom('providerSessions')
    .where('id', 'in', [...ids])
    .returning('login')
    .execute();
  const logins = gone.flatMap(({ login }) => (login === null ? [] : [login]));
  if (logins.length === 0) return [];
  const ended = await tx
    .deleteFrom('logins')
    .where('id', 'in', logins)
    .returning(['id', 'person', 'address'])
    .execute();
  return ended.map(({ id, person, address }) => ({
    kind: 'login.ended',
    at,
    data: { person, address, login: id, why },
  }));
}

/**
 * Whoever it was is gone there: every login that came by this identity ends, its groups no longer count, and so does
 * what the person asked for or holds: open sessions too, cut by their gateways. Answers the events.
 */
export async function endIdentity(
  tx: Tx,
  config: CurrentConfig,
  { issuer, subject }: IdentityKey,
  { why, at }: { readonly why: string; readonly at: Temporal.Instant },
): Promise<ControlEvent[]> {
  const identity = await tx
    .updateTable('identities')
    .set({ groups: [] })
    .where('issuer', '=', issuer)
    .where('subject', '=', subject)
    .returning(['person', 'provider'])
    .executeTakeFirst();
  if (identity === undefined) return [];
  const { person, provider } = identity;
  const sessions = await tx
    .selectFrom('providerSessions')
    .select('id')
    .where('issuer', '=', issuer)
    .where('subject', '=', subject)
    .execute();
  const logins = await endSessions(
    tx,
    sessions.map(({ id }) => id),
    why,
    at,
  );
  const groups = await mapGroups(tx, config, person, at);
  const access = await endAccessOf(tx, person, providerAsPerson(provider), at, why);
  return [
    ...logins,
    ...groups,
    ...access,
    { kind: 'identity.gone', at, data: { person, provider, issuer, subject, why } },
  ];
}
