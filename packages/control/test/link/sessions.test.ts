/** What gateways tell of sessions, resources, findings and themselves, and how a session is cut. */
import type { GrantId } from '@tidegate/core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { grantPrepared } from '../../src/access/reports.ts';
import { type Api, startApi, withCluster } from '../support/api.ts';
import {
  anotherControlPlane,
  type Identity,
  joinLink,
  liveSession,
  startTestLink,
  TestGateway,
  type TestLink,
} from '../support/link.ts';

withCluster();
let api: Api;
let link: TestLink;
let identity: Identity;
let grant: GrantId;
beforeAll(async () => {
  api = await startApi();
  link = await startTestLink(api.context);
  identity = await joinLink(link);
  const made = await (await api.as('ivan')).createRequest({ resource: 'orders', role: 'reader' });
  grant = made.grant?.id ?? ('' as GrantId);
  await grantPrepared(api.context, grant);
});
afterAll(async () => {
  await link.stop();
  await api.close();
});

async function sessions() {
  const { items } = await (await api.as('ivan')).sessions({ state: 'all' });
  return new Map(items.map((session) => [session.id as string, session]));
}
const until = <T>(look: () => Promise<T>) => expect.poll(look, { timeout: 5_000 });

test('sessions are shown as they open and end', async () => {
  const gateway = await TestGateway.connect(link, identity);
  const session = liveSession(grant);
  gateway.send({ type: 'session-opened', session });
  gateway.send({ type: 'session-opened', session: liveSession('g0000000') });
  await until(async () => (await sessions()).get(session.id)).toMatchObject({
    person: 'ivan',
    gateway: 'local',
    database: 'orders',
    endedAt: null,
    statements: 0,
  });
  gateway.send({ type: 'session-closed', session: session.id, because: 'client_closed', statements: 7 });
  await until(async () => (await sessions()).get(session.id)).toMatchObject({
    endedBecause: 'client_closed',
    statements: 7,
  });
  gateway.drop();
});

test('a gateway that comes back says which sessions are left; what it says later of the others counts', async () => {
  const [kept, lost, fresh] = [liveSession(grant), liveSession(grant), liveSession(grant)];
  const before = await TestGateway.connect(link, identity, { sessions: [kept, lost] });
  await until(async () => (await sessions()).get(lost.id)).toMatchObject({ endedAt: null });
  before.drop();
  const gateway = await TestGateway.connect(link, identity, { sessions: [kept, fresh] });
  await until(async () => (await sessions()).get(lost.id)).toMatchObject({ endedBecause: 'relay_worker_lost' });
  expect((await sessions()).get(kept.id)).toMatchObject({ endedAt: null });
  expect((await sessions()).get(fresh.id)).toMatchObject({ endedAt: null });
  gateway.send({ type: 'session-closed', session: lost.id, because: 'grant_revoked', statements: 1 });
  await until(async () => (await sessions()).get(lost.id)).toMatchObject({ endedBecause: 'grant_revoked' });
  gateway.drop();
});

test('a session is cut from any control plane, and again over a new connection until it has ended', async () => {
  const context = await anotherControlPlane(api);
  const far = await startTestLink(context);
  const session = liveSession(grant);
  const gateway = await TestGateway.connect(far, identity, { sessions: [session] });
  await until(async () => (await sessions()).get(session.id)).toMatchObject({ endedAt: null });
  await (await api.as('carol')).cutSession({ id: session.id, reason: 'it runs away' });
  const isCut = ({ messages }: TestGateway) => messages.some(({ type }) => type === 'cut');
  await gateway.until(isCut);
  expect(gateway.messages.filter(({ type }) => type === 'cut')).toEqual([
    { type: 'cut', session: session.id, reason: 'it runs away', by: 'carol' },
  ]);
  gateway.drop();
  const again = await TestGateway.connect(link, identity, { sessions: [session] });
  await again.until(isCut);
  again.send({ type: 'session-closed', session: session.id, because: 'session_cut', statements: 0 });
  await until(async () => (await sessions()).get(session.id)).toMatchObject({ endedBecause: 'session_cut' });
  again.drop();
  await far.stop();
  await context.store.close();
});

test('sessions of a gateway that stays away have ended', async () => {
  const session = liveSession(grant);
  const gateway = await TestGateway.connect(link, identity, { sessions: [session] });
  await until(async () => (await sessions()).get(session.id)).toMatchObject({ endedAt: null });
  gateway.drop();
  const { db } = api.context.store;
  const gone = async () => (await db.selectFrom('gateways').select('connection').executeTakeFirstOrThrow()).connection;
  await until(gone).toBeNull();
  await db
    .updateTable('gateways')
    .set({ lastSeenAt: api.context.now().subtract({ hours: 1 }) })
    .execute();
  await until(async () => (await sessions()).get(session.id)).toMatchObject({ endedBecause: 'relay_worker_lost' });
});

test('health, findings and the spool are shown; what is told twice is one event', async () => {
  const gateway = await TestGateway.connect(link, identity);
  await gateway.until(({ resources }) => resources.get('orders')?.reconcile === true);
  const alice = await api.as('alice');
  gateway.send({ type: 'health', resource: 'orders' as never, ok: false, detail: 'password refused' });
  await until(async () => (await alice.resource({ name: 'orders' })).health).toMatchObject({
    state: 'failing',
    detail: 'password refused',
  });
  gateway.send({ type: 'health', resource: 'orders' as never, ok: true, detail: '' });
  await until(async () => (await alice.resource({ name: 'orders' })).health).toMatchObject({ state: 'ok' });

  const finding = {
    type: 'finding',
    kind: 'leftover_principal',
    resource: 'orders' as never,
    principal: 'x.g1',
  } as const;
  for (const resolved of [false, false]) gateway.send({ ...finding, detail: 'seen', resolved });
  const auditor = await api.as('audrey');
  await until(async () => (await auditor.findings({})).items).toMatchObject([{ principal: 'x.g1', resolvedAt: null }]);
  gateway.send({ ...finding, detail: '', resolved: true });
  await until(async () => (await auditor.findings({})).items).toEqual([]);
  expect((await auditor.findings({ state: 'all' })).items).toHaveLength(1);
  const kinds = (await api.events()).map(({ kind }) => kind).filter((kind) => kind.startsWith('finding.'));
  expect(kinds).toEqual(['finding.found', 'finding.resolved']);

  gateway.send({ type: 'spool', bytes: 10, limitBytes: 100, oldestAt: null });
  await until(async () => (await auditor.gateways({})).items[0]).toMatchObject({
    name: 'local',
    connected: true,
    version: '0.1.0',
    spool: { bytes: 10, limitBytes: 100, oldestAt: null },
  });
  gateway.drop();
  await until(async () => (await auditor.gateways({})).items[0]).toMatchObject({ connected: false });
});
