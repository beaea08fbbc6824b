/** Every endpoint, by who calls it: what is not in the table below fails the first test. */
import { readFileSync } from 'node:fs';
import { type EndpointName, endpoints, problem as problemSchema } from '@tidegate/contract';
import { ERROR_CODES } from '@tidegate/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { grantPrepared } from '../../src/access/reports.ts';
import { describeApi } from '../../src/api/describe.ts';
import { STATUS } from '../../src/api/problems.ts';
import { type Api, CONFIG, PASSWORD, startApi, withCluster } from '../support/api.ts';
import { ensureKeys } from '../support/keys.ts';

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
  ids = { request, grant: grant.id, ticket, session };
});
afterAll(() => api.close());

interface Row {
  /** `:name` filled in. */
  readonly path: () => string;
  readonly body?: () => object;
  /** Signed in, and answered this. `right` is a status below 300. */
  readonly as: Readonly<Record<string, number | 'right'>>;
}
const at = (path: string) => () => path.replace(/:(\w+)/g, (_, name: string) => ids[name] ?? '');
const nobodyElse = { olga: 403, alice: 403 };
const administrator = { ...nobodyElse, audrey: 403 };

/** In this order: what ends something comes last. */
const TABLE: Readonly<Record<EndpointName, Row>> = {
  setup: { path: at('/v1/setup'), body: () => ({ token: 'x', people: [person('eve')] }), as: { olga: 409 } },
  login: { path: at('/v1/login'), body: () => ({ user: 'olga', password: PASSWORD }), as: { olga: 'right' } },
  me: { path: at('/v1/me'), as: { olga: 'right' } },
  changePassword: {
    path: at('/v1/me/password'),
    body: () => ({ current: PASSWORD, password: PASSWORD }),
    as: { dan: 'right' },
  },
  enrolTotp: { path: at('/v1/me/mfa/totp'), body: () => ({ password: PASSWORD }), as: { olga: 'right' } },
  confirmTotp: { path: at('/v1/me/mfa/totp/confirm'), body: () => ({ code: '000000' }), as: { olga: 403 } },
  verifyTotp: { path: at('/v1/me/mfa/totp/verify'), body: () => ({ code: '000000' }), as: { olga: 403 } },
  removeTotp: { path: at('/v1/me/mfa/totp'), as: { olga: 403 } },
  people: { path: at('/v1/people'), as: { ...nobodyElse, audrey: 'right', carol: 'right' } },
  person: { path: at('/v1/people/olga'), as: { ...nobodyElse, audrey: 'right', carol: 'right' } },
  createPerson: { path: at('/v1/people'), body: () => person('nora'), as: { ...administrator, carol: 'right' } },
  changePerson: { path: at('/v1/people/nora'), body: () => ({ groups: [] }), as: { ...administrator, carol: 'right' } },
  resources: { path: at('/v1/resources'), as: { olga: 'right' } },
  resource: { path: at('/v1/resources/orders'), as: { olga: 'right' } },
  setCredential: {
    path: at('/v1/resources/shop/credential'),
    body: () => ({ password: 'secret of shop' }),
    as: { ...administrator, dan: 403, carol: 'right' },
  },
  explain: {
    path: at('/v1/explain?resource=orders&role=reader&as=alice'),
    as: { olga: 403, alice: 'right', audrey: 'right', carol: 'right' },
  },
  requests: { path: at('/v1/requests?filter=all'), as: { olga: 'right', carol: 'right' } },
  createRequest: {
    path: at('/v1/requests'),
    body: () => ({ resource: 'orders', role: 'reader', reason: 'x' }),
    as: { olga: 403, carol: 403, alice: 'right' },
  },
  request: {
    path: at('/v1/requests/:request'),
    as: { olga: 404, ivan: 404, alice: 'right', bob: 'right', audrey: 'right' },
  },
  grants: { path: at('/v1/grants?state=all'), as: { olga: 'right' } },
  grant: { path: at('/v1/grants/:grant'), as: { olga: 404, alice: 404, dan: 'right', ivan: 'right', carol: 'right' } },
  connect: {
    path: at('/v1/connect'),
    body: () => ({ resource: 'orders' }),
    as: { olga: 409, carol: 409, ivan: 'right' },
  },
  revokeTicket: { path: at('/v1/grants/:grant/tickets/:ticket'), as: { olga: 404, audrey: 403, ivan: 'right' } },
  sessions: { path: at('/v1/sessions'), as: { olga: 'right', ivan: 'right', audrey: 'right' } },
  cutSession: {
    path: at('/v1/sessions/:session/cut'),
    body: () => ({ reason: 'x' }),
    as: { olga: 404, alice: 404, audrey: 403, dan: 'right', ivan: 'right', carol: 'right' },
  },
  config: { path: at('/v1/config'), as: { ...nobodyElse, audrey: 'right', carol: 'right' } },
  planConfig: { path: at('/v1/config/plan'), body: () => ({ yaml: CONFIG }), as: { ...administrator, carol: 'right' } },
  applyConfig: {
    path: at('/v1/config/apply'),
    body: () => ({ yaml: CONFIG }),
    as: { ...administrator, carol: 'right' },
  },
  configVersions: { path: at('/v1/config/versions'), as: { ...nobodyElse, audrey: 'right' } },
  configVersion: { path: at('/v1/config/versions/1'), as: { ...nobodyElse, audrey: 'right' } },
  gateways: { path: at('/v1/gateways'), as: { ...nobodyElse, audrey: 'right' } },
  createJoinToken: {
    path: at('/v1/gateways/join-tokens'),
    body: () => ({ name: 'far' }),
    as: { ...administrator, carol: 'right' },
  },
  revokeGateway: {
    path: at('/v1/gateways/near/revoke'),
    body: () => ({ reason: 'x' }),
    as: { ...administrator, carol: 'right' },
  },
  giveUpResource: {
    path: at('/v1/resources/orders/give-up'),
    body: () => ({ reason: 'x' }),
    as: { ...administrator, carol: 409 },
  },
  findings: { path: at('/v1/findings'), as: { ...nobodyElse, audrey: 'right' } },
  auditEntries: { path: at('/v1/audit/entries'), as: { ...nobodyElse, audrey: 'right' } },
  auditStreams: { path: at('/v1/audit/streams'), as: { ...nobodyElse, audrey: 'right' } },
  auditCheckpoints: { path: at('/v1/audit/checkpoints'), as: { ...nobodyElse, audrey: 'right' } },
  auditKey: { path: at('/v1/audit/key'), as: { ...nobodyElse, audrey: 'right' } },
  extendGrant: {
    path: at('/v1/grants/:grant/extend'),
    body: () => ({ duration: '10m' }),
    as: { olga: 404, carol: 403, ivan: 'right' },
  },
  review: {
    path: at('/v1/requests/:request/reviews'),
    body: () => ({ decision: 'approve' }),
    as: { olga: 404, alice: 403, carol: 403, dan: 403, bob: 'right' },
  },
  cancelRequest: { path: at('/v1/requests/:request/cancel'), as: { olga: 404, bob: 403, alice: 409 } },
  relinquishGrant: { path: at('/v1/grants/:grant/relinquish'), as: { olga: 404, carol: 403, ivan: 'right' } },
  revokeGrant: {
    path: at('/v1/grants/:grant/revoke'),
    body: () => ({ reason: 'x' }),
    as: { olga: 404, audrey: 403, ivan: 403, carol: 409 },
  },
  logout: { path: at('/v1/logout'), as: { olga: 'right' } },
};

function person(name: string): object {
  return { name, password: PASSWORD, groups: [] };
}

const tokens = new Map<string, Promise<string>>();

async function tokenOf(who: string, another: boolean): Promise<string> {
  const signIn = async (): Promise<string> => (await api.nobody.login({ user: who, password: PASSWORD })).token;
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
  return fetch(new URL(path(), api.url), {
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
      answers.push(await fetch(new URL(path(), api.url), { method: endpoints[name as EndpointName].method }));
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
