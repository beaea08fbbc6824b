/** Roles that list what they give, and requests that are narrowed to some tables: from the configuration to the gateway. */

import { InvalidConfig } from '@tidegate/config';
import type { LookAnswer, LookFor } from '@tidegate/contract';
import { TidegateError } from '@tidegate/core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { planConfig } from '../../src/config/plan.ts';
import { desiredState } from '../../src/link/desired.ts';
import { DesiredResources } from '../../src/link/desired-resources.ts';
import type { Look } from '../../src/link/looks.ts';
import { OpenedSecrets } from '../../src/link/opened.ts';
import { readSnapshot } from '../../src/link/snapshot.ts';
import { type Api, CONFIG, codeOf, startApi, withCluster } from '../support/api.ts';

const SUPPORT = `  - name: support
    grants:
      postgres:
        - SELECT ON sales.orders, sales.customers
        - "EXECUTE ON FUNCTION sales.refund(int)"
      mysql: ["SELECT ON shop.orders"]
policies:
  - name: support
    resources: { names: [orders] }
    roles: [support, owner]
    who: { people: [ivan] }
    reason: { required: false }
    approvals: []
`;
const WITH_SUPPORT = CONFIG.replace('policies:\n', SUPPORT);

withCluster();
let api: Api;
beforeAll(async () => {
  api = await startApi();
  await (await api.as('carol')).applyConfig({ yaml: WITH_SUPPORT });
});
afterAll(() => api.close());

const ivan = () => api.as('ivan');
const MESSAGES = (error: unknown) => (error instanceof TidegateError ? error.message : String(error));

describe('a role that lists what it gives', () => {
  test('is shown with its lines on this engine, for an hour unless asked for, at most two', async () => {
    const { roles } = await (await ivan()).resource({ name: 'orders' });
    expect(roles.find(({ name }) => name === 'support')).toEqual({
      name: 'support',
      privileges: 'lines',
      lines: ['SELECT ON sales.orders, sales.customers', 'EXECUTE ON FUNCTION sales.refund(int)'],
      defaultDuration: 'PT1H',
      maxDuration: 'PT2H',
    });
    expect(roles.find(({ name }) => name === 'reader')).toMatchObject({ privileges: 'read', lines: [] });
  });

  test('what was approved is kept with the grant, told to gateways, and stands on record', async () => {
    const { id, grant, only } = await (await ivan()).createRequest({ resource: 'orders', role: 'support' });
    expect(only).toBeNull();
    const lines = ['SELECT ON sales.orders, sales.customers', 'EXECUTE ON FUNCTION sales.refund(int)'];
    expect(grant?.lines).toEqual(lines);
    const snapshot = await readSnapshot(api.context.store.db);
    const opened = new OpenedSecrets(api.context.sealer);
    const resources = new DesiredResources(opened).texts(snapshot, []);
    const desired = desiredState(snapshot, resources, opened, api.context.now());
    const told = JSON.parse(desired.grants.get(grant?.id ?? ('' as never))?.json ?? '{}');
    expect(told.role).toMatchObject({
      name: 'support',
      lines: [{ target: { on: 'tables' } }, { target: { on: 'routine' } }],
    });
    const scheduled = (await api.events()).find(({ kind, data }) => kind === 'grant.scheduled' && data.request === id);
    expect(scheduled?.data.lines).toEqual(lines);
  });
});

describe('narrowed', () => {
  test('to some of its tables, written as people write them', async () => {
    const request = await (await ivan()).createRequest({
      resource: 'orders',
      role: 'support',
      only: ['Sales.Orders', ' sales . orders '],
    });
    expect(request.only).toEqual(['sales.orders']);
    expect(request.grant?.lines).toEqual(['SELECT ON sales.orders']);
    const created = (await api.events()).findLast(({ kind }) => kind === 'request.created');
    expect(created?.data.only).toEqual(['sales.orders']);
  });

  test('a level too, but none that owns', async () => {
    const { grant } = await (await ivan()).createRequest({ resource: 'orders', role: 'editor', only: ['sales.x'] });
    expect(grant?.lines).toEqual(['SELECT, INSERT, UPDATE, DELETE ON sales.x']);
    const owner = (await ivan()).createRequest({ resource: 'orders', role: 'owner', only: ['sales.x'] });
    expect(await owner.catch(MESSAGES)).toMatch(/^owner owns a whole resource and cannot be narrowed/);
  });

  test('never to more: what the role gives nothing on, and what is no table, is refused and recorded', async () => {
    const ask = async (...only: string[]) =>
      (await ivan()).createRequest({ resource: 'orders', role: 'support', only });
    expect(await ask('sales.orders', 'sales.secrets').catch(MESSAGES)).toBe('The role gives nothing on sales.secrets.');
    expect(await codeOf(ask('orders'))).toBe('invalid_input');
    expect(await codeOf(ask())).toBe('invalid_input');
    expect(await codeOf(ask('pg_catalog.pg_authid'))).toBe('invalid_input');
    const refused = (await api.events()).filter(({ kind }) => kind === 'request.refused');
    expect(refused.length).toBeGreaterThanOrEqual(2);
  });

  test('explained before it is asked', async () => {
    const client = await ivan();
    const narrow = await client.explain({ resource: 'orders', role: 'support', only: '["sales.customers"]' });
    expect(narrow.lines).toEqual(['SELECT ON sales.customers']);
    expect((await client.explain({ resource: 'orders', role: 'reader' })).lines).toBeNull();
    expect(await codeOf(client.explain({ resource: 'orders', role: 'reader', only: 'sales.x' }))).toBe('invalid_input');
  });

  test('more time goes on with the same tables, and not with a role that became another', async () => {
    const client = await ivan();
    const { grant } = await client.createRequest({ resource: 'orders', role: 'support', only: ['sales.orders'] });
    const id = grant?.id ?? ('' as never);
    const { grantPrepared } = await import('../../src/access/reports.ts');
    await grantPrepared(api.context, id);
    const more = await client.extendGrant({ id, duration: 'PT10M' });
    expect([more.only, more.state]).toEqual([['sales.orders'], 'approved']);
    const carol = await api.as('carol');
    await carol.applyConfig({ yaml: WITH_SUPPORT.replace('SELECT ON sales.orders,', 'SELECT (id) ON sales.orders,') });
    expect(await codeOf(client.extendGrant({ id, duration: 'PT10M' }))).toBe('policy_denied');
    expect((await client.grant({ id })).lines).toEqual(['SELECT ON sales.orders']);
    const outgrown = (await carol.outgrownGrants()).items.find(({ grant: of }) => of.id === id);
    expect(outgrown?.why).toBe('The role support gives something else by now than this grant does.');
    await carol.applyConfig({ yaml: WITH_SUPPORT });
  });
});

describe('planned against the database', () => {
  let asked: { resource: string; wanted: LookFor }[];
  const plan = (yaml: string, answer: (wanted: LookFor) => LookAnswer) => {
    asked = [];
    const look: Look = async (resource, wanted) => {
      asked.push({ resource, wanted });
      return answer(wanted);
    };
    return planConfig(api.context, yaml, look);
  };
  beforeEach(() => {
    asked = [];
  });
  const notes =
    (...all: { line: number; kind: 'missing' | 'warning'; message: string }[]) =>
    (): LookAnswer => ({
      kind: 'lines',
      notes: all,
    });

  test('only lines that somebody could have there are looked for', async () => {
    expect((await plan(WITH_SUPPORT, notes())).warnings).toEqual([]);
    expect(asked).toMatchObject([{ resource: 'orders', wanted: { kind: 'lines', lines: [{}, {}] } }]);
  });

  test('what is missing is an error where its line stands; what should be known a warning', async () => {
    const all = notes(
      { line: 1, kind: 'missing', message: 'There is no function sales.refund(int).' },
      { line: 0, kind: 'warning', message: 'It is slow.' },
    );
    const row = WITH_SUPPORT.split('\n').findIndex((text) => text.includes('EXECUTE ON FUNCTION')) + 1;
    const error: unknown = await plan(WITH_SUPPORT, all).catch((refusal: unknown) => refusal);
    expect(error).toBeInstanceOf(InvalidConfig);
    expect(error instanceof InvalidConfig && error.problems).toEqual([
      {
        line: row,
        column: 11,
        path: 'roles[4].grants.postgres[1]',
        message: 'On orders: There is no function sales.refund(int).',
      },
    ]);
    const warned = await plan(WITH_SUPPORT, notes({ line: 0, kind: 'warning', message: 'It is slow.' }));
    expect(warned.warnings).toEqual([`Line ${row - 1}: On orders: It is slow.`]);
  });

  test('a gateway that is away, and a resource that is new, are warned of', async () => {
    const away = await plan(WITH_SUPPORT, () => ({ kind: 'failed', message: 'Its gateway did not answer in time.' }));
    expect(away.warnings).toEqual([
      expect.stringMatching(
        /^Line \d+: The role “support” could not be checked on orders: Its gateway did not answer in time.$/,
      ),
    ]);
    const moved = await plan(WITH_SUPPORT.replace('127.0.0.1:5432', '127.0.0.1:6432'), notes());
    expect(asked).toEqual([]);
    expect(moved.warnings).toContainEqual(
      expect.stringContaining('could not be checked on orders: it is new or moved'),
    );
  });

  test('a rule that gives a role by name where it has nothing to give is an error', async () => {
    const yaml = WITH_SUPPORT.replace(
      '      postgres:\n        - SELECT',
      '      sqlserver:\n        - SELECT',
    ).replace('refund(int)', 'refund');
    const error: unknown = await plan(yaml, notes()).catch((refusal: unknown) => refusal);
    expect(error instanceof InvalidConfig && error.problems.map(({ message }) => message)).toEqual([
      'The role “support” gives nothing on PostgreSQL, and orders is one.',
    ]);
    expect(await codeOf(Promise.reject(error))).toBe('invalid_config');
  });
});

test('what was planned is applied as it was planned; what is planned again is looked at again', async () => {
  const carol = await api.as('carol');
  let looks = 0;
  const answer =
    (notes: Extract<LookAnswer, { kind: 'lines' }>['notes']): Look =>
    async () => {
      looks += 1;
      return { kind: 'lines', notes };
    };
  const yaml = WITH_SUPPORT.replace('SELECT ON sales.orders, sales.customers', 'SELECT ON sales.orders');
  api.look = answer([]);
  const { planId } = await carol.planConfig({ yaml });
  // The table goes before anybody applies. Planned anew, as the command does each time, that is an error.
  api.look = answer([{ line: 0, kind: 'missing', message: 'There is no table sales.orders.' }]);
  expect(await codeOf(carol.planConfig({ yaml }))).toBe('invalid_config');
  expect(looks).toBe(2);
  expect(await codeOf(carol.applyConfig({ yaml: WITH_SUPPORT, planId }))).toBe('conflict');
  expect((await carol.applyConfig({ yaml, planId })).yaml).toBe(yaml);
  expect(looks).toBe(2);
  await carol.applyConfig({ yaml: WITH_SUPPORT });
});

describe('the tables of a resource', () => {
  test('for who could ask there; kept for a minute', async () => {
    let looks = 0;
    api.look = async () => {
      looks += 1;
      const table = { database: 'orders', schema: 'sales', name: 'Big "one"', kind: 'table' as const, columns: ['id'] };
      return { kind: 'objects', tables: [table], more: true };
    };
    const client = await ivan();
    const seen = await client.resourceObjects({ name: 'orders' });
    expect(seen).toMatchObject({
      resource: 'orders',
      more: true,
      tables: [
        {
          only: 'sales."Big ""one"""',
          onlyHere: 'sales."Big ""one""" IN DATABASE orders',
          kind: 'table',
          columns: ['id'],
        },
      ],
    });
    await client.resourceObjects({ name: 'orders' });
    expect(looks).toBe(1);
    api.advance({ seconds: 61 });
    await (await ivan()).resourceObjects({ name: 'orders' });
    expect(looks).toBe(2);
    expect(await codeOf((await api.as('olga')).resourceObjects({ name: 'orders' }))).toBe('forbidden');
    expect(await codeOf((await ivan()).resourceObjects({ name: 'nowhere' as never }))).toBe('not_found');
  });

  test('that cannot be seen: said, and asked anew the next time', async () => {
    api.advance({ seconds: 61 });
    api.look = async () => ({ kind: 'failed', message: 'Its gateway went away.' });
    expect(await codeOf((await ivan()).resourceObjects({ name: 'orders' }))).toBe('resource_unavailable');
    api.look = async () => ({ kind: 'objects', tables: [], more: false });
    expect((await (await ivan()).resourceObjects({ name: 'orders' })).tables).toEqual([]);
  });
});
