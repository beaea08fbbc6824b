/** Whoever is removed at the provider loses what they have here; whoever only signed out does not lose more than that. */
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startProviderKeeper } from '../../src/identity/oidc/keeper.ts';
import { recheckSessions } from '../../src/identity/oidc/recheck.ts';
import { withCluster } from '../support/api.ts';
import type { Browser } from './support/browser.ts';
import { CLIENT } from './support/identity-provider.ts';
import { type Liar, startLiar } from './support/liar.ts';
import { PLATFORM, startWorld, type World } from './support/world.ts';

withCluster();
let world: World;
/** Whoever is in `platform` gets what they ask for at once. */
const AT_ONCE = (yaml: string): string =>
  yaml.replace(
    'policies:\n',
    `policies:
  - name: platform
    resources: { names: [orders] }
    roles: [reader]
    who: { groups: [platform] }
    reason: { required: false }
    approvals: []
`,
  );
beforeAll(async () => {
  world = await startWorld();
  await world.configure('', AT_ONCE);
});
afterAll(() => world.close());

/** Somebody new, signed in, with a grant. */
async function withGrant(
  name: string,
  ...more: string[]
): Promise<{ browser: Browser; grant: string; subject: string }> {
  const subject = `sub-${name}`;
  world.idp.accounts.set(subject, { claims: { preferred_username: name, groups: [PLATFORM, ...more] } });
  const browser = await world.signIn(subject);
  const answer = await browser.call(world.origin, '/v1/requests', { resource: 'orders', role: 'reader' });
  const request: unknown = await answer.json();
  return { browser, subject, grant: String(Reflect.get(Object(Reflect.get(Object(request), 'grant')), 'id')) };
}

const stateOf = async (grant: string) => {
  const carol = await world.api.as('carol');
  const { state, closedBecause, closedBy } = await carol.grant({ id: grant as never });
  return { state, closedBecause, closedBy };
};
const OPEN = { state: 'scheduled', closedBecause: null, closedBy: null };
const REVOKED = { state: 'closing', closedBecause: 'revoked', closedBy: 'identity provider corp' };
const statusOf = async (browser: Browser): Promise<number> => (await world.me(browser)).status;
const meOf = async (browser: Browser): Promise<unknown> => (await world.me(browser)).json();
async function fiveMinutesLater(): Promise<void> {
  world.api.advance({ minutes: 5 });
  await recheckSessions(world.api.context);
}

describe('asked every five minutes', () => {
  test('a provider that knows the person: all goes on, with the groups of now and another refresh token', async () => {
    const { browser, grant, subject } = await withGrant('gil');
    const asked = world.idp.tokenRequests.length;
    await recheckSessions(world.api.context);
    expect(world.idp.tokenRequests).toHaveLength(asked);
    for (const groups of [[], [PLATFORM]]) {
      world.idp.accounts.set(subject, { claims: { preferred_username: 'gil', groups } });
      await fiveMinutesLater();
      expect(await meOf(browser)).toMatchObject({ groups: groups.length === 0 ? [] : ['platform'] });
    }
    const used = world.idp.tokenRequests.slice(asked).map((params) => params.get('refresh_token'));
    expect(new Set(used).size).toBe(used.length);
    expect(await stateOf(grant)).toEqual(OPEN);
  });

  test('a person who is gone: their logins, requests and grants end, and they are in no group of it', async () => {
    const { browser, grant, subject } = await withGrant('hana');
    const other = await world.signIn(subject);
    const pending: unknown = await (
      await browser.call(world.origin, '/v1/requests', { resource: 'orders', role: 'reader', startsAt: in2h() })
    ).json();
    world.idp.accounts.delete(subject);
    await fiveMinutesLater();
    expect([await statusOf(browser), await statusOf(other)]).toEqual([401, 401]);
    expect(await stateOf(grant)).toEqual(REVOKED);
    expect(await stateOf(String(Reflect.get(Object(Reflect.get(Object(pending), 'grant')), 'id')))).toEqual(REVOKED);
    const carol = await world.api.as('carol');
    expect((await carol.person({ name: 'hana' })).groups).toEqual([]);
    const events = await world.api.events();
    expect(events).toContainEqual({
      kind: 'identity.gone',
      data: expect.objectContaining({ person: 'hana', subject }),
    });
    expect(events.filter(({ kind, data }) => kind === 'login.ended' && data.person === 'hana')).toHaveLength(2);
  });

  test('a person who had signed out here, and holds a grant: asked about all the same', async () => {
    const { browser, grant, subject } = await withGrant('ida');
    await browser.call(world.origin, '/v1/logout', {});
    await fiveMinutesLater();
    expect(await stateOf(grant)).toEqual(OPEN);
    world.idp.accounts.delete(subject);
    await fiveMinutesLater();
    expect(await stateOf(grant)).toEqual(REVOKED);
  });

  test('it is the control plane itself that asks', async () => {
    const { browser, grant, subject } = await withGrant('jo');
    world.idp.accounts.delete(subject);
    const keeper = startProviderKeeper(world.api.context, 20);
    world.api.advance({ minutes: 5 });
    await expect.poll(() => statusOf(browser)).toBe(401);
    await keeper.stop();
    expect(await stateOf(grant)).toEqual(REVOKED);
  });

  test('who signed out and holds nothing is not asked about any more', async () => {
    world.idp.accounts.set('sub-jan', { claims: { preferred_username: 'jan' } });
    const browser = await world.signIn('sub-jan');
    await browser.call(world.origin, '/v1/logout', {});
    await fiveMinutesLater();
    const { db } = world.api.context.store;
    expect(await db.selectFrom('providerSessions').where('subject', '=', 'sub-jan').selectAll().execute()).toEqual([]);
  });

  test('a provider that is down says nothing about anybody; when it is back it is asked at once', async () => {
    const { browser, grant, subject } = await withGrant('kim');
    world.idp.down(true);
    await fiveMinutesLater();
    await fiveMinutesLater();
    expect(await statusOf(browser)).toBe(200);
    expect(await stateOf(grant)).toEqual(OPEN);
    world.idp.down(false);
    world.idp.accounts.delete(subject);
    world.api.advance({ minutes: 1 });
    await recheckSessions(world.api.context);
    expect(await statusOf(browser)).toBe(401);
    expect(await stateOf(grant)).toEqual(REVOKED);
  });

  test('of several control planes one asks: no token is used twice', async () => {
    await withGrant('lee');
    const asked = world.idp.tokenRequests.length;
    world.api.advance({ minutes: 5 });
    await Promise.all(Array.from({ length: 4 }, () => recheckSessions(world.api.context)));
    const used = world.idp.tokenRequests.slice(asked).map((params) => params.get('refresh_token'));
    expect(used.length).toBeGreaterThan(0);
    expect(new Set(used).size).toBe(used.length);
  });

  test('where a refusal is to mean no more than a sign-out, grants stay', async () => {
    await world.configure('    session: { whenRefused: sign-out }', AT_ONCE);
    const { browser, grant, subject } = await withGrant('mia');
    world.idp.accounts.delete(subject);
    await fiveMinutesLater();
    expect(await statusOf(browser)).toBe(401);
    expect(await stateOf(grant)).toEqual(OPEN);
    await world.configure('', AT_ONCE);
  });

  test('a provider that the configuration no longer has signs its people out', async () => {
    const { browser } = await withGrant('noa');
    await world.configure('', (yaml) => AT_ONCE(yaml).replace('name: corp', 'name: other'));
    await fiveMinutesLater();
    expect(await statusOf(browser)).toBe(401);
    await world.configure('', AT_ONCE);
  });

  test('the last administrator stays one, and the record says so', async () => {
    const admins = '{ name: administrators, fromIdp: the-admins }';
    await world.configure('', (yaml) => AT_ONCE(yaml).replace('groups:\n  -', `groups:\n  - ${admins}\n  -`));
    const { browser, subject } = await withGrant('ora', 'the-admins');
    const carol = await world.api.as('carol');
    await carol.changePerson({ name: 'carol', groups: ['auditors'] });
    world.idp.accounts.set(subject, { claims: { preferred_username: 'ora', groups: [] } });
    await fiveMinutesLater();
    expect(await meOf(browser)).toMatchObject({ groups: ['administrators'] });
    expect(await world.api.events()).toContainEqual({
      kind: 'identity.last_administrator_kept',
      data: expect.objectContaining({ person: 'ora' }),
    });
    await browser.call(world.origin, '/v1/people/carol', { groups: ['administrators'] }, 'PATCH');
    await world.configure('', AT_ONCE);
  });
});

describe('told by the provider (back-channel logout)', () => {
  const sessionOf = async (subject: string) =>
    world.api.context.store.db
      .selectFrom('providerSessions')
      .selectAll()
      .where('subject', '=', subject)
      .executeTakeFirstOrThrow();
  const client = async () => {
    const found = await world.idp.provider.Client.find(CLIENT);
    if (found === undefined) throw new Error('no client');
    return found;
  };

  test('its logins end at once; a mere sign-out leaves grants', async () => {
    const { browser, grant, subject } = await withGrant('pia');
    await (await client()).backchannelLogout(subject, (await sessionOf(subject)).sid ?? undefined);
    expect(await statusOf(browser)).toBe(401);
    expect((await world.api.events()).at(-1)).toMatchObject({
      kind: 'login.ended',
      data: { person: 'pia', why: 'signed out at the identity provider corp' },
    });
    await recheckSessions(world.api.context);
    expect(await stateOf(grant)).toEqual(OPEN);
  });

  test('a sign-out that was a removal takes grants at the next look, without waiting five minutes', async () => {
    const { browser, grant, subject } = await withGrant('quin');
    world.idp.accounts.delete(subject);
    await (await client()).backchannelLogout(subject, (await sessionOf(subject)).sid ?? undefined);
    expect(await statusOf(browser)).toBe(401);
    await recheckSessions(world.api.context);
    expect(await stateOf(grant)).toEqual(REVOKED);
  });

  test('of another session there, it ends nothing here', async () => {
    const { browser, subject } = await withGrant('ria');
    await (await client()).backchannelLogout(subject, 'another session');
    expect(await statusOf(browser)).toBe(200);
  });
});

describe('a logout token', () => {
  let liar: Liar;
  beforeAll(async () => {
    liar = await startLiar();
    const carol = await world.api.as('carol');
    const { yaml } = await carol.config();
    await carol.applyConfig({
      yaml: yaml
        .replace(
          'identityProviders:\n',
          `identityProviders:\n  - { name: liar, issuer: "${liar.issuer}", clientId: tidegate }\n`,
        )
        .replace(`fromIdp: ${PLATFORM}`, `fromIdp: { provider: corp, id: ${PLATFORM} }`),
    });
  });
  afterAll(() => liar.close());

  const EVENTS = { 'http://schemas.openid.net/event/backchannel-logout': {} };
  const nowS = (): number => Math.floor(Date.now() / 1000);
  const make = (claims: object, key = liar.keys.privateKey) =>
    new SignJWT(
      JSON.parse(
        JSON.stringify({
          iss: liar.issuer,
          aud: CLIENT,
          sub: 'sub-lou',
          iat: nowS(),
          exp: nowS() + 120,
          jti: crypto.randomUUID(),
          events: EVENTS,
          ...claims,
        }),
      ),
    )
      .setProtectedHeader({ alg: 'RS256', kid: 'one', typ: 'logout+jwt' })
      .sign(key);
  const send = (token: string, provider = 'liar') =>
    fetch(`${world.origin}/v1/sign-in/providers/${provider}/back-channel-logout`, {
      method: 'POST',
      body: new URLSearchParams({ logout_token: token }),
    });

  test('in order, counts once', async () => {
    const token = await make({});
    expect((await send(token)).status).toBe(200);
    const again = await send(token);
    expect({ status: again.status, told: await again.json() }).toEqual({
      status: 400,
      told: { error: 'invalid_request', error_description: 'The logout token is refused.' },
    });
    expect(again.headers.get('cache-control')).toBe('no-store');
    expect((await world.api.events()).at(-1)).toMatchObject({
      kind: 'login.failed',
      data: { provider: 'liar', why: 'a logout token that came before' },
    });
  });

  test.each<[string, () => object, string]>([
    ['of another issuer', () => ({ iss: 'https://evil.example' }), 'iss'],
    ['for another client', () => ({ aud: 'x' }), 'aud'],
    ['that is old', () => ({ iat: nowS() - 600, exp: undefined }), 'iat'],
    ['that is over', () => ({ iat: nowS() - 200, exp: nowS() - 100 }), 'exp'],
    ['without a time', () => ({ iat: undefined }), 'iat'],
    ['without an id', () => ({ jti: undefined }), 'jti'],
    ['without the event', () => ({ events: {} }), 'events'],
    ['with an event of another kind', () => ({ events: { [Object.keys(EVENTS)[0] ?? '']: 1 } }), 'events'],
    ['with a nonce, as ID tokens have', () => ({ nonce: 'x' }), 'nonce'],
    ['of nobody', () => ({ sub: undefined }), 'neither a person nor a session'],
  ])('%s is refused', async (_, claims, why) => {
    expect((await send(await make(claims()))).status).toBe(400);
    expect((await world.api.events()).at(-1)).toMatchObject({
      kind: 'login.failed',
      data: { provider: 'liar', why: expect.stringContaining(why) },
    });
  });

  test('signed by another provider is refused', async () => {
    const token = await make({ iss: world.idp.issuer });
    expect((await send(token, 'corp')).status).toBe(400);
    expect((await send(token, 'nobody')).status).toBe(404);
    expect((await send('x')).status).toBe(400);
  });

  test('comes as a form, and as nothing else', async () => {
    const url = `${world.origin}/v1/sign-in/providers/liar/back-channel-logout`;
    const headers = { 'content-type': 'application/json' };
    expect((await fetch(url, { method: 'POST', headers, body: '{"logout_token":"x"}' })).status).toBe(415);
    expect((await fetch(url, { method: 'POST', body: new URLSearchParams({}) })).status).toBe(400);
  });
});

const in2h = (): string => world.api.context.now().add({ hours: 2 }).toString();
