/**
 * Entra ID’s ways: people known by tid and oid, groups looked up in Graph when there are too many for a token, the
 * authentication context. The provider is oidc-provider with Entra’s claims, Graph a stand-in that answers as
 * Microsoft’s documentation says; neither is Microsoft’s own.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { recheckSessions } from '../../src/identity/oidc/recheck.ts';
import { withCluster } from '../support/api.ts';
import { Browser } from './support/browser.ts';
import { PLATFORM, started, startWorld, type World } from './support/world.ts';

withCluster();
const TENANT = '11111111-2222-4333-8444-555555555555';
const ERIN = 'aaaaaaaa-2222-4333-8444-000000000001';
const FAY = 'aaaaaaaa-2222-4333-8444-000000000002';

let world: World;
let graph: Awaited<ReturnType<typeof startGraph>>;
beforeAll(async () => {
  graph = await startGraph();
  const provider = `    entra: true
    graph: ${graph.url}
    scopes: [openid, profile, offline_access]
    mfa: { amr: [], acrs: [c1] }`;
  world = await startWorld(provider, { scopes: [`${graph.url}/.default`], consentAlways: true });
  const claims = { tid: TENANT, oid: ERIN, preferred_username: 'erin@corp.example', groups: [PLATFORM] };
  world.idp.accounts.set('pairwise-erin', { claims });
});
afterAll(async () => {
  await world.close();
  await graph.close();
});

const meOf = async (browser: Browser): Promise<unknown> => (await world.me(browser)).json();

test('a person is their tid and oid, whatever sub says; SQL Server knows them by the same', async () => {
  const browser = await world.signIn('pairwise-erin');
  expect(await meOf(browser)).toMatchObject({ name: 'erin@corp.example', groups: ['platform'] });
  // Another application of the same tenant sees another sub.
  world.idp.accounts.set('other-sub', {
    claims: { tid: TENANT.toUpperCase(), oid: ERIN, preferred_username: 'e.example@corp.example' },
  });
  expect(await meOf(await world.signIn('other-sub'))).toMatchObject({ name: 'erin@corp.example' });
  const carol = await world.api.as('carol');
  expect((await carol.person({ name: 'erin@corp.example' })).entra).toEqual({ tenant: TENANT, object: ERIN });
});

test('whom an administrator said to be that person of Entra ID is that person', async () => {
  const carol = await world.api.as('carol');
  await carol.changePerson({ name: 'bob', entra: { tenant: TENANT, object: FAY } });
  world.idp.accounts.set('pairwise-fay', { claims: { tid: TENANT, oid: FAY, preferred_username: 'fay@corp.example' } });
  expect(await meOf(await world.signIn('pairwise-fay'))).toMatchObject({ name: 'bob', groups: ['leads'] });
});

test.each([
  ['no oid', { tid: TENANT }],
  ['no tid', { oid: ERIN }],
  ['an oid that is none', { tid: TENANT, oid: 'erin' }],
])('a token with %s is refused', async (_, claims) => {
  world.idp.accounts.set('pairwise-odd', { claims });
  const browser = new Browser();
  const { status } = await browser.walk(await started(browser, world.origin), 'pairwise-odd');
  expect(status).toBe(401);
  expect((await world.api.events()).at(-1)).toMatchObject({
    kind: 'login.failed',
    data: { why: expect.stringContaining('tid') },
  });
});

test('a second factor is asked for as an authentication context, and counts as one', async () => {
  const oid = 'aaaaaaaa-2222-4333-8444-000000000004';
  const claims = { tid: TENANT, oid, preferred_username: 'hal' };
  world.idp.accounts.set('pairwise-hal', { claims });
  const browser = await world.signIn('pairwise-hal');
  const location = await started(browser, world.origin, '/home', '/v1/sign-in/step-up');
  expect(JSON.parse(new URL(location).searchParams.get('claims') ?? '')).toEqual({
    id_token: { acrs: { essential: true, value: 'c1' } },
  });
  world.idp.accounts.set('pairwise-hal', { claims: { ...claims, acrs: ['c1'] } });
  await browser.walk(location, 'pairwise-hal', ({ pathname }) => pathname === '/home');
  expect(await meOf(browser)).toMatchObject({ session: { mfaAt: expect.any(String) } });
});

test('too many groups for a token: Graph is asked, with the application’s own token, at the address configured', async () => {
  const oid = 'aaaaaaaa-2222-4333-8444-000000000003';
  const overage = {
    _claim_names: { groups: 'src1' },
    // Where the token says to look is nowhere we go.
    _claim_sources: { src1: { endpoint: 'http://127.0.0.1:1/evil' } },
  };
  world.idp.accounts.set('pairwise-gus', { claims: { tid: TENANT, oid, preferred_username: 'gus', ...overage } });
  graph.members.set(oid, [PLATFORM, 'another']);
  const browser = await world.signIn('pairwise-gus');
  expect(await meOf(browser)).toMatchObject({ name: 'gus', groups: ['platform'] });
  expect(graph.asked.at(-1)).toEqual({
    path: `/v1.0/users/${oid}/getMemberGroups`,
    authorization: expect.stringMatching(/^Bearer .+/),
    body: { securityEnabledOnly: false },
  });

  // Graph down is not an empty list: groups stay, and nobody new comes in on a guess.
  graph.down = true;
  world.api.advance({ minutes: 5 });
  await recheckSessions(world.api.context);
  expect(await meOf(browser)).toMatchObject({ groups: ['platform'] });
  const other = new Browser();
  expect((await other.walk(await started(other, world.origin), 'pairwise-gus')).status).toBe(503);
  graph.down = false;
  graph.members.set(oid, []);
  world.api.advance({ minutes: 5 });
  await recheckSessions(world.api.context);
  expect(await meOf(browser)).toMatchObject({ groups: [] });
});

/** Microsoft Graph, as far as it is asked: POST /v1.0/users/{id}/getMemberGroups. */
async function startGraph() {
  const members = new Map<string, string[]>();
  const asked: { path: string; authorization: string | undefined; body: unknown }[] = [];
  const state = { down: false };
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk) => {
      text += String(chunk);
    });
    request.on('end', () => {
      if (state.down) {
        response.writeHead(503).end();
        return;
      }
      asked.push({ path: request.url ?? '', authorization: request.headers.authorization, body: JSON.parse(text) });
      const object = /users\/([^/]+)\//.exec(request.url ?? '')?.[1] ?? '';
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ '@odata.context': 'x', value: members.get(object) ?? [] }));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return Object.assign(state, {
    url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
    members,
    asked,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  });
}
