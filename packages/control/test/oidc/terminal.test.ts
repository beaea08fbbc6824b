/** A terminal signs in: with a browser on the same machine, or with a code typed anywhere. */
import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { purgeSignIns } from '../../src/identity/oidc/under-way.ts';
import { codeOf, withCluster } from '../support/api.ts';
import { Browser } from './support/browser.ts';
import { PLATFORM, startWorld, type World } from './support/world.ts';

withCluster();
let world: World;
beforeAll(async () => {
  world = await startWorld();
  world.idp.accounts.set('sub-erin', {
    claims: { preferred_username: 'erin', groups: [PLATFORM] },
    amr: ['pwd', 'mfa'],
  });
});
afterAll(() => world.close());

const lastEvent = async () => (await world.api.events()).at(-1);

describe('by a browser on the same machine', () => {
  const PORT = 50_123;
  const newVerifier = (): string => randomBytes(32).toString('base64url');
  const challengeOf = (verifier: string): string => createHash('sha256').update(verifier).digest('base64url');

  /** What the browser is sent to the terminal with. */
  async function sentTo(challenge: string, account = 'sub-erin'): Promise<URL> {
    const { location } = await world.api.nobody.startSignIn({
      provider: 'corp',
      destination: { port: PORT, challenge },
    });
    const { url } = await new Browser().walk(location, account, ({ port }) => port === String(PORT));
    expect(url.hostname).toBe('127.0.0.1');
    return url;
  }

  test('the terminal gets a login of its own, once, with what only it knows', async () => {
    const verifier = newVerifier();
    const code = (await sentTo(challengeOf(verifier))).searchParams.get('code') ?? '';
    const { login } = await world.api.nobody.redeemSignIn({ code, verifier });
    const erin = world.api.nobody.withToken(login?.token ?? '');
    expect(await erin.me()).toMatchObject({
      name: 'erin',
      groups: ['platform'],
      session: { how: 'oidc', kind: 'bearer' },
    });
    // The provider said that a second factor was shown, and when.
    expect((await erin.me()).session.mfaAt).not.toBeNull();
    expect(await codeOf(world.api.nobody.redeemSignIn({ code, verifier }))).toBe('token_invalid');
  });

  test('whoever only saw the code gets nothing, and nobody else does then', async () => {
    const verifier = newVerifier();
    const code = (await sentTo(challengeOf(verifier))).searchParams.get('code') ?? '';
    expect(await codeOf(world.api.nobody.redeemSignIn({ code, verifier: newVerifier() }))).toBe('token_invalid');
    expect(await codeOf(world.api.nobody.redeemSignIn({ code, verifier }))).toBe('token_invalid');
  });

  test('a minute is time enough to come for it', async () => {
    const verifier = newVerifier();
    const code = (await sentTo(challengeOf(verifier))).searchParams.get('code') ?? '';
    world.api.advance({ minutes: 1 });
    expect(await codeOf(world.api.nobody.redeemSignIn({ code, verifier }))).toBe('token_invalid');
  });

  test('who gives up is told so in the terminal', async () => {
    const { searchParams } = await sentTo(challengeOf(newVerifier()), '');
    expect(Object.fromEntries(searchParams)).toEqual({
      error: 'login_failed',
      why: 'The identity provider did not let you in.',
    });
    expect(await lastEvent()).toMatchObject({
      kind: 'login.failed',
      data: { why: 'access_denied: the person gave up' },
    });
  });

  test('nobody fills the table: so many from one address, and no more until some are over', async () => {
    const begin = () =>
      codeOf(
        world.api.nobody.startSignIn({ provider: 'corp', destination: { port: PORT, challenge: 'c'.repeat(43) } }),
      );
    const codes: string[] = [];
    while (codes.at(-1) !== 'too_many_attempts' && codes.length < 300) codes.push(await begin());
    expect(codes.at(-1)).toBe('too_many_attempts');
    expect(codes.length).toBeGreaterThan(100);
    world.api.advance({ minutes: 11 });
    expect(await begin()).toBe('not refused');
    await purgeSignIns(world.api.context);
    const { db } = world.api.context.store;
    expect(await db.selectFrom('signIns').select('way').execute()).toHaveLength(1);
  });

  test.each([
    ['a port of the system', { port: 80, challenge: 'c'.repeat(43) }],
    ['no challenge', { port: PORT, challenge: '' }],
    ['both a terminal and a browser', { port: PORT, challenge: 'c'.repeat(43), cookie: true }],
  ])('%s is refused', async (_, destination) => {
    const call = world.api.nobody.startSignIn({ provider: 'corp', destination: destination as never });
    expect(await codeOf(call)).toBe('invalid_input');
  });
});

describe('by a code typed on any device', () => {
  const typed = (uri: string | null, account: string) => new Browser().walk(uri ?? '', account);

  test('pending until it is typed, asked no more often than the provider wants; then a login, once', async () => {
    const device = await world.api.nobody.startDeviceSignIn({ provider: 'corp' });
    expect(device).toMatchObject({ userCode: expect.stringMatching(/^[A-Z]{4}-[A-Z]{4}$/), interval: 5 });
    const { handle } = device;
    const asked = world.idp.tokenRequests.length;
    for (let times = 0; times < 3; times += 1) {
      expect(await world.api.nobody.pollDeviceSignIn({ handle })).toEqual({ login: null, wait: 5 });
    }
    expect(world.idp.tokenRequests).toHaveLength(asked);
    world.api.advance({ seconds: 5 });
    expect(await world.api.nobody.pollDeviceSignIn({ handle })).toEqual({ login: null, wait: 5 });
    expect(world.idp.tokenRequests).toHaveLength(asked + 1);

    await typed(device.verificationUriComplete, 'sub-erin');
    world.api.advance({ seconds: 5 });
    const { login } = await world.api.nobody.pollDeviceSignIn({ handle });
    expect((await world.api.nobody.withToken(login?.token ?? '').me()).name).toBe('erin');
    expect(await codeOf(world.api.nobody.pollDeviceSignIn({ handle }))).toBe('token_invalid');
  });

  test('who gives up is told so, and the code is over', async () => {
    const { handle, verificationUriComplete } = await world.api.nobody.startDeviceSignIn({ provider: 'corp' });
    await typed(verificationUriComplete, '');
    world.api.advance({ seconds: 5 });
    expect(await codeOf(world.api.nobody.pollDeviceSignIn({ handle }))).toBe('login_failed');
    expect(await codeOf(world.api.nobody.pollDeviceSignIn({ handle }))).toBe('token_invalid');
    expect(await lastEvent()).toMatchObject({ kind: 'login.failed', data: { provider: 'corp', how: 'oidc' } });
  });

  test('a provider that is down is asked again later: nothing is lost', async () => {
    const { handle, verificationUriComplete } = await world.api.nobody.startDeviceSignIn({ provider: 'corp' });
    await typed(verificationUriComplete, 'sub-erin');
    world.api.advance({ seconds: 5 });
    world.idp.down(true);
    expect(await codeOf(world.api.nobody.pollDeviceSignIn({ handle }))).toBe('unavailable');
    world.idp.down(false);
    world.api.advance({ seconds: 5 });
    expect((await world.api.nobody.pollDeviceSignIn({ handle })).login).not.toBeNull();
  });

  test('a handle that nobody was given is worth nothing', async () => {
    expect(await codeOf(world.api.nobody.pollDeviceSignIn({ handle: 'x'.repeat(43) }))).toBe('token_invalid');
  });
});
