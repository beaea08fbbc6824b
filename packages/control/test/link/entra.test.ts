/** Whose tokens gateways are told to believe, and who people are in Entra ID. */
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { applyConfig } from '../../src/config/apply.ts';
import { optionsFrom } from '../../src/options.ts';
import { type Api, CONFIG, codeOf, startApi, withCluster } from '../support/api.ts';
import { joinLink, startTestLink, TestGateway } from '../support/link.ts';

withCluster();
let api: Api;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

const TENANT = randomUUID();
const key = (kid: string) => ({
  ...generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' }),
  kty: 'RSA',
  kid,
  use: 'sig',
  x5t: 'not passed on',
});

/** A tenant of Entra ID, as far as its keys go. */
async function tenant(answer: () => { status: number; body: string }) {
  const server = createServer((request, response) => {
    const { status, body } = request.url === `/${TENANT}/discovery/v2.0/keys` ? answer() : { status: 404, body: '' };
    response.writeHead(status).end(body);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
}

test('a resource of SQL Server is told with the tenant’s keys, its grant with who its person is', async () => {
  const keys = [key('one'), key('two')];
  const authority = await tenant(() => ({
    status: 200,
    body: JSON.stringify({ keys: [...keys, { ...key('three'), use: 'enc' }] }),
  }));
  const sql = `  - name: ledger
    engine: sqlserver
    address: ledger.example.com:1433
    databases: [ledger]
    credential: {user: admin, env: LEDGER_ADMIN}
`;
  const carol = await api.as('carol');
  const yaml = CONFIG.replace('resources:\n', `resources:\n${sql}`).replaceAll(
    '[orders, shop]',
    '[orders, shop, ledger]',
  );
  await api.context.store.transaction((tx) =>
    applyConfig(tx, api.context.checker, { yaml, planId: null, by: 'carol' as never, at: api.context.now() }),
  );
  const object = randomUUID();
  await carol.changePerson({ name: 'ivan', entra: { tenant: TENANT.toUpperCase(), object } });
  expect(await carol.person({ name: 'ivan' })).toMatchObject({ entra: { tenant: TENANT, object } });

  const link = await startTestLink(api.context, { entra: { tenants: [TENANT], authority } });
  onTestFinished(() => link.stop());
  const gateway = await TestGateway.connect(link, await joinLink(link));
  await gateway.until(({ resources }) => (resources.get('ledger')?.entra.length ?? 0) > 0);
  const [trust] = gateway.resources.get('ledger')?.entra ?? [];
  expect(trust?.issuers).toEqual([`https://sts.windows.net/${TENANT}/`, `${authority}/${TENANT}/v2.0`]);
  expect(trust?.keys).toEqual(keys.map(({ x5t: _left, ...rest }) => rest));
  expect(gateway.resources.get('orders')?.entra).toEqual([]);

  const ivan = await api.as('ivan');
  const { grant } = await ivan.createRequest({ resource: 'ledger', role: 'reader' });
  const other = await ivan.createRequest({ resource: 'orders', role: 'reader' });
  const told = (id = '') => gateway.grants.get(id)?.entra;
  await gateway.until(() => told(grant?.id) !== undefined && told(other.grant?.id) !== undefined);
  expect(told(grant?.id)).toEqual({ tenant: TENANT, object });
  expect(told(other.grant?.id)).toBeNull();

  await carol.changePerson({ name: 'ivan', entra: null });
  await gateway.until(() => told(grant?.id) === null);
});

test('two accounts are never one person of Entra ID', async () => {
  const carol = await api.as('carol');
  const entra = { tenant: TENANT, object: randomUUID() };
  await carol.changePerson({ name: 'alice', entra });
  expect(await codeOf(carol.changePerson({ name: 'bob', entra }))).toBe('conflict');
  const [event] = (await api.events()).filter(({ kind }) => kind === 'person.changed').slice(-1);
  expect(event?.data).toMatchObject({ person: 'alice', entra });
});

test('the environment names tenants by id, and an authority that cannot be listened to', () => {
  const env = { TIDEGATE_DATABASE_URL: 'postgresql:///x', TIDEGATE_HOME: '/h' };
  expect(optionsFrom(env).entra).toEqual({ tenants: [], authority: 'https://login.microsoftonline.com' });
  expect(
    optionsFrom({
      ...env,
      TIDEGATE_ENTRA_TENANTS: ` ${TENANT.toUpperCase()} ,`,
      TIDEGATE_ENTRA_AUTHORITY: 'https://login.example/',
    }).entra,
  ).toEqual({ tenants: [TENANT], authority: 'https://login.example' });
  expect(() => optionsFrom({ ...env, TIDEGATE_ENTRA_TENANTS: 'contoso.com' })).toThrow('TIDEGATE_ENTRA_TENANTS');
  expect(() => optionsFrom({ ...env, TIDEGATE_ENTRA_AUTHORITY: 'http://login.example' })).toThrow(
    'TIDEGATE_ENTRA_AUTHORITY',
  );
});
