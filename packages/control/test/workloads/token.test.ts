/** Workloads: their accounts, and signing in by what an issuer on loopback vouches for. */
import { generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Api, CONFIG, codeOf, startApi, withCluster } from '../support/api.ts';
import { type Issuer, startIssuer } from './issuer.ts';

withCluster();
let api: Api;
let issuer: Issuer;
const SUBJECT = 'repo:contoso/shop:ref:refs/heads/main';
const AUDIENCE = 'https://tidegate.example';
const yaml = (
  more = '',
  name = 'deploy',
): string => `${CONFIG.replace('people: [ivan]', `people: [ivan], workloads: [${name}]`)}
workloads:
  - name: ${name}
    runBy: [bob]
    groups: [engineers]
    trust: [{ issuer: "${issuer.url}", subject: "${SUBJECT}", audience: "${AUDIENCE}" }]
${more}`;

beforeAll(async () => {
  issuer = await startIssuer();
  api = await startApi();
  await (await api.as('carol')).applyConfig({ yaml: yaml() });
});
afterAll(async () => {
  await api.close();
  await issuer.close();
});

const login = async (token: string) => api.nobody.loginWorkload({ token });
const lastRefusal = async () => (await api.events()).filter(({ kind }) => kind === 'login.failed').at(-1)?.data;

describe('a token', () => {
  test('signs its workload in, for an hour at most', async () => {
    const { token, person, expiresAt } = await login(await issuer.sign(SUBJECT, AUDIENCE));
    expect(person).toBe('deploy');
    const lasts = Temporal.Instant.from(expiresAt).since(api.context.now()).total('minutes');
    expect(lasts).toBeGreaterThan(55);
    expect(lasts).toBeLessThanOrEqual(60);
    const deploy = api.nobody.withToken(token);
    expect(await deploy.me()).toMatchObject({
      name: 'deploy',
      groups: ['engineers'],
      session: { how: 'workload', mfaAt: null },
    });
    // The whole cycle: what the policy gives a workload, it has.
    const { grant } = await deploy.createRequest({ resource: 'orders', role: 'reader' });
    expect(grant).toMatchObject({ person: 'deploy' });
  });

  test('may be for several audiences, one of them ours', async () => {
    expect(await login(await issuer.sign(SUBJECT, AUDIENCE, { aud: ['x', AUDIENCE] }))).toMatchObject({
      person: 'deploy',
    });
  });

  test('counts once', async () => {
    const token = await issuer.sign(SUBJECT, AUDIENCE);
    await login(token);
    expect(await codeOf(login(token))).toBe('login_failed');
    expect(await lastRefusal()).toMatchObject({ why: 'it was shown before', how: 'workload' });
  });

  test('counts once also when it is shown many times at once', async () => {
    const token = await issuer.sign(SUBJECT, AUDIENCE);
    const codes = await Promise.all(Array.from({ length: 5 }, () => codeOf(login(token))));
    expect(codes.filter((code) => code === 'not refused')).toHaveLength(1);
  });

  test('without a jti may be shown again: there is nothing to know it by', async () => {
    const token = await issuer.sign(SUBJECT, AUDIENCE, { jti: undefined });
    await login(token);
    await login(token);
  });

  const now = Math.floor(Date.now() / 1000);
  test.each([
    ['of another issuer', { iss: 'https://elsewhere.example' }],
    ['about another', { sub: `${SUBJECT}2` }],
    ['for another', { aud: 'https://other.example' }],
    ['for nobody', { aud: undefined }],
    ['that is over', { exp: now - 120 }],
    ['without an end', { exp: undefined }],
    ['not yet good', { nbf: now + 300 }],
    ['made in the future', { iat: now + 300 }],
    ['that does not say when it was made', { iat: undefined }],
    ['made long ago, whatever it says of its end', { iat: now - 25 * 3600 }],
  ])('%s is refused', async (_, change) => {
    expect(await codeOf(login(await issuer.sign(SUBJECT, AUDIENCE, change)))).toBe('login_failed');
    const { jti: __, ...told } = (await lastRefusal()) ?? {};
    expect(told).toMatchObject({ person: '(workload)', address: '127.0.0.1', why: expect.any(String) });
    // The limit of attempts is for the record's sake: it is not what refuses here.
    await login(await issuer.sign(SUBJECT, AUDIENCE));
  });

  test('signed by another key, by nobody, or with a secret, is refused', async () => {
    const claims = { iss: issuer.url, sub: SUBJECT, aud: AUDIENCE, iat: now, exp: now + 300 };
    const { privateKey } = await generateKeyPair('ES256');
    const forged = await new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: 'x' }).sign(privateKey);
    const unsigned = new UnsecuredJWT(claims).encode();
    const hmac = await new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(new Uint8Array(32));
    for (const token of [forged, unsigned, hmac, 'x', 'a.b.c', `${forged.slice(0, -4)}AAAA`]) {
      expect(await codeOf(login(token))).toBe('login_failed');
    }
    expect(JSON.stringify(await api.events())).not.toContain(forged.split('.')[2]);
    await login(await issuer.sign(SUBJECT, AUDIENCE));
  });
});

describe('an issuer', () => {
  test('is asked once, however many sign in; nobody has us call where they please', async () => {
    const before = { ...issuer.reads };
    await Promise.all([1, 2, 3].map(async () => login(await issuer.sign(SUBJECT, AUDIENCE))));
    expect(issuer.reads).toEqual(before);
    expect(await codeOf(login(await issuer.sign(SUBJECT, AUDIENCE, { iss: 'http://127.0.0.1:1' })))).toBe(
      'login_failed',
    );
    await login(await issuer.sign(SUBJECT, AUDIENCE));
  });

  test('that says it is another, or is down, is not believed, and is no fault of who asks', async () => {
    const other = await startIssuer();
    const trust = `  - { name: other, runBy: [bob], trust: [{ issuer: "${other.url}", subject: s, audience: a }] }\n`;
    await (await api.as('carol')).applyConfig({ yaml: yaml(trust) });
    other.said.issuer = 'https://elsewhere.example';
    const failed = (await api.events()).filter(({ kind }) => kind === 'login.failed').length;
    expect(await codeOf(login(await other.sign('s', 'a')))).toBe('unavailable');
    other.said.issuer = null;
    // It is not asked again at once.
    expect(await codeOf(login(await other.sign('s', 'a')))).toBe('unavailable');
    expect(other.reads.metadata).toBe(1);
    expect((await api.events()).filter(({ kind }) => kind === 'login.failed').length).toBe(failed);
    await other.close();
  });
});

describe('the account of a workload', () => {
  test('is made, changed and disabled as the configuration says, and takes what it has with it', async () => {
    const carol = await api.as('carol');
    await carol.applyConfig({ yaml: yaml() });
    const { token } = await login(await issuer.sign(SUBJECT, AUDIENCE));
    const deploy = api.nobody.withToken(token);
    const { grant } = await deploy.createRequest({ resource: 'orders', role: 'editor' });
    const expiresAt = api.context.now().add({ hours: 1 }).toString();
    const { key } = await carol.createApiKey({
      name: 'x',
      person: 'deploy',
      scopes: ['connect', 'requests:read'],
      expiresAt,
    });
    expect(await api.nobody.withToken(key).me()).toMatchObject({ name: 'deploy' });

    await carol.applyConfig({ yaml: CONFIG });
    expect(await codeOf(deploy.me())).toBe('unauthenticated');
    expect(await codeOf(api.nobody.withToken(key).me())).toBe('unauthenticated');
    expect((await carol.grant({ id: grant?.id ?? '' })).state).not.toBe('scheduled');
    expect(await codeOf(login(await issuer.sign(SUBJECT, AUDIENCE)))).toBe('login_failed');
    expect(await carol.person({ name: 'deploy' })).toMatchObject({ disabled: true, groups: [] });

    await carol.applyConfig({ yaml: yaml().replace('runBy: [bob]', 'runBy: [bob, dan]') });
    expect(await carol.person({ name: 'deploy' })).toMatchObject({ disabled: false, groups: ['engineers'] });
    const events = (await api.events()).filter(({ kind }) => kind.startsWith('workload.'));
    expect(events.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['workload.created', 'workload.disabled', 'workload.changed']),
    );
    expect((await carol.workloads()).items).toMatchObject([
      { name: 'deploy', runBy: ['bob', 'dan'], groups: ['engineers'] },
    ]);
  });

  test('is never a person’s, and no password signs in to it', async () => {
    const carol = await api.as('carol');
    expect(await codeOf(carol.applyConfig({ yaml: yaml('', 'alice') }))).toBe('conflict');
    expect(await codeOf(api.nobody.login({ user: 'deploy', password: 'correct horse battery' }))).toBe('login_failed');
    expect(await codeOf(carol.changePerson({ name: 'deploy', password: 'correct horse battery' }))).toBe('conflict');
    expect(await codeOf(api.nobody.login({ user: 'deploy', password: 'correct horse battery' }))).toBe('login_failed');
  });

  test('that an administrator has disabled stays so while it is in the configuration', async () => {
    const carol = await api.as('carol');
    await carol.changePerson({ name: 'deploy', disabled: true });
    await carol.applyConfig({ yaml: yaml() });
    expect(await carol.person({ name: 'deploy' })).toMatchObject({ disabled: true });
    expect(await codeOf(login(await issuer.sign(SUBJECT, AUDIENCE)))).toBe('login_failed');
    await carol.changePerson({ name: 'deploy', disabled: false });
    await login(await issuer.sign(SUBJECT, AUDIENCE));
  });
});
