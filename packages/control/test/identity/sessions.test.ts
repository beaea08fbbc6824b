/** Logins in browsers and elsewhere: cookies, whose page calls, what rotates, what is listed and ended. */
import { BROWSER_HEADER, problem } from '@tidegate/contract';
import { TOTP } from 'otpauth';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildServer } from '../../src/api/server.ts';
import { openLogin, purgeLogins } from '../../src/identity/logins.ts';
import { browserUrl, ourPath, settings } from '../../src/identity/signing-in.ts';
import { type Api, codeOf, PASSWORD, startApi, withCluster } from '../support/api.ts';

withCluster();
let api: Api;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

type Headers = Readonly<Record<string, string>>;

/** A page of ours, in a browser that keeps cookies. */
class Page {
  cookie = '';
  readonly url: string;
  /** Every `set-cookie` that was answered. */
  readonly set: string[] = [];

  constructor(url: string) {
    this.url = url;
  }

  async call(method: string, path: string, body?: object, headers: Headers = this.ours()): Promise<Response> {
    const answer = await fetch(new URL(path, this.url), {
      method,
      headers: {
        ...headers,
        ...(this.cookie === '' ? {} : { cookie: this.cookie }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    for (const line of answer.headers.getSetCookie()) {
      this.set.push(line);
      const [pair = ''] = line.split(';');
      this.cookie = pair.endsWith('=') ? '' : pair;
    }
    return answer;
  }

  ours(): Headers {
    return { [BROWSER_HEADER]: '1', 'sec-fetch-site': 'same-origin', origin: this.url };
  }

  async signIn(user: string): Promise<void> {
    const answer = await this.call('POST', '/v1/login', { user, password: PASSWORD, cookie: true });
    expect(await answer.json()).toMatchObject({ person: user, token: null });
  }

  async is(who: string | null): Promise<void> {
    const answer = await this.call('GET', '/v1/me');
    expect(answer.status).toBe(who === null ? 401 : 200);
    if (who !== null) expect(await answer.json()).toMatchObject({ name: who, session: { kind: 'cookie' } });
  }
}

const ours = (): Page => new Page(new URL(api.url).origin);

/** Somebody's second factor, and its codes, each another one. */
async function authenticatorOf(user: string): Promise<() => string> {
  const client = api.nobody.withToken((await api.nobody.login({ user, password: PASSWORD })).token);
  const { secret } = await client.enrolTotp({ password: PASSWORD });
  const totp = new TOTP({ secret });
  const code = (): string => {
    api.advance({ seconds: 30 });
    return totp.generate({ timestamp: api.context.now().epochMilliseconds });
  };
  await client.confirmTotp({ code: code() });
  return code;
}

describe('a browser', () => {
  test('gets a cookie that no script can read, and no token', async () => {
    const page = ours();
    await page.signIn('alice');
    expect(page.set).toHaveLength(1);
    expect(page.set[0]).toMatch(/^tidegate=tdg_[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=(86400|86399)$/);
    await page.is('alice');
    expect((await page.call('POST', '/v1/logout')).status).toBe(204);
    expect(page.cookie).toBe('');
    expect(page.set.at(-1)).toContain('Max-Age=0');
    await page.is(null);
  });

  test('over TLS: Secure, for this host alone, by the word of a proxy that is believed', async () => {
    const signIn = settings({ publicUrl: () => 'http://localhost' });
    const parts = { context: { ...api.context, signIn }, waitForTicket: api.gateway, look: api.look };
    const behind = await buildServer(parts, { webFolder: null, trustProxy: ['127.0.0.1'] });
    const alone = await buildServer(parts, { webFolder: null });
    const headers = {
      [BROWSER_HEADER]: '1',
      host: 'tidegate.example',
      origin: 'https://tidegate.example',
      'x-forwarded-proto': 'https',
    };
    const payload = { user: 'alice', password: PASSWORD, cookie: true };
    const post = { method: 'POST', url: '/v1/login', headers, payload } as const;
    const believed = await behind.inject(post);
    expect(believed.statusCode).toBe(200);
    expect(believed.headers['set-cookie']).toMatch(
      /^__Host-tidegate=tdg_.*; Path=\/; HttpOnly; SameSite=Strict; .*; Secure$/,
    );
    // Anybody can say that they came over TLS; and over plain HTTP to another machine no cookie goes.
    expect((await alone.inject(post)).statusCode).toBe(403);
    const plain = { ...headers, origin: 'http://tidegate.example', 'x-forwarded-proto': 'http' };
    const refused = await behind.inject({ ...post, headers: plain });
    expect(problem.parse(refused.json()).detail).toContain('over https only');
    await Promise.all([behind.close(), alone.close()]);
  });

  test('what was a cookie is nothing as a bearer token, and the other way round', async () => {
    const page = ours();
    await page.signIn('alice');
    const token = page.cookie.slice('tidegate='.length);
    expect(await codeOf(api.nobody.withToken(token).me())).toBe('unauthenticated');
    const bearer = (await api.nobody.login({ user: 'alice', password: PASSWORD })).token ?? '';
    page.cookie = `tidegate=${bearer}`;
    await page.is(null);
    // A header that is wrong is not made up for by a cookie that is right.
    page.cookie = `tidegate=${token}`;
    const headers = { ...page.ours(), authorization: 'Bearer x' };
    expect((await page.call('GET', '/v1/me', undefined, headers)).status).toBe(401);
    // Of two of the same name one is somebody else's.
    page.cookie = `tidegate=${token}; tidegate=${token}`;
    await page.is(null);
  });
});

describe('forged calls', () => {
  const forged: readonly [string, Headers][] = [
    ['from another site', { [BROWSER_HEADER]: '1', 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }],
    ['from a sibling host', { [BROWSER_HEADER]: '1', 'sec-fetch-site': 'same-site' }],
    ['typed into the address bar', { [BROWSER_HEADER]: '1', 'sec-fetch-site': 'none' }],
    ['with another origin', { [BROWSER_HEADER]: '1', origin: 'https://evil.example' }],
    ['from a sandboxed frame', { [BROWSER_HEADER]: '1', 'sec-fetch-site': 'same-origin', origin: 'null' }],
    ['that say not where they come from', { [BROWSER_HEADER]: '1' }],
    ['without our header, as a form sends them', { 'sec-fetch-site': 'same-origin' }],
  ];

  test.each(forged)('%s change nothing, and stand on record', async (_, headers) => {
    const page = ours();
    await page.signIn('bob');
    const answer = await page.call('POST', '/v1/logout', undefined, headers);
    expect(problem.parse(await answer.json())).toMatchObject({ status: 403, code: 'forbidden' });
    expect((await api.events()).at(-1)).toMatchObject({
      kind: 'call.refused',
      data: { person: 'bob', endpoint: 'logout', why: expect.stringContaining('a page of Tidegate') },
    });
    await page.is('bob');
    // Nor do they sign anybody in, as somebody else.
    const signIn = await page.call('POST', '/v1/login', { user: 'dan', password: PASSWORD, cookie: true }, headers);
    expect(signIn.status).toBe(403);
    await page.is('bob');
  });

  test('of another site read nothing either', async () => {
    const page = ours();
    await page.signIn('bob');
    expect((await page.call('GET', '/v1/me', undefined, { 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect((await page.call('GET', '/v1/me', undefined, { 'sec-fetch-site': 'none' })).status).toBe(200);
  });

  test('are no matter for who brings a token: no browser adds that by itself', async () => {
    const { token } = await api.nobody.login({ user: 'bob', password: PASSWORD });
    const headers = {
      authorization: `Bearer ${token}`,
      'sec-fetch-site': 'cross-site',
      origin: 'https://evil.example',
    };
    expect((await fetch(new URL('/v1/logout', api.url), { method: 'POST', headers })).status).toBe(204);
  });
});

describe('rotation', () => {
  test('a sign-in takes no token from outside, and ends the login that was in its place', async () => {
    const page = ours();
    page.cookie = `tidegate=tdg_${'A'.repeat(43)}`;
    await page.signIn('dan');
    expect(page.cookie).not.toContain('AAAA');
    const before = page.cookie;
    await page.signIn('dan');
    expect(page.cookie).not.toBe(before);
    const old = ours();
    old.cookie = before;
    await old.is(null);
    await page.is('dan');
    expect((await api.events()).at(-1)).toMatchObject({
      kind: 'login.ended',
      data: { person: 'dan', replacedBy: expect.any(String) },
    });
  });

  test('a second factor gives another token; the old one is dead, whatever else the call is answered', async () => {
    const code = await authenticatorOf('lea');
    const page = ours();
    await page.signIn('lea');
    const before = page.cookie;
    const shown = await page.call('POST', '/v1/me/mfa/totp/verify', { code: code() });
    expect(await shown.json()).toMatchObject({ session: { mfaAt: expect.any(String) } });
    expect(page.cookie).not.toBe(before);
    const thief = ours();
    thief.cookie = before;
    await thief.is(null);
    await page.is('lea');
    // The code came along with a call that is refused: the browser has its new token all the same.
    const again = page.cookie;
    const refused = await page.call('POST', '/v1/connect', { resource: 'orders', mfaCode: code() });
    expect(refused.status).toBe(409);
    expect(page.cookie).not.toBe(again);
    await page.is('lea');
    // It is a browser: nobody shows the factor elsewhere for it, where no token of its own could be put in place.
    expect((await page.call('POST', '/v1/me/mfa/challenges')).status).toBe(403);
    // A wrong one rotates nothing.
    const still = page.cookie;
    expect((await page.call('POST', '/v1/me/mfa/totp/verify', { code: '000000' })).status).toBe(403);
    expect(page.cookie).toBe(still);
  });
});

describe('logins', () => {
  test('are listed with where they came from, and ended one by one', async () => {
    const login = { user: 'ivan', password: PASSWORD };
    const here = api.nobody.withToken((await api.nobody.login(login)).token);
    const page = ours();
    const long = { ...page.ours(), 'user-agent': `Browser ${'x'.repeat(400)}` };
    await page.call('POST', '/v1/login', { ...login, cookie: true }, long);
    const { items } = await here.myLogins();
    expect(items).toHaveLength(2);
    const [browser, terminal] = items;
    if (browser === undefined || terminal === undefined) throw new Error('no logins');
    expect(browser).toMatchObject({
      current: false,
      how: 'password',
      kind: 'cookie',
      address: '127.0.0.1',
      mfaAt: null,
    });
    expect(browser.userAgent).toHaveLength(256);
    expect(terminal).toMatchObject({ current: true, kind: 'bearer' });
    expect((await here.me()).session.id).toBe(terminal.id);
    const lasts = Temporal.Instant.from(terminal.createdAt).until(terminal.expiresAt).total('hours');
    expect([lasts, Temporal.Instant.from(terminal.lastUsedAt).until(terminal.idleAt).total('hours')]).toEqual([24, 8]);
    // A name, and no more: it opens nothing.
    expect(await codeOf(api.nobody.withToken(terminal.id).me())).toBe('unauthenticated');

    await here.endMyLogin({ id: browser.id });
    await page.is(null);
    expect(await codeOf(here.endMyLogin({ id: browser.id }))).toBe('not_found');
    expect(await codeOf((await api.as('bob')).endMyLogin({ id: terminal.id }))).toBe('not_found');
    const carol = await api.as('carol');
    expect((await carol.loginsOf({ name: 'ivan', limit: 1 })).items).toMatchObject([
      { id: terminal.id, current: false },
    ]);
    expect(await codeOf(carol.loginsOf({ name: 'nobody' }))).toBe('not_found');
    expect(await codeOf(carol.endLoginOf({ name: 'bob', id: terminal.id }))).toBe('not_found');
    await carol.endLoginOf({ name: 'ivan', id: terminal.id });
    expect(await codeOf(here.me())).toBe('unauthenticated');
    expect((await api.events()).at(-1)).toMatchObject({
      kind: 'login.ended',
      data: { person: 'ivan', by: 'carol', login: terminal.id },
    });
  });

  test('come in pages, newest first', async () => {
    const olga = await api.as('olga');
    for (let count = 0; count < 4; count += 1) await api.nobody.login({ user: 'olga', password: PASSWORD });
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page: Awaited<ReturnType<typeof olga.myLogins>> = await olga.myLogins({ limit: 2, cursor });
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    expect(new Set(seen).size).toBe(5);
  });

  test('last as long as the environment says, and no longer than what they hang on', async () => {
    const now = api.context.now();
    const signIn = {
      ...api.context.signIn,
      idle: Temporal.Duration.from('PT10M'),
      longest: Temporal.Duration.from('PT1H'),
    };
    const context = { ...api.context, signIn };
    const opening = {
      address: 'x',
      userAgent: null,
      how: 'oidc',
      kind: 'bearer',
      mfaAt: null,
      authTime: now,
    } as const;
    const { person } = await api.nobody.login({ user: 'audrey', password: PASSWORD });
    const hour = await openLogin(context, { ...opening, person });
    expect(now.until(hour.expiresAt).total('minutes')).toBeCloseTo(60, 0);
    const short = await openLogin(context, { ...opening, person, ends: now.add({ minutes: 5 }) });
    expect(now.until(short.expiresAt).total('minutes')).toBeCloseTo(5, 0);
    expect(await codeOf(openLogin(context, { ...opening, person, ends: now }))).toBe('login_failed');
  });
});

test('what is over is forgotten: logins, and whatever was asked on them', async () => {
  const { db } = api.context.store;
  const client = api.nobody.withToken((await api.nobody.login({ user: 'audrey', password: PASSWORD })).token);
  await client.beginStepUp();
  await api.nobody.askPasskeyLogin();
  const left = async (): Promise<number[]> =>
    Promise.all(
      (['logins', 'mfaChallenges', 'passkeyChallenges', 'loginAttempts'] as const).map(
        async (table) => (await db.selectFrom(table).selectAll().execute()).length,
      ),
    );
  await purgeLogins(api.context);
  for (const count of (await left()).slice(0, 3)) expect(count).toBeGreaterThan(0);
  api.advance({ hours: 25 });
  await purgeLogins(api.context);
  expect(await left()).toEqual([0, 0, 0, 0]);
});

describe('where people go on to', () => {
  test.each([
    ['/requests?filter=mine#top', '/requests?filter=mine#top'],
    ['/', '/'],
    [undefined, '/'],
    ['', '/'],
    ['requests', '/'],
    ['//evil.example', '/'],
    ['/\\evil.example', '/'],
    ['/.//evil.example', '/'],
    ['/x/..//evil.example', '/'],
    ['/\t/evil.example', '/'],
    ['https://evil.example/', '/'],
    ['javascript:alert(1)', '/'],
    [`/${'x'.repeat(3000)}`, '/'],
  ])('%j leads to %j', (wanted, path) => {
    expect(ourPath(wanted)).toBe(path);
  });

  test.each([
    ['127.0.0.1', 'http://localhost:7300'],
    ['0.0.0.0', 'http://localhost:7300'],
    ['::', 'http://localhost:7300'],
    ['10.0.0.7', 'http://10.0.0.7:7300'],
    ['fd00::7', 'http://[fd00::7]:7300'],
  ])('bound to %s we are at %s', (bind, url) => {
    expect(browserUrl(bind, 7300)).toBe(url);
  });
});
