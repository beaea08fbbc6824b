/** A resource whose server is gone for good. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { grantPrepared } from '../../src/access/reports.ts';
import { type Api, CONFIG, codeOf, startApi, withCluster } from '../support/api.ts';

withCluster();
let api: Api;
beforeAll(async () => {
  api = await startApi();
  await api.context.store.db
    .insertInto('gateways')
    .values({ id: 'gw_0123456789abcdef' as never, name: 'near', createdAt: api.context.now() })
    .execute();
});
afterAll(() => api.close());

const WITHOUT = 'apiVersion: tidegate/v1\n';

test('its closing grants are closed with a finding each, on record; then it can be removed', async () => {
  const [carol, ivan] = [await api.as('carol'), await api.as('ivan')];
  const { grant } = await ivan.createRequest({ resource: 'orders', role: 'reader' });
  const id = grant?.id ?? ('' as never);
  await grantPrepared(api.context, id);
  const away = { name: 'orders' as never, reason: 'the server was scrapped' };
  // Open still: its sessions are to be cut first.
  expect(await codeOf(carol.giveUpResource(away))).toBe('conflict');
  expect((await ivan.grant({ id })).state).toBe('active');

  await carol.revokeGrant({ id, reason: 'the server was scrapped' });
  expect((await ivan.grant({ id })).state).toBe('closing');
  expect(await codeOf(carol.applyConfig({ yaml: WITHOUT }))).toBe('conflict');
  expect(await carol.giveUpResource(away)).toEqual({ resource: 'orders', grants: [id] });
  expect(await ivan.grant({ id })).toMatchObject({ state: 'closed', closedBecause: 'revoked' });
  expect((await carol.findings()).items).toMatchObject([
    { kind: 'leftover_principal', resource: 'orders', principal: grant?.loginName, resolvedAt: null },
  ]);
  const last = (await api.events()).slice(-3);
  expect(last.map(({ kind, data }) => [kind, data.gateway ?? data.by ?? undefined])).toEqual([
    ['grant.closed', undefined],
    ['finding.found', 'near'],
    ['resource.given_up', 'carol'],
  ]);
  expect(last[2]?.data).toMatchObject({ grants: [id], reason: 'the server was scrapped' });

  // Nobody will see it gone: somebody says so.
  const [finding] = (await carol.findings()).items;
  const named = { id: finding?.id ?? '', reason: 'its disks were shredded' };
  expect(await codeOf(ivan.resolveFinding(named))).toBe('forbidden');
  expect(await codeOf(carol.resolveFinding({ ...named, id: 'fnd_none' }))).toBe('not_found');
  expect(await carol.resolveFinding(named)).toMatchObject({ id: named.id, resolvedAt: expect.any(String) });
  expect((await carol.findings()).items).toEqual([]);
  expect((await api.events()).at(-1)).toMatchObject({
    kind: 'finding.resolved',
    data: { principal: grant?.loginName, by: 'carol', reason: 'its disks were shredded' },
  });
  expect(await codeOf(carol.resolveFinding(named))).toBe('conflict');
  expect((await api.events()).at(-1)).toMatchObject({ kind: 'finding.resolve.refused', data: { code: 'conflict' } });

  await carol.applyConfig({ yaml: WITHOUT });
  expect((await carol.resources()).items).toEqual([]);
  expect(await codeOf(carol.giveUpResource(away))).toBe('not_found');
  await carol.applyConfig({ yaml: CONFIG });
  // Nothing waits: nothing is closed.
  expect(await carol.giveUpResource(away)).toEqual({ resource: 'orders', grants: [] });
});
