import { type GrantId, TidegateError } from '@tidegate/core';
import { postgres } from '@tidegate/wire';
import { TOTP } from 'otpauth';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { grantPrepared } from '../../src/access/reports.ts';
import { endOfGrant } from '../../src/query/ended.ts';
import { type Api, codeOf, PASSWORD, PLACE, startApi, withCluster } from '../support/api.ts';

withCluster();
let api: Api;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

async function openGrant(role: string, resource = 'orders'): Promise<GrantId> {
  const { grant } = await (await api.as('ivan')).createRequest({ resource, role });
  if (grant === null) throw new Error('no grant');
  await grantPrepared(api.context, grant.id);
  return grant.id;
}

const ticketsOf = (grant: GrantId) =>
  api.context.store.db.selectFrom('tickets').selectAll().where('grant', '=', grant).orderBy('createdAt').execute();

test('a query session whose library heard nothing of its end is told by the grant', async () => {
  const id = await openGrant('reader', 'shop');
  const { db } = api.context.store;
  expect(await endOfGrant(db, id)).toBe(null);
  await (await api.as('carol')).revokeGrant({ id, reason: 'enough' });
  expect(await endOfGrant(db, id)).toBe('Your grant was revoked by carol: enough');
  const other = await openGrant('reader', 'shop');
  await (await api.as('ivan')).relinquishGrant({ id: other });
  expect(await endOfGrant(db, other)).toBe('Your grant was given back by ivan.');
});

describe('a ticket', () => {
  test('is answered with everything a client needs, and stored as a verifier of its password', async () => {
    const id = await openGrant('reader', 'shop');
    const ivan = await api.as('ivan');
    const connection = await ivan.connect({ resource: 'shop' });
    const { expiresAt } = await ivan.grant({ id });
    expect(connection).toMatchObject({
      grant: id,
      gateway: PLACE.name,
      host: PLACE.host,
      port: PLACE.port,
      ca: PLACE.ca,
      tlsRequired: false,
      user: `ivan.${id}`,
      database: 'shop',
      expiresAt,
    });
    expect(connection.password).toMatch(/^[0-9a-hjkmnp-tv-z]{26}$/);
    const [stored] = await ticketsOf(id);
    const { scramSalt, scramIterations } = await api.context.store.db
      .selectFrom('grants')
      .select(['scramSalt', 'scramIterations'])
      .where('id', '=', id)
      .executeTakeFirstOrThrow();
    const verifier = postgres.verifierOf(postgres.scramKeys(connection.password, scramSalt, scramIterations));
    expect(stored?.storedKey).toEqual(Buffer.from(verifier.storedKey));
    expect(stored?.serverKey).toEqual(Buffer.from(verifier.serverKey));
    expect(JSON.stringify(await api.events())).not.toContain(connection.password);
    await ivan.relinquishGrant({ id });
  });

  test('is for the caller’s own open grant alone', async () => {
    const id = await openGrant('editor', 'shop');
    for (const person of ['olga', 'alice', 'carol', 'audrey']) {
      const client = await api.as(person);
      expect(await codeOf(client.connect({ resource: 'shop' }))).toBe('no_active_grant');
      expect(await codeOf(client.connect({ resource: 'shop', grant: id }))).toBe('no_active_grant');
    }
    const ivan = await api.as('ivan');
    expect(await codeOf(ivan.connect({ resource: 'orders' }))).toBe('no_active_grant');
    expect(await codeOf(ivan.connect({ resource: 'shop', role: 'reader' }))).toBe('no_active_grant');
    expect(await codeOf(ivan.connect({ resource: 'nothing' }))).toBe('not_found');
    expect(await codeOf(ivan.connect({ resource: 'shop', database: 'postgres' }))).toBe('invalid_input');
    await ivan.relinquishGrant({ id });
    expect(await codeOf(ivan.connect({ resource: 'shop' }))).toBe('no_active_grant');
  });

  test('of several grants the one asked for last is meant, unless another is named', async () => {
    const [reader, editor] = [await openGrant('reader'), await openGrant('editor')];
    const ivan = await api.as('ivan');
    expect((await ivan.connect({ resource: 'orders' })).grant).toBe(editor);
    expect((await ivan.connect({ resource: 'orders', role: 'reader' })).grant).toBe(reader);
    expect((await ivan.connect({ resource: 'orders', grant: reader, database: 'archive' })).grant).toBe(reader);
    for (const id of [reader, editor]) await ivan.relinquishGrant({ id });
  });

  test('a grant that is not open yet, or over, gives none', async () => {
    const ivan = await api.as('ivan');
    const { grant } = await ivan.createRequest({ resource: 'orders', role: 'reader', duration: '30m' });
    const id = grant?.id ?? '';
    // Its gateway is about to make it usable: whoever connects meanwhile waits for that.
    const early = ivan.connect({ resource: 'orders' });
    await grantPrepared(api.context, id as GrantId);
    expect((await early).grant).toBe(id);
    // Nobody has looked at the clock yet: the end counts all the same.
    api.advance({ minutes: 30 });
    expect(await codeOf((await api.as('ivan')).connect({ resource: 'orders' }))).toBe('no_active_grant');
    await (await api.as('ivan')).relinquishGrant({ id });
  });

  test('there are a hundred at a time, also when they are asked for at once', async () => {
    const id = await openGrant('reader');
    const ivan = await api.as('ivan');
    const connections = await Promise.allSettled(
      Array.from({ length: 104 }, () => ivan.connect({ resource: 'orders' })),
    );
    const given = connections.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    expect(given).toHaveLength(100);
    expect(await codeOf(ivan.connect({ resource: 'orders' }))).toBe('too_many_tickets');
    const [first] = given;
    const ticket = first?.ticket ?? '';
    expect(await codeOf((await api.as('olga')).revokeTicket({ id, ticket }))).toBe('not_found');
    expect(await codeOf((await api.as('audrey')).revokeTicket({ id, ticket }))).toBe('forbidden');
    await ivan.revokeTicket({ id, ticket });
    await ivan.revokeTicket({ id, ticket });
    expect((await ivan.connect({ resource: 'orders' })).grant).toBe(id);
    await ivan.relinquishGrant({ id });
  });

  test('no gateway takes it: revoked at once, and the person is told', async () => {
    const id = await openGrant('reader');
    const working = api.gateway;
    api.gateway = async () => {
      throw new TidegateError('gateway_unavailable', 'No gateway of orders answered.', 'Try again in a moment.');
    };
    expect(await codeOf((await api.as('ivan')).connect({ resource: 'orders' }))).toBe('gateway_unavailable');
    expect((await ticketsOf(id)).map(({ revokedAt }) => revokedAt === null)).toEqual([false]);
    api.gateway = working;
    await (await api.as('ivan')).relinquishGrant({ id });
  });

  test('a client that goes away while it waits leaves no ticket behind', async () => {
    const id = await openGrant('reader');
    const working = api.gateway;
    const waiting = Promise.withResolvers<void>();
    const given = Promise.withResolvers<void>();
    api.gateway = (_, { signal }) =>
      new Promise((_, reject) => {
        waiting.resolve();
        signal.addEventListener('abort', () => {
          reject(signal.reason);
          given.resolve();
        });
      });
    const leave = new AbortController();
    const call = (await api.as('ivan')).connect({ resource: 'orders' }, { signal: leave.signal });
    const outcome = call.catch((error: unknown) => error);
    await waiting.promise;
    leave.abort();
    await Promise.all([outcome, given.promise]);
    await expect.poll(async () => (await ticketsOf(id)).every(({ revokedAt }) => revokedAt !== null)).toBe(true);
    api.gateway = working;
    await (await api.as('ivan')).relinquishGrant({ id });
  });
});

describe('a second factor at connect', () => {
  test('is asked for by the rule that granted, each time it is no longer fresh', async () => {
    const code = (secret: string, steps: number): string =>
      new TOTP({ secret }).generate({ timestamp: api.context.now().epochMilliseconds + steps * 30_000 });
    const secrets = new Map<string, string>();
    for (const person of ['alice', 'bob']) {
      const client = await api.as(person);
      const { secret } = await client.enrolTotp({ password: PASSWORD });
      await client.confirmTotp({ code: code(secret, -1) });
      secrets.set(person, secret);
    }
    const asked = await (await api.as('alice')).createRequest({ resource: 'orders', role: 'guarded', reason: 'INC-1' });
    const { grant } = await (await api.as('bob')).review({ id: asked.id, decision: 'approve' });
    await grantPrepared(api.context, grant?.id ?? ('' as GrantId));
    const alice = await api.as('alice');
    expect((await alice.connect({ resource: 'orders' })).grant).toBe(grant?.id);
    api.advance({ minutes: 6 });
    const later = await api.as('alice');
    expect(await codeOf(later.connect({ resource: 'orders' }))).toBe('mfa_required');
    expect(await codeOf(later.connect({ resource: 'orders', mfaCode: '000000' }))).toBe('mfa_invalid');
    const mfaCode = code(secrets.get('alice') ?? '', 0);
    expect((await later.connect({ resource: 'orders', mfaCode })).grant).toBe(grant?.id);
  });
});
