/** The link while the store breaks, and when gateways misbehave. */
import type { GrantId } from '@tidegate/core';
import { sql } from 'kysely';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { notify, openStore, STATE_CHANNEL } from '../../src/store/store.ts';
import { type Api, startApi, withCluster } from '../support/api.ts';
import { type FlakyStore, flakyWayTo } from '../support/flaky-store.ts';
import {
  type Identity,
  joinLink,
  send,
  startTestLink,
  TestGateway,
  type TestLink,
  TestStream,
} from '../support/link.ts';

withCluster();
let api: Api;
/** The way from the link's control plane to the store; the API has its own. */
let way: FlakyStore;
let link: TestLink;
let identity: Identity;
beforeAll(async () => {
  api = await startApi();
  way = await flakyWayTo(api.storeUrl);
  const store = await openStore({ url: way.url, maxConnections: 4 });
  // What breaks here is meant to: it would only fill the output.
  link = await startTestLink({ ...api.context, store, log: pino({ level: 'silent' }) }, { freshMs: 3_000 });
  identity = await joinLink(link);
});
afterAll(async () => {
  await link.stop();
  await link.context.store.close();
  way.close();
  await api.close();
});

async function linked(): Promise<TestGateway> {
  const gateway = await TestGateway.connect(link, identity);
  await gateway.until(({ revision }) => revision > 0);
  return gateway;
}
async function askFor(role: string): Promise<GrantId> {
  const { grant } = await (await api.as('ivan')).createRequest({ resource: 'orders', role });
  return grant?.id ?? ('' as GrantId);
}
/** Asks until an answer comes, or none does for half a second. */
async function answersPing(gateway: TestGateway): Promise<boolean> {
  const before = gateway.messages.filter(({ type }) => type === 'pong').length;
  gateway.send({ type: 'ping', at: performance.now() });
  const answered = gateway.until(({ messages }) => messages.filter(({ type }) => type === 'pong').length > before);
  return Promise.race([answered.then(() => true), new Promise<false>((resolve) => setTimeout(resolve, 500, false))]);
}

test('a ping is answered with the sender’s time and ours', async () => {
  const gateway = await linked();
  expect(await answersPing(gateway)).toBe(true);
  const pong = gateway.messages.find((message) => message.type === 'pong');
  expect(Math.abs((pong?.now ?? 0) - Date.now())).toBeLessThan(5_000);
  gateway.drop();
});

test('connections to the store that break are made again, and gateways are told what they missed', async () => {
  const gateway = await linked();
  way.break();
  const id = await askFor('reader');
  await gateway.until(({ grants }) => grants.get(id)?.phase === 'prepare');
  const later = await askFor('editor');
  way.break();
  await gateway.until(({ grants }) => grants.get(later)?.phase === 'prepare');
  gateway.drop();
});

test('a connection that breaks amid a transaction breaks nothing else', async () => {
  const { store } = link.context;
  await expect(
    store.transaction(async (tx) => {
      await sql`SELECT 1`.execute(tx);
      way.break();
      await new Promise((resolve) => setImmediate(resolve));
      await sql`SELECT 1`.execute(tx);
    }),
  ).rejects.toThrow();
  await expect
    .poll(() =>
      sql`SELECT 1`.execute(store.db).then(
        () => true,
        () => false,
      ),
    )
    .toBe(true);
});

test('while the store is away no gateway is told that there is contact, and uploads are put off', async () => {
  const gateway = await linked();
  way.cut();
  await expect.poll(() => answersPing(gateway), { timeout: 10_000 }).toBe(false);
  const stream = new TestStream(identity.gateway);
  const body = `${stream.statement(1, 'SELECT 1')}\n`;
  const upload = async () => (await send(link, `/streams/${stream.id}/records`, { body, identity })).status;
  expect(await upload()).toBe(503);
  await expect(TestGateway.connect(link, identity)).rejects.toThrow('503');

  way.mend();
  await expect.poll(() => answersPing(gateway), { timeout: 15_000 }).toBe(true);
  await expect.poll(upload, { timeout: 5_000 }).toBe(200);
  gateway.drop();
});

test('what cannot be taken in ends the connection, so that it is said again', async () => {
  const gateway = await linked();
  way.cut();
  gateway.send({ type: 'spool', bytes: 1, limitBytes: 2, oldestAt: null });
  expect(await gateway.closed()).toBe(1013);
  way.mend();
  await expect.poll(() => linked().then((again) => again.drop(), String), { timeout: 15_000 }).toBeUndefined();
});

test('from approval to an open grant it takes two round trips, not a poll', async () => {
  const gateway = await linked();
  const took: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    const startedAt = performance.now();
    const id = await askFor('editor');
    await gateway.until(({ grants }) => grants.get(id)?.phase === 'prepare');
    gateway.send({ type: 'report', grants: [{ grant: id, phase: 'prepared', detail: '' }] });
    await gateway.until(({ grants }) => grants.get(id)?.phase === 'open');
    gateway.send({ type: 'report', grants: [{ grant: id, phase: 'open', detail: '' }] });
    await link.waitForTicket(await ticketOf(id), { timeoutMs: 5_000, signal: new AbortController().signal });
    took.push(performance.now() - startedAt);
  }
  // The safety re-read comes every 5 s: if anything waited for it, the middle would be far beyond this.
  expect(took.toSorted((a, b) => a - b)[2]).toBeLessThan(1_000);
  gateway.drop();
});

async function ticketOf(grant: GrantId) {
  const { store, now } = api.context;
  const id = `tk_${grant.slice(1).padEnd(16, '0')}` as never;
  const key = Buffer.alloc(32);
  await store.transaction(async (tx) => {
    await tx
      .insertInto('tickets')
      .values({ id, grant, storedKey: key, serverKey: key, createdAt: now(), revokedAt: null })
      .execute();
    await notify(tx, STATE_CHANNEL, '');
  });
  return id;
}
