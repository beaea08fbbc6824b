/** A gateway that was taken out: nothing it has opens anything, and what it had open ends. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { grantPrepared } from '../../src/access/reports.ts';
import { type Api, codeOf, startApi, withCluster } from '../support/api.ts';
import { joinLink, liveSession, makeCsr, send, startTestLink, TestGateway, type TestLink } from '../support/link.ts';

withCluster();
let api: Api;
let link: TestLink;
beforeAll(async () => {
  api = await startApi();
  link = await startTestLink(api.context);
});
afterAll(async () => {
  await link.stop();
  await api.close();
});

test('its sessions are cut, its link is closed, its identity refused; a new token lets it in again', async () => {
  const carol = await api.as('carol');
  const { grant } = await (await api.as('ivan')).createRequest({ resource: 'orders', role: 'reader' });
  await grantPrepared(api.context, grant?.id ?? ('' as never));
  const identity = await joinLink(link);
  const unused = await link.token();
  const session = liveSession(grant?.id ?? '');
  const gateway = await TestGateway.connect(link, identity, { sessions: [session] });
  await gateway.until(({ resources }) => resources.get('orders')?.reconcile === true);

  expect(await codeOf((await api.as('audrey')).revokeGateway({ name: 'local', reason: 'x' }))).toBe('forbidden');
  const revoked = await carol.revokeGateway({ name: 'local', reason: 'its machine was stolen' });
  expect(revoked).toMatchObject({ id: identity.gateway, sessions: 1 });
  expect(await gateway.closed()).toBe(4001);
  expect(gateway.messages).toContainEqual({
    type: 'cut',
    session: session.id,
    reason: 'gateway revoked: its machine was stolen',
    by: 'carol',
  });

  await expect(TestGateway.connect(link, identity)).rejects.toThrow(/403/);
  const { csr } = await makeCsr();
  const renewal = { identity, body: JSON.stringify({ csr, listenerNames: ['127.0.0.1'] }) };
  expect((await send(link, '/renew', renewal)).status).toBe(403);
  await expect(joinLink(link, unused)).rejects.toThrow(/token_invalid/);
  expect((await carol.gateways()).items).toEqual([]);
  expect(await api.context.store.db.selectFrom('reconcilerLeases').selectAll().execute()).toEqual([]);
  expect(await codeOf(carol.revokeGateway({ name: 'local', reason: 'x' }))).toBe('wrong_state');
  expect(await codeOf(carol.revokeGateway({ name: 'nowhere', reason: 'x' }))).toBe('not_found');
  const kinds = (await api.events()).filter(({ kind }) => kind.startsWith('gateway.revoke'));
  expect(kinds.map(({ kind, data }) => [kind, data.name, data.by])).toEqual([
    ['gateway.revoked', 'local', 'carol'],
    ['gateway.revoke.refused', 'local', 'carol'],
    ['gateway.revoke.refused', 'nowhere', 'carol'],
  ]);

  const back = await joinLink(link);
  expect(back.gateway).toBe(identity.gateway);
  const again = await TestGateway.connect(link, back);
  await again.until(({ resources }) => resources.has('orders'));
  again.drop();
});
