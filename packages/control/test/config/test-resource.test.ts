/** A connection is tested as it is written: checked, on record, and with no password that is stored for another place. */
import type { Client, ConnectionTest, DesiredResource, Input } from '@tidegate/contract';
import type { ResourceName } from '@tidegate/core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Api, codeOf, startApi, withCluster } from '../support/api.ts';

const REACHED: ConnectionTest = {
  failedAt: null,
  server: 'PostgreSQL 18.4',
  administrator: 'admin',
  tls: 'TLSv1.3',
  problems: [],
  warnings: [],
};
type Written = Input<'testResource'>['resource'];

withCluster();
let api: Api;
let carol: Client;
const dialled: DesiredResource[] = [];
beforeAll(async () => {
  api = await startApi();
  carol = await api.as('carol');
  api.look = async (_, wanted) => {
    if (wanted.kind !== 'test') throw new Error('not a test');
    dialled.push(wanted.resource);
    return { kind: 'test', test: REACHED };
  };
});
afterAll(() => api.close());

const written = (changes: Partial<Written> = {}): Written => ({
  name: 'new' as ResourceName,
  engine: 'postgres',
  address: 'db.example:5432',
  databases: ['new'],
  credential: { user: 'admin', env: 'NEW_PASSWORD' },
  ...changes,
});
/** The place of CONFIG's resource whose password is stored. */
const shop = (changes: Partial<Written> = {}): Written =>
  written({
    name: 'shop' as ResourceName,
    address: '127.0.0.1:5433',
    tls: { mode: 'disable' },
    credential: { user: 'admin', stored: true },
    ...changes,
  });

test('a resource that nobody has applied is dialled by its gateway as it is written; that it was tried is on record', async () => {
  expect(await carol.testResource({ resource: written({ owners: ['nobody-knows'] }) })).toEqual(REACHED);
  expect(dialled.at(-1)).toMatchObject({
    name: 'new',
    address: { host: 'db.example', port: 5432 },
    tls: { mode: 'verify-full' },
    credential: { user: 'admin', source: { kind: 'env', name: 'NEW_PASSWORD' } },
    reconcile: false,
  });
  expect((await api.events()).at(-1)).toMatchObject({
    kind: 'resource.tested',
    data: { by: 'carol', resource: 'new', address: 'db.example:5432', credential: 'env NEW_PASSWORD' },
  });
  expect((await carol.resources()).items.map(({ name }) => name)).not.toContain('new');
});

test('what no configuration may say is not dialled', async () => {
  const before = dialled.length;
  const open = carol.testResource({ resource: written({ tls: { mode: 'disable' } }) });
  expect(await codeOf(open)).toBe('invalid_config');
  expect(await codeOf(carol.testResource({ resource: written({ address: 'no port' }) }))).toBe('invalid_config');
  expect(dialled).toHaveLength(before);
});

test('a stored password goes to the place that it is stored for, and nowhere else', async () => {
  expect(await codeOf(carol.testResource({ resource: shop() }))).toBe('invalid_input');
  await carol.setCredential({ name: 'shop', password: 'of the shop' });
  await carol.testResource({ resource: shop() });
  expect(dialled.at(-1)?.credential.source).toEqual({ kind: 'secret', password: 'of the shop' });

  const before = dialled.length;
  for (const changes of [
    { address: '127.0.0.1:5434' },
    { engine: 'mysql' },
    { credential: { user: 'root', stored: true } },
    { name: 'orders' as ResourceName },
  ] satisfies Partial<Written>[]) {
    expect(await codeOf(carol.testResource({ resource: shop(changes) })), JSON.stringify(changes)).toBe(
      'invalid_input',
    );
  }
  expect(dialled).toHaveLength(before);
  await carol.testResource({ resource: shop({ address: '127.0.0.1:5434' }), password: 'typed' });
  expect(dialled.at(-1)?.credential.source).toEqual({ kind: 'secret', password: 'typed' });
  expect(JSON.stringify(await api.events())).not.toMatch(/of the shop|typed/);
});

test('a gateway that cannot be asked is said, not taken for a fault of the database', async () => {
  api.look = async () => ({ kind: 'failed', message: 'No gateway is linked that could look at it.' });
  const refused = carol.testResource({ resource: written() });
  await expect(refused).rejects.toMatchObject({
    code: 'gateway_unavailable',
    message: expect.stringContaining('No gateway is linked'),
  });
});
