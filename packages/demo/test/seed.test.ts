import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { config, type Refusal, setup } from '@tidegate/contract';
import { afterEach, expect, test } from 'vitest';
import { parse } from 'yaml';
import { demoConfig, demoPassword, type OrdersResource, type ShopResource, seedDemo } from '../src/index.ts';

const resource: OrdersResource = {
  name: 'orders',
  engine: 'postgres',
  address: '/home/o"dd: #name/$x/run:5432',
  databases: ['orders'],
  adminUser: 'tidegate_admin',
  adminPasswordFile: '/home/o"dd: #name/$x/admin-password',
  ownerRole: 'orders_app',
};

const shop: ShopResource = {
  name: 'shop',
  engine: 'mysql',
  address: '/home/o"dd: #name/$x/run/mariadb.sock:3306',
  databases: ['shop'],
  adminUser: 'tidegate_admin',
  adminPasswordFile: '/home/o"dd: #name/$x/shop-password',
  ownerRole: 'shop_app',
};

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** A control plane as far as `POST /v1/setup` goes: what it was asked, and an answer given by the test. */
async function controlPlane(status: number, answer: object) {
  const asked: { method: string | undefined; url: string | undefined; body: unknown }[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      asked.push({ method: request.method, url: request.url, body: JSON.parse(body) });
      response.writeHead(status, { 'content-type': status < 400 ? 'application/json' : 'application/problem+json' });
      response.end(JSON.stringify(answer));
    });
  });
  closers.push(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('not listening');
  return { baseUrl: `http://127.0.0.1:${address.port}`, asked };
}

test('the configuration is valid by the contract, whatever the home is called', async () => {
  const parsed = config.parse(parse(await demoConfig(resource, null)));
  expect(parsed.resources).toMatchObject([
    {
      address: resource.address,
      credential: { user: 'tidegate_admin', file: resource.adminPasswordFile },
      tls: { mode: 'disable' },
      ownerRole: 'orders_app',
    },
  ]);
});

test('the shop is in it where there is one, under the same policy', async () => {
  const parsed = config.parse(parse(await demoConfig(resource, shop)));
  expect(parsed.resources.map(({ name }) => name)).toEqual(['orders', 'shop']);
  expect(parsed.resources[1]).toMatchObject({
    engine: 'mysql',
    address: shop.address,
    databases: ['shop'],
    credential: { user: 'tidegate_admin', file: shop.adminPasswordFile },
    ownerRole: 'shop_app',
  });
  expect(parsed.policies.map(({ resources }) => resources)).toEqual([
    expect.objectContaining({ names: ['orders', 'shop'] }),
    expect.objectContaining({ names: ['orders', 'shop'] }),
  ]);
  const without = await demoConfig(resource, null);
  expect(without).not.toMatch(/shop\b(?!’s)(?!'s)/i);
  expect(config.parse(parse(without)).policies.map(({ resources }) => resources)).toEqual([
    expect.objectContaining({ names: ['orders'] }),
    expect.objectContaining({ names: ['orders'] }),
  ]);
});

test('its policy is the one that is told: leads for reading and editing, leads and dba and a second factor for owning', async () => {
  const { policies, roles } = config.parse(parse(await demoConfig(resource, null)));
  expect(
    policies.map(({ roles, approvals, mfa }) => ({
      roles,
      from: approvals?.map((step) => ('from' in step ? step.from.groups : null)),
      mfa: mfa?.at,
    })),
  ).toEqual([
    { roles: ['reader', 'editor'], from: [['leads']], mfa: undefined },
    { roles: ['owner'], from: [['leads'], ['dba']], mfa: ['connect'] },
  ]);
  expect(roles?.map((role) => [role.name, 'privileges' in role && role.privileges, role.duration.default])).toEqual([
    ['reader', 'read', '2h'],
    ['editor', 'write', '2h'],
    ['owner', 'own', '4h'],
  ]);
});

test('one call makes the people and puts the configuration in force', async () => {
  const { baseUrl, asked } = await controlPlane(201, { people: ['alice', 'bob', 'carol'], configVersion: 1 });
  await seedDemo({ baseUrl, setupToken: 'once', orders: { resource }, shop: null, password: 'correct horse' });
  expect(asked).toHaveLength(1);
  expect(asked[0]).toMatchObject({ method: 'POST', url: '/v1/setup' });
  const body = setup.parse(asked[0]?.body);
  expect(body.token).toBe('once');
  expect(body.people).toEqual([
    { name: 'alice', groups: ['engineers'], password: 'correct horse' },
    { name: 'bob', groups: ['leads'], password: 'correct horse' },
    { name: 'carol', groups: ['dba', 'administrators', 'auditors'], password: 'correct horse' },
  ]);
  expect(body.config).toBe(await demoConfig(resource, null));
});

test('a refusal is passed on as the control plane said it', async () => {
  const { baseUrl } = await controlPlane(409, {
    type: 'about:blank',
    title: 'Conflict',
    status: 409,
    code: 'setup_done',
    detail: 'It was set up before.',
    next: '',
    traceId: 't',
  });
  const refusal = await seedDemo({
    baseUrl,
    setupToken: 'x',
    orders: { resource },
    shop: null,
    password: 'correct horse',
  }).then(
    () => null,
    (error: Refusal) => error,
  );
  expect(refusal).toMatchObject({ code: 'setup_done' });
});

test('the password: the one given, or a new one each time that can be read aloud; too short a one is refused', () => {
  expect(demoPassword({ TIDEGATE_DEMO_PASSWORD: 'given-by-someone' })).toEqual({
    password: 'given-by-someone',
    generated: false,
  });
  const [first, second] = [demoPassword({}), demoPassword({ TIDEGATE_DEMO_PASSWORD: '' })];
  expect(first.password).toMatch(/^([2-9a-hjkmnp-tv-z]{4}-){3}[2-9a-hjkmnp-tv-z]{4}$/);
  expect(first.generated && second.generated).toBe(true);
  expect(first.password).not.toBe(second.password);
  expect(() => demoPassword({ TIDEGATE_DEMO_PASSWORD: 'short' })).toThrow('8 to 256');
});
