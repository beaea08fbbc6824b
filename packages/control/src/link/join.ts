/** How a gateway gets its identity: once with a token, then again and again with the one it has. */
import type { Joined, JoinRequest, RenewRequest } from '@tidegate/contract';
import { type GatewayId, newGatewayId, reached, TidegateError } from '@tidegate/core';
import type { Context } from '../context.ts';
import type { Authority, IssuedIdentity } from '../keys/authority.ts';
import { appendEvent } from '../record/events.ts';
import type { Tx } from '../store/schema.ts';
import { notify, STATE_CHANNEL } from '../store/store.ts';
import type { LinkCaller } from './callers.ts';
import { revokeCertificates } from './certificates.ts';
import { digestOf } from './join-tokens.ts';

/**
 * Trades a token for an identity; the token is used up in the same transaction. Whoever joins under a name that a
 * gateway has already becomes that gateway: its other certificates are revoked. Throws `token_invalid`, the same for
 * unknown, used and expired tokens.
 */
export async function joinGateway(
  { store, now, random }: Context,
  authority: Authority,
  { token, csr, listenerNames }: JoinRequest,
): Promise<Joined> {
  return store.transaction(async (tx) => {
    const at = now();
    const known = await tx
      .selectFrom('joinTokens')
      .selectAll()
      .where('token', '=', digestOf(token))
      .forUpdate()
      .executeTakeFirst();
    if (known === undefined || known.usedAt !== null || reached(known.expiresAt, at)) {
      throw new TidegateError(
        'token_invalid',
        'The join token is unknown, used or expired.',
        'Ask an administrator for a new one: tidegate gateways join-token NAME.',
      );
    }
    const { id, again } = await gatewayNamed(tx, known.name, () => newGatewayId(random), at);
    const issued = await authority.issue(id, csr, listenerNames, at);
    await revokeCertificates(tx, id, at);
    await insertCertificate(tx, id, issued, at);
    await tx.updateTable('joinTokens').set({ usedAt: at, gateway: id }).where('token', '=', known.token).execute();
    await notify(tx, STATE_CHANNEL, '');
    const data = { gateway: id, name: known.name, by: known.createdBy, listenerNames, again, serial: issued.serial };
    await appendEvent(tx, { kind: 'gateway.joined', at, data });
    return answer(id, known.name, authority, issued);
  });
}

/** New certificates under one that is still good, which stays good until its own end: connections may still use it. */
export async function renewGateway(
  { store, now }: Context,
  authority: Authority,
  { gateway, name }: LinkCaller,
  { csr, listenerNames }: RenewRequest,
): Promise<Joined> {
  return store.transaction(async (tx) => {
    const at = now();
    const issued = await authority.issue(gateway, csr, listenerNames, at);
    await insertCertificate(tx, gateway, issued, at);
    const data = { gateway, name, listenerNames, serial: issued.serial };
    await appendEvent(tx, { kind: 'gateway.renewed', at, data });
    return answer(gateway, name, authority, issued);
  });
}

async function gatewayNamed(
  tx: Tx,
  name: string,
  newId: () => GatewayId,
  at: Temporal.Instant,
): Promise<{ id: GatewayId; again: boolean }> {
  const id = newId();
  await tx
    .insertInto('gateways')
    .values({ id, name, createdAt: at })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .execute();
  const row = await tx
    .selectFrom('gateways')
    .select('id')
    .where('name', '=', name)
    .forUpdate()
    .executeTakeFirstOrThrow();
  if (row.id === id) return { id, again: false };
  await tx.updateTable('gateways').set({ revokedAt: null }).where('id', '=', row.id).execute();
  return { id: row.id, again: true };
}

async function insertCertificate(
  tx: Tx,
  gateway: GatewayId,
  { serial, notAfter }: IssuedIdentity,
  at: Temporal.Instant,
): Promise<void> {
  await tx
    .insertInto('gatewayCertificates')
    .values({ serial, gateway, issuedAt: at, notAfter, revokedAt: null })
    .execute();
}

const answer = (gateway: GatewayId, name: string, authority: Authority, issued: IssuedIdentity): Joined => ({
  gateway,
  name,
  certificate: issued.certificate,
  listenerCertificate: issued.listenerCertificate,
  ca: authority.certificate,
});
