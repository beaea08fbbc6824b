/** Whatever a provider, or somebody in its place, may send: refused, on the record, and nobody is let in. */
import { createSecretKey } from 'node:crypto';
import { generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Api, startApi, withCluster } from '../support/api.ts';
import { Browser } from './support/browser.ts';
import { CLIENT, SECRET } from './support/identity-provider.ts';
import { type Liar, type Said, startLiar, tokens } from './support/liar.ts';
import { configWith, started } from './support/world.ts';

withCluster();
let api: Api;
let liar: Liar;
let honest: Liar['answer'];
beforeAll(async () => {
  api = await startApi();
  liar = await startLiar();
  honest = liar.answer;
  await (await api.as('carol')).applyConfig({ yaml: configWith(liar.issuer, '') });
});
beforeEach(() => {
  liar.answer = honest;
});
afterAll(async () => {
  await liar.close();
  await api.close();
});

/** Signs in, and says where it ended. */
async function signIn(): Promise<{ status: number; text: string; at: string; cookie: string | null }> {
  const origin = api.context.signIn.publicUrl();
  const browser = new Browser();
  const back = liar.comeBack(await started(browser, origin));
  const { status, text, url } = await browser.walk(back.href, '', ({ pathname }) => pathname === '/home');
  return { status, text, at: url.pathname, cookie: browser.cookie('tidegate') };
}

const said = (idToken: string | undefined): Said => ({ body: JSON.stringify(tokens(idToken)) });
const now = (): number => Math.floor(Date.now() / 1000);

test('what is in order is believed', async () => {
  expect(await signIn()).toMatchObject({ at: '/home', cookie: expect.stringMatching(/^tdg_/) });
});

describe('an ID token', () => {
  const claims: [string, () => JWTPayload, string][] = [
    ['of another issuer', () => ({ iss: 'https://evil.example' }), 'iss'],
    ['for another client', () => ({ aud: 'somebody-else' }), 'aud'],
    ['for several clients, with another as its party', () => ({ aud: [CLIENT, 'x'], azp: 'x' }), 'azp'],
    ['with another nonce', () => ({ nonce: 'x' }), 'nonce'],
    ['without the nonce', () => ({ nonce: undefined }), 'nonce'],
    ['that is over', () => ({ iat: now() - 600, exp: now() - 120 }), 'exp'],
    ['that is not valid yet', () => ({ nbf: now() + 120 }), 'nbf'],
    ['without an end', () => ({ exp: undefined }), 'exp'],
    ['without a person', () => ({ sub: undefined }), 'sub'],
    ['with an empty person', () => ({ sub: '' }), 'sub'],
    ['with a number for a person', () => ({ sub: 7 as never }), 'sub'],
    ['of somebody who will sign in tomorrow', () => ({ auth_time: now() + 86_400 }), 'yet to come'],
  ];
  test.each(claims)('%s is refused', async (_, wrong, why) => {
    liar.answer = async (nonce) => said(await liar.idToken(nonce, wrong()));
    await refused(why);
  });

  test.each([
    [
      'a second early, or half a minute late, is the clocks’ matter',
      () => ({ nbf: now() + 20, auth_time: now() + 20 }),
    ],
    ['whose end was half a minute ago too', () => ({ iat: now() - 300, exp: now() - 30 })],
  ])('%s', async (_, claims: () => JWTPayload) => {
    liar.answer = async (nonce) => said(await liar.idToken(nonce, claims()));
    expect(await signIn()).toMatchObject({ at: '/home' });
  });

  test('signed with another key is refused', async () => {
    const { privateKey } = await generateKeyPair('RS256');
    liar.answer = async (nonce) => said(await liar.idToken(nonce, {}, privateKey));
    await refused('signature');
  });

  test('signed with the secret that both know is refused', async () => {
    const secret = createSecretKey(Buffer.from(SECRET));
    const make = (nonce: string) =>
      new SignJWT({ nonce, sub: 'sub-lou' })
        .setIssuer(liar.issuer)
        .setAudience(CLIENT)
        .setIssuedAt()
        .setExpirationTime('5m')
        .setProtectedHeader({ alg: 'HS256' })
        .sign(secret);
    liar.answer = async (nonce) => said(await make(nonce));
    await refused('alg');
  });

  test('that nobody signed is refused', async () => {
    liar.answer = (nonce) =>
      said(
        new UnsecuredJWT({ nonce, sub: 'sub-lou' })
          .setIssuer(liar.issuer)
          .setAudience(CLIENT)
          .setIssuedAt()
          .setExpirationTime('5m')
          .encode(),
      );
    await refused('');
  });

  test('that was changed on the way is refused', async () => {
    liar.answer = async (nonce) => {
      const [header, , signature] = (await liar.idToken(nonce)).split('.');
      const [, payload] = (await liar.idToken(nonce, { sub: 'sub-somebody' })).split('.');
      return said([header, payload, signature].join('.'));
    };
    await refused('signature');
  });

  test.each([
    ['that is not there', undefined],
    ['that is none', 'x.y.z'],
    ['that is no token', 'x'],
  ])('%s is refused', async (_, token) => {
    liar.answer = () => said(token);
    await refused('');
  });
});

describe('an answer', () => {
  test.each<[string, Said]>([
    ['that leads elsewhere', { status: 302, headers: { location: 'http://127.0.0.1:1/' }, body: '' }],
    ['without end', { body: `{"a":"${'x'.repeat(1_200_000)}"}` }],
    ['that is a page', { status: 502, headers: { 'content-type': 'text/html' }, body: '<h1>Bad gateway</h1>' }],
    ['that is no JSON', { headers: { 'content-type': 'text/html' }, body: 'x' }],
    ['that our secret is wrong', { status: 401, body: '{"error":"invalid_client"}' }],
  ])('%s says nothing about anybody: unavailable', async (_, answer) => {
    liar.answer = () => answer;
    const before = (await api.events()).length;
    expect(await signIn()).toMatchObject({ status: 503, cookie: null });
    expect(await api.events()).toHaveLength(before);
  });

  test('that the code is worth nothing is a refusal', async () => {
    liar.answer = () => ({ status: 400, body: '{"error":"invalid_grant","error_description":"spent <b>already</b>"}' });
    await refused('invalid_grant: spent');
  });
});

async function refused(why: string): Promise<void> {
  const { status, text, at, cookie } = await signIn();
  expect({ status, at, cookie }).toEqual({ status: 401, at: '/v1/sign-in/callback', cookie: null });
  expect(text).not.toContain('<b>');
  const event = (await api.events()).at(-1);
  expect(event).toMatchObject({ kind: 'login.failed', data: { provider: 'corp', how: 'oidc' } });
  expect(String(event?.data.why)).toContain(why);
  // What went wrong is for the record: who sent it learns no more than that it was not believed.
  if (why !== '') expect(text).not.toContain(String(event?.data.why));
}
