/** What gateways are told, and when. */
import type { GrantId } from '@tidegate/core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { grantClosed, grantPrepared } from '../../src/access/reports.ts';
import { applyConfig } from '../../src/config/apply.ts';
import { storeCredential } from '../../src/config/credentials.ts';
import { notify, STATE_CHANNEL } from '../../src/store/store.ts';
import { type Api, CONFIG, codeOf, startApi, withCluster } from '../support/api.ts';
import { anotherControlPlane, joinLink, startTestLink, TestGateway, type TestLink } from '../support/link.ts';

withCluster();
let api: Api;
let link: TestLink;
beforeAll(async () => {
  api = await startApi();
});
beforeEach(async () => {
  link = await startTestLink(api.context);
  api.gateway = link.waitForTicket;
});
afterEach(() => link.stop());
afterAll(() => api.close());

/** Ivan may have anything at once. */
async function askFor(resource: string, role = 'reader'): Promise<GrantId> {
  const { grant } = await (await api.as('ivan')).createRequest({ resource, role });
  if (grant === null) throw new Error('no grant');
  return grant.id;
}

async function linked(): Promise<TestGateway> {
  const gateway = await TestGateway.connect(link, await joinLink(link));
  await gateway.until(({ revision }) => revision > 0);
  return gateway;
}

describe('a gateway', () => {
  test('is told a grant’s phases as they come, and forgets it when it is closed', async () => {
    const gateway = await linked();
    const id = await askFor('orders');
    await gateway.until(({ grants }) => grants.get(id)?.phase === 'prepare');
    const told = gateway.grants.get(id);
    expect(told).toMatchObject({
      person: 'ivan',
      loginName: `ivan.${id}`,
      startsAt: null,
      expiresAt: null,
      tickets: [],
    });
    expect(told?.role).toEqual({ name: 'reader', privileges: 'read' });
    expect(told?.principalPassword).toMatch(/^Tg1\.[0-9a-z]{32}$/);

    gateway.send({ type: 'report', grants: [{ grant: id, phase: 'prepared', detail: '' }] });
    await gateway.until(({ grants }) => grants.get(id)?.phase === 'open');
    expect(gateway.grants.get(id)?.expiresAt).not.toBeNull();

    await (await api.as('ivan')).relinquishGrant({ id });
    await gateway.until(({ grants }) => grants.get(id)?.phase === 'close');
    expect(gateway.grants.get(id)?.closing).toEqual({ reason: 'relinquished', by: 'ivan', comment: null });

    gateway.send({ type: 'report', grants: [{ grant: id, phase: 'closed', detail: '' }] });
    await gateway.until(({ grants }) => !grants.has(id));
    expect((await (await api.as('ivan')).grant({ id })).state).toBe('closed');
    // Everything after the first came as a change on top of what was known.
    expect(gateway.messages.filter(({ type }) => type === 'state')).toHaveLength(1);
    gateway.drop();
  });

  test('lets a ticket in that is answered only then, and only once its principal is open', async () => {
    const gateway = await linked();
    const ivan = await api.as('ivan');
    const id = await askFor('orders');
    await gateway.until(({ grants }) => grants.has(id));
    gateway.send({ type: 'report', grants: [{ grant: id, phase: 'prepared', detail: '' }] });
    await gateway.until(({ grants }) => grants.get(id)?.phase === 'open');

    gateway.holdAcks = true;
    let answered = false;
    const connecting = ivan.connect({ resource: 'orders' }).finally(() => {
      answered = true;
    });
    await gateway.until(({ grants }) => grants.get(id)?.tickets.length === 1);
    gateway.send({ type: 'ack', revision: gateway.revision });
    // Known, but the principal is not open: a second look at the store through another call shows that it took the ack.
    await expectKnown(1);
    expect(answered).toBe(false);
    gateway.send({ type: 'report', grants: [{ grant: id, phase: 'open', detail: '' }] });
    const connection = await connecting;
    expect(connection).toMatchObject({
      grant: id,
      gateway: 'local',
      host: '127.0.0.1',
      port: 7432,
      tlsRequired: false,
    });
    expect(connection.ca).toBe(link.authority.certificate);

    gateway.holdAcks = false;
    await ivan.revokeTicket({ id, ticket: connection.ticket });
    await gateway.until(({ grants }) => grants.get(id)?.tickets.length === 0);
    await end(gateway, id);
  });

  test('that never acknowledges makes connect end as unavailable, and its ticket worthless', async () => {
    const gateway = await linked();
    const id = await askFor('orders');
    await gateway.until(({ grants }) => grants.has(id));
    gateway.send({
      type: 'report',
      grants: [
        { grant: id, phase: 'prepared', detail: '' },
        { grant: id, phase: 'open', detail: '' },
      ],
    });
    await gateway.until(({ grants }) => grants.get(id)?.phase === 'open');
    gateway.holdAcks = true;
    api.gateway = (ticket, { signal }) => link.waitForTicket(ticket, { timeoutMs: 200, signal });
    expect(await codeOf((await api.as('ivan')).connect({ resource: 'orders' }))).toBe('gateway_unavailable');
    await gateway.until(({ grants }) => grants.get(id)?.tickets.length === 0);
    await end(gateway, id);
  });

  test('is told the whole again when it asks', async () => {
    const gateway = await linked();
    gateway.send({ type: 'resync' });
    await gateway.until(({ messages }) => messages.filter(({ type }) => type === 'state').length === 2);
    gateway.drop();
  });

  test('alone makes principals; another takes over when it is gone, and only then', async () => {
    const first = await linked();
    await first.until(({ resources }) => resources.get('orders')?.reconcile === true);
    const other = await TestGateway.connect(link, await joinLink(link, await tokenFor('far')));
    await other.until(({ revision }) => revision > 0);
    expect(other.resources.get('orders')?.reconcile).toBe(false);
    // As if it had been gone for long: its lease is over.
    first.drop();
    await api.context.store.db.updateTable('reconcilerLeases').set({ until: api.context.now() }).execute();
    await announce();
    await other.until(({ resources }) => resources.get('orders')?.reconcile === true);
    other.drop();
  });

  test('gets a stored password only once there is one; until then its grants say what is missing', async () => {
    const gateway = await linked();
    expect([...gateway.resources.keys()]).toEqual(['orders']);
    const id = await askFor('shop');
    const ivan = await api.as('ivan');
    let problem: string | null = null;
    while (problem === null) ({ problem } = await ivan.grant({ id, wait: 1 }));
    expect(problem).toContain('No administrator password is stored for shop');
    await storeCredential(api.context, { resource: 'shop' as never, password: 'hunter22', by: 'carol' as never });
    await gateway.until(({ resources, grants }) => resources.has('shop') && grants.has(id));
    expect(gateway.resources.get('shop')?.credential).toEqual({
      user: 'admin',
      source: { kind: 'secret', password: 'hunter22' },
    });
    expect(JSON.stringify(await api.events())).not.toContain('hunter22');
    await end(gateway, id);
  });

  test('learns of a new configuration', async () => {
    const gateway = await linked();
    const market = `  - name: market
    engine: mysql
    address: market.example:3306
    databases: [market]
    credential: { user: admin, tokenFile: /run/token }
    allow: { localInfile: true }
`;
    const yaml = CONFIG.replace('127.0.0.1:5432', '127.0.0.1:6432').replace('roles:\n', `${market}roles:\n`);
    await api.context.store.transaction((tx) =>
      applyConfig(tx, api.context.checker, { yaml, planId: null, by: 'carol' as never, at: api.context.now() }),
    );
    await gateway.until(({ resources }) => {
      const address = resources.get('orders')?.address;
      return address !== undefined && 'host' in address && address.port === 6432;
    });
    expect(gateway.resources.get('market')).toMatchObject({
      credential: { user: 'admin', source: { kind: 'tokenFile', path: '/run/token' } },
      allow: { localInfile: true },
    });
    // What is not allowed is refused.
    expect(gateway.resources.get('orders')?.allow).toEqual({ localInfile: false });
    gateway.drop();
  });
});

describe('two control planes on one store', () => {
  test('a ticket issued at one is let in by a gateway that is linked to the other', async () => {
    const context = await anotherControlPlane(api);
    const far = await startTestLink(context);
    const gateway = await TestGateway.connect(far, await joinLink(far));
    await gateway.until(({ revision }) => revision > 0);
    const id = await askFor('orders', 'editor');
    await gateway.until(({ grants }) => grants.get(id)?.phase === 'prepare');
    gateway.send({ type: 'report', grants: [{ grant: id, phase: 'prepared', detail: '' }] });
    await gateway.until(({ grants }) => grants.get(id)?.phase === 'open');
    gateway.send({ type: 'report', grants: [{ grant: id, phase: 'open', detail: '' }] });
    // The API's own link has no gateway.
    const connection = await (await api.as('ivan')).connect({ resource: 'orders', role: 'editor' });
    expect(connection.gateway).toBe('local');
    await end(gateway, id);
    await far.stop();
    await context.store.close();
  });

  test('a gateway that dials the other one is dropped by the first', async () => {
    const context = await anotherControlPlane(api);
    const far = await startTestLink(context);
    const identity = await joinLink(link);
    const before = await TestGateway.connect(link, identity);
    await before.until(({ revision }) => revision > 0);
    const after = await TestGateway.connect(far, identity);
    await after.until(({ revision }) => revision > 0);
    expect(await before.closed()).toBe(4000);
    after.drop();
    await far.stop();
    await context.store.close();
  });

  test('make one authority and one signing key, however many start at once', async () => {
    const fresh = await startApi({ empty: true });
    const starts = await Promise.all(
      Array.from({ length: 4 }, async () => {
        const context = await anotherControlPlane(fresh);
        const started = await startTestLink(context);
        await started.stop();
        await context.store.close();
        return [started.authority.certificate, started.signingKey.keyId];
      }),
    );
    expect(new Set(starts.map(String)).size).toBe(1);
    await fresh.close();
  });
});

test('a grant is closed by the clock, before anybody noted its end', async () => {
  // A store of its own: the clock that is moved on here would be wrong for new certificates.
  const other = await startApi();
  const own = await startTestLink(other.context);
  const gateway = await TestGateway.connect(own, await joinLink(own));
  const { grant } = await (await other.as('ivan')).createRequest({ resource: 'orders', role: 'reader' });
  const id = grant?.id ?? ('' as GrantId);
  await grantPrepared(other.context, id);
  await gateway.until(({ grants }) => grants.get(id)?.phase === 'open');
  other.advance({ hours: 2 });
  await announce(other);
  await gateway.until(({ grants }) => grants.get(id)?.phase === 'close');
  expect(gateway.grants.get(id)?.closing).toEqual({ reason: 'expired', by: null, comment: null });
  await own.stop();
  await other.close();
});

async function end(gateway: TestGateway, id: GrantId): Promise<void> {
  await (await api.as('ivan')).relinquishGrant({ id });
  await grantClosed(api.context, id, 'local');
  gateway.drop();
}

/** Has control planes look at the store. */
const announce = ({ context }: Api = api) => context.store.transaction((tx) => notify(tx, STATE_CHANNEL, ''));

async function tokenFor(name: string): Promise<string> {
  const client = await api.as('carol');
  return (await client.createJoinToken({ name })).token;
}

async function expectKnown(count: number): Promise<void> {
  const { db } = api.context.store;
  await expect.poll(async () => (await db.selectFrom('knownTickets').selectAll().execute()).length).toBe(count);
}
