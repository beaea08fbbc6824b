/** Every endpoint, by who calls it: what is not in the table fails the first test. */
import { readFileSync } from 'node:fs';
import { type EndpointName, endpoints, problem as problemSchema } from '@tidegate/contract';
import { ERROR_CODES } from '@tidegate/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { grantPrepared } from '../../src/access/reports.ts';
import { describeApi } from '../../src/api/describe.ts';
import { STATUS } from '../../src/api/problems.ts';
import { type Api, PASSWORD, startApi, withCluster } from '../support/api.ts';
import { ensureKeys } from '../support/keys.ts';
import { olgasFactors } from './table/factors.ts';
import { TABLE } from './table/index.ts';

withCluster();
let api: Api;
/** A pending request of alice's, an active grant of ivan's, a ticket of it. */
let ids: Readonly<Record<string, string>>;

beforeAll(async () => {
  api = await startApi();
  await ensureKeys(api.context);
  const request = (await (await api.as('alice')).createRequest({ resource: 'orders', role: 'reader', reason: 'x' })).id;
  const ivan = await api.as('ivan');
  const { grant } = await ivan.createRequest({ resource: 'orders', role: 'reader' });
  if (grant === null) throw new Error('no grant');
  await grantPrepared(api.context, grant.id);
  const { ticket } = await ivan.connect({ resource: 'orders' });
  const session = 'ses_0123456789abcdef';
  const gateway = 'gw_0123456789abcdef' as never;
  const at = api.context.now();
  const { db } = api.context.store;
  await db.insertInto('gateways').values({ id: gateway, name: 'near', createdAt: at }).execute();
  await db
    .insertInto('dbSessions')
    .values({
      id: session as never,
      grant: grant.id,
      gateway,
      database: 'orders',
      clientAddress: '127.0.0.1:50000',
      application: 'psql',
      startedAt: at,
    })
    .execute();
  const { id: key } = await (await api.as('carol')).createApiKey({
    name: 'reads',
    person: 'ivan',
    scopes: ['requests:read'],
    expiresAt: at.add({ hours: 24 }).toString(),
  });
  ids = { request, grant: grant.id, ticket, session, key, ...(await olgasFactors(api)) };
});
afterAll(() => api.close());

const filled = (path: string): string => path.replace(/:(\w+)/g, (_, name: string) => ids[name] ?? '');

const tokens = new Map<string, Promise<string>>();

async function tokenOf(who: string, another: boolean): Promise<string> {
  const signIn = async (): Promise<string> => (await api.nobody.login({ user: who, password: PASSWORD })).token ?? '';
  if (another) return signIn();
  const token = tokens.get(who) ?? signIn();
  tokens.set(who, token);
  return token;
}

async function call(name: EndpointName, who: string | null): Promise<Response> {
  const { path, body } = TABLE[name];
  const headers: Record<string, string> = {};
  if (who !== null)
    headers.authorization = `Bearer ${(await api.nobody.login({ user: who, password: PASSWORD })).token}`;
  if (body !== undefined) headers['content-type'] = 'application/json';
  return fetch(new URL(filled(path), api.url), {
    method: endpoints[name].method,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body()) }),
  });
}

const names = Object.keys(TABLE) as EndpointName[];

describe('every endpoint', () => {
  test('is in the table', () => {
    expect(names.sort()).toEqual(Object.keys(endpoints).sort());
  });

  test.each(Object.keys(endpoints).filter((name) => endpoints[name as EndpointName].access !== 'anyone'))(
    '%s: nothing for who is not signed in, whatever they send',
    async (name) => {
      const { path } = TABLE[name as EndpointName];
      const answers = [await call(name as EndpointName, null)];
      answers.push(await fetch(new URL(filled(path), api.url), { method: endpoints[name as EndpointName].method }));
      for (const answer of answers) {
        expect(answer.status).toBe(401);
        expect(answer.headers.get('content-type')).toContain('application/problem+json');
        expect(await answer.json()).toMatchObject({
          code: 'unauthenticated',
          traceId: answer.headers.get('x-request-id'),
        });
      }
    },
  );

  test.each(Object.keys(TABLE))('%s: to each what is theirs', async (name) => {
    for (const [who, expected] of Object.entries(TABLE[name as EndpointName].as)) {
      const answer = await call(name as EndpointName, who);
      const told = await answer.text();
      const status = expected === 'right' && answer.ok ? 'right' : answer.status;
      expect({ who, status, told: status === expected ? '' : told }).toEqual({ who, status: expected, told: '' });
      expect(told).not.toContain('secret of shop');
    }
  });

  test('the record: exported for auditors alone', async () => {
    const get = async (who: string) =>
      fetch(new URL('/v1/audit/export', api.url), {
        headers: { authorization: `Bearer ${await tokenOf(who, false)}` },
      });
    expect((await fetch(new URL('/v1/audit/export', api.url))).status).toBe(401);
    expect((await get('olga')).status).toBe(403);
    const answer = await get('audrey');
    expect(answer.headers.get('content-type')).toContain('application/x-ndjson');
    const lines = (await answer.text()).trimEnd().split('\n');
    expect(lines.length).toBeGreaterThan(20);
    for (const line of lines) expect(JSON.parse(line)).toBeTypeOf('object');
  });
});

describe('the description', () => {
  test('that is checked in is what the routes say (npm run openapi writes it)', async () => {
    const file = new URL('../../../contract/openapi.json', import.meta.url);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(JSON.parse(JSON.stringify(await describeApi())));
    expect(await (await fetch(new URL('/v1/openapi.json', api.url))).json()).toMatchObject({ openapi: '3.1.0' });
  });

  test('every code has a status that says whose fault it is', () => {
    for (const code of ERROR_CODES) expect(STATUS[code]).toBeGreaterThanOrEqual(400);
  });
});

describe('what is not understood', () => {
  test.each([
    ['no JSON', { method: 'POST', body: '{' }, 400],
    ['another kind of body', { method: 'POST', body: 'user=x', type: 'application/x-www-form-urlencoded' }, 415],
    ['too large a body', { method: 'POST', body: JSON.stringify({ user: 'x'.repeat(70_000) }) }, 413],
    ['a NUL', { method: 'POST', body: '{"user":"a\\u0000b","password":"xxxxxxxxxx"}' }, 400],
    ['members missing', { method: 'POST', body: '{}' }, 400],
    ['nothing there', { method: 'PUT', body: '{}' }, 404],
  ])(
    '%s is refused as a problem',
    async (_, { method, body, type }: { method: string; body: string; type?: string }, status) => {
      const answer = await fetch(new URL('/v1/login', api.url), {
        method,
        body,
        headers: { 'content-type': type ?? 'application/json' },
      });
      expect(answer.status).toBe(status);
      const told: unknown = await answer.json();
      const problem = problemSchema.parse(told);
      expect(problem).toMatchObject({ status, title: expect.any(String), detail: expect.any(String) });
      expect(['invalid_input', 'not_found']).toContain(problem.code);
    },
  );

  test.each([
    [
      'POST',
      '/v1/login',
      { user: 7 },
      '“user” must be text, and is a whole number. Put it in quotes if it is meant as text.',
      ['body.user', 'body.password'],
    ],
    [
      'POST',
      '/v1/setup',
      { token: 'x', people: [{ name: 'a', password: 'short' }] },
      '“people.0.password” must have at least 8 characters.',
      ['body.people.0.password'],
    ],
    ['GET', '/v1/requests?limit=0', undefined, '“limit” must be at least 1.', ['querystring.limit']],
    ['GET', '/v1/requests/req_x', undefined, '“id” is not as it must be.', ['params.id']],
  ])('%s %s is told in words what is wrong', async (method, path, body, detail, paths) => {
    const answer = await fetch(new URL(path, api.url), {
      method,
      headers: {
        authorization: `Bearer ${await tokenOf('alice', false)}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const problem = problemSchema.parse(await answer.json());
    expect(problem).toMatchObject({ status: 400, code: 'invalid_input', detail, next: 'Correct it and try again.' });
    expect(problem.errors?.map(({ path }) => path)).toEqual(paths);
    expect(JSON.stringify(problem)).not.toContain('short');
  });

  test('answers may not be kept, framed or sniffed', async () => {
    const { headers } = await fetch(new URL('/v1/me', api.url));
    expect(Object.fromEntries(headers)).toMatchObject({
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'content-security-policy': expect.stringContaining("default-src 'none'"),
    });
  });
});
