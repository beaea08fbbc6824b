/** Signing in with a browser, at a real provider. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { codeOf, PASSWORD, withCluster } from '../support/api.ts';
import { Browser } from './support/browser.ts';
import { CALLBACK, PLATFORM, started, startWorld, type World } from './support/world.ts';

withCluster();
let world: World;
beforeAll(async () => {
  world = await startWorld();
  const { accounts } = world.idp;
  const erin = { preferred_username: 'erin', name: 'Erin Example', email: 'erin@example.com' };
  accounts.set('sub-erin', { claims: { ...erin, groups: [PLATFORM, 'other'] }, amr: ['pwd'] });
  accounts.set('sub-fay', { claims: { preferred_username: 'fay', roles: [PLATFORM] } });
});
afterAll(() => world.close());

const meOf = async (browser: Browser): Promise<unknown> => (await world.me(browser)).json();
const lastEvent = async () => (await world.api.events()).at(-1);

describe('a first sign-in', () => {
  test('makes the person, with the groups that the configuration maps, and a session cookie', async () => {
    const browser = await world.signIn('sub-erin');
    expect(await meOf(browser)).toMatchObject({
      name: 'erin',
      groups: ['platform'],
      session: { how: 'oidc', kind: 'cookie', mfaAt: null },
    });
    const carol = await world.api.as('carol');
    expect((await carol.identities({ name: 'erin' })).items).toMatchObject([
      { provider: 'corp', issuer: world.idp.issuer, subject: 'sub-erin', groups: [PLATFORM, 'other'], linkedBy: null },
    ]);
    expect((await world.api.events()).map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['person.created', 'identity.linked', 'identity.groups_changed', 'login.succeeded']),
    );
    const { token, refresh } = await secretsInStore();
    expect(token).not.toContain(browser.cookie('tidegate') ?? 'none');
    expect(refresh).toMatch(/^v1\./);
  });

  test('app roles count as groups do', async () => {
    expect(await meOf(await world.signIn('sub-fay'))).toMatchObject({ name: 'fay', groups: ['platform'] });
  });

  test('the next one finds the same person, whatever they are called by then; groups follow', async () => {
    const { accounts } = world.idp;
    accounts.set('sub-gus', { claims: { preferred_username: 'gus', groups: [PLATFORM] } });
    await world.signIn('sub-gus');
    accounts.set('sub-gus', { claims: { preferred_username: 'somebody', email: 'erin@example.com', groups: [] } });
    expect(await meOf(await world.signIn('sub-gus'))).toMatchObject({ name: 'gus', groups: [] });
    expect(await world.api.events()).toContainEqual({
      kind: 'identity.groups_changed',
      data: { person: 'gus', joined: [], left: ['platform'] },
    });
  });

  test('nobody is taken over: not a local account, not a name that the configuration speaks of', async () => {
    const { accounts } = world.idp;
    // alice has a password here; ivan too, and is named in a rule; hal is a member of a group and nobody yet.
    await world.configure('', (yaml) => yaml.replace('- { name: leads }', '- { name: leads, members: [hal] }'));
    for (const [subject, name, called] of [
      ['sub-a', 'alice', 'alice (corp)'],
      ['sub-b', 'alice', 'alice (corp 2)'],
      ['sub-h', 'hal', 'hal (corp)'],
      ['sub-none', undefined, 'corp sub-none'],
      ['sub-odd', 'a\u0007b', 'corp sub-odd'],
    ] as const) {
      accounts.set(subject, { claims: name === undefined ? {} : { preferred_username: name } });
      expect(await meOf(await world.signIn(subject))).toMatchObject({ name: called, groups: [] });
    }
    expect((await world.api.nobody.login({ user: 'alice', password: PASSWORD })).person).toBe('alice');
    expect(await codeOf(world.api.nobody.login({ user: 'alice (corp)', password: PASSWORD }))).toBe('login_failed');
  });

  test('an administrator’s word makes them somebody who was here before, on the record; and takes it back', async () => {
    const carol = await world.api.as('carol');
    world.idp.accounts.set('sub-dan', { claims: { preferred_username: 'dan', groups: [PLATFORM] } });
    const before = await world.signIn('sub-dan');
    expect(await meOf(before)).toMatchObject({ name: 'dan (corp)' });
    await carol.linkIdentity({ name: 'dan', provider: 'corp', subject: 'sub-dan' });
    expect((await world.me(before)).status).toBe(401);
    expect(await codeOf(carol.linkIdentity({ name: 'dan', provider: 'corp', subject: 'sub-dan' }))).toBe('conflict');
    expect(await world.api.events()).toContainEqual({
      kind: 'identity.linked',
      data: expect.objectContaining({ person: 'dan', by: 'carol', from: 'dan (corp)', subject: 'sub-dan' }),
    });
    const after = await world.signIn('sub-dan');
    expect(await meOf(after)).toMatchObject({ name: 'dan', groups: ['dba', 'platform'] });
    expect((await carol.person({ name: 'dan (corp)' })).groups).toEqual([]);

    await carol.unlinkIdentity({ name: 'dan', provider: 'corp', subject: 'sub-dan' });
    expect((await world.me(after)).status).toBe(401);
    expect((await carol.person({ name: 'dan' })).groups).toEqual(['dba']);
  });

  test('a group that the configuration no longer maps is left at once', async () => {
    const browser = await world.signIn('sub-erin');
    await world.configure('', (yaml) => yaml.replace(`{ name: platform, fromIdp: ${PLATFORM} }`, '{ name: platform }'));
    expect(await meOf(browser)).toMatchObject({ groups: [] });
    await world.configure('');
    expect(await meOf(browser)).toMatchObject({ groups: ['platform'] });
  });

  test('who is disabled here is not let in by their provider', async () => {
    const carol = await world.api.as('carol');
    await carol.changePerson({ name: 'fay', disabled: true });
    const browser = new Browser();
    const { status, text } = await browser.walk(await started(browser, world.origin), 'sub-fay');
    expect({ status, text }).toEqual({ status: 401, text: expect.stringContaining('disabled here') });
    expect(browser.cookie('tidegate')).toBeNull();
    expect(await lastEvent()).toMatchObject({ kind: 'login.failed', data: { provider: 'corp', how: 'oidc' } });
    await carol.changePerson({ name: 'fay', disabled: false });
  });
});

describe('the way back', () => {
  test.each([
    ['/requests/req_1?x=1#y', '/requests/req_1?x=1#y'],
    ['https://evil.example/', '/'],
    ['//evil.example/', '/'],
    ['/\\evil.example', '/'],
    ['/.//evil.example', '/'],
    ['javascript:alert(1)', '/'],
  ])('leads to %s: %s', async (wanted, given) => {
    const browser = new Browser();
    const location = await started(browser, world.origin, wanted);
    const { url } = await browser.walk(location, 'sub-erin', ({ pathname }) => pathname === CALLBACK);
    const answer = await fetch(url, {
      redirect: 'manual',
      headers: { cookie: `tidegate-sign-in=${browser.cookie('tidegate-sign-in')}` },
    });
    expect({ status: answer.status, location: answer.headers.get('location') }).toEqual({
      status: 303,
      location: given,
    });
  });

  test('an answer counts once, in the browser that asked, with the state that was given', async () => {
    const browser = new Browser();
    const location = await started(browser, world.origin);
    const params = new URL(location).searchParams;
    expect(params.get('code_challenge_method')).toBe('S256');
    expect(params.get('redirect_uri')).toBe(`${world.origin}${CALLBACK}`);
    expect(params.get('nonce')).toMatch(/^[\w-]{43}$/);
    const { url } = await browser.walk(location, 'sub-erin', ({ pathname }) => pathname === CALLBACK);

    const tampered = new URL(url);
    tampered.searchParams.set('state', 'x'.repeat(43));
    const other = new Browser();
    other.plant('localhost', 'tidegate-sign-in', 'x'.repeat(43));
    expect((await browser.walk(tampered.href, '')).text).toContain('not begun here');
    expect((await other.walk(url.href, '')).text).toContain('another browser');
    // That attempt took the sign-in with it.
    expect((await browser.walk(url.href, '')).text).toContain('answered already');
    expect(browser.cookie('tidegate')).toBeNull();
    expect(await world.api.events()).toContainEqual({
      kind: 'login.failed',
      data: expect.objectContaining({ why: 'This sign-in was begun in another browser.' }),
    });
  });

  test('two tabs of one browser may sign in, in any order', async () => {
    const browser = new Browser();
    const [one, two] = [await started(browser, world.origin, '/one'), await started(browser, world.origin, '/two')];
    expect((await browser.walk(two, 'sub-erin', ({ pathname }) => pathname === '/two')).url.pathname).toBe('/two');
    expect((await browser.walk(one, 'sub-erin', ({ pathname }) => pathname === '/one')).url.pathname).toBe('/one');
  });

  test('ten minutes are time enough', async () => {
    const browser = new Browser();
    const location = await started(browser, world.origin);
    world.api.advance({ minutes: 10 });
    expect((await browser.walk(location, 'sub-erin')).text).toContain('took too long');
  });

  test('who gives up at the provider is told so, on a plain page, and it stands on the record', async () => {
    const browser = new Browser();
    const { status, text } = await browser.walk(await started(browser, world.origin), '');
    expect(status).toBe(401);
    expect(text).toContain('did not let you in');
    expect(text).not.toContain('<script');
    expect(await lastEvent()).toMatchObject({
      kind: 'login.failed',
      data: { provider: 'corp', why: 'access_denied: the person gave up' },
    });
  });

  test('only a page of ours begins a sign-in in a browser', async () => {
    const elsewhere = await fetch(`${world.origin}/v1/sign-in/providers/corp/start`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
      body: JSON.stringify({ destination: { cookie: true } }),
    });
    expect(elsewhere.status).toBe(403);
  });
});

describe('a provider', () => {
  test('is among the ways to sign in', async () => {
    expect(await world.api.nobody.signInWays()).toEqual({ local: true, providers: [{ name: 'corp' }] });
  });

  test('that is down lets nobody new in, and says so; who is in goes on', async () => {
    const inside = await world.signIn('sub-erin');
    const browser = new Browser();
    const location = await started(browser, world.origin);
    const { url } = await browser.walk(location, 'sub-erin', ({ pathname }) => pathname === CALLBACK);
    world.idp.down(true);
    expect(await browser.walk(url.href, '')).toMatchObject({
      status: 503,
      text: expect.stringContaining('cannot be used just now'),
    });
    expect((await world.me(inside)).status).toBe(200);
    world.idp.down(false);
  });

  test('that changed its keys is believed with the new ones', async () => {
    await world.signIn('sub-erin');
    await world.idp.rotate();
    world.forgetTime(31_000);
    expect(await meOf(await world.signIn('sub-erin'))).toMatchObject({ name: 'erin' });
  });

  test('that gives no refresh token lets nobody in, unless nobody is to be asked about', async () => {
    await world.configure('    scopes: [openid, profile]');
    const browser = new Browser();
    expect((await browser.walk(await started(browser, world.origin), 'sub-erin')).text).toContain('no refresh token');
    await world.configure('    scopes: [openid, profile]\n    session: { recheckEvery: never }');
    expect(await meOf(await world.signIn('sub-erin'))).toMatchObject({ name: 'erin' });
    await world.configure('');
  });
});

async function secretsInStore(): Promise<{ token: string; refresh: string }> {
  const { db } = world.api.context.store;
  const rows = await db.selectFrom('providerSessions').selectAll().execute();
  const logins = await db.selectFrom('logins').selectAll().execute();
  return { token: JSON.stringify([rows, logins]), refresh: rows[0]?.refreshToken ?? '' };
}
