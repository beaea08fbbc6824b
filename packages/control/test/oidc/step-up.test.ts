/** A second factor shown at the identity provider: at sign-in, and anew when a rule asks for it. */
import { createHash, randomBytes } from 'node:crypto';
import { grantId } from '@tidegate/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { grantPrepared } from '../../src/access/reports.ts';
import { codeOf, withCluster } from '../support/api.ts';
import { Browser } from './support/browser.ts';
import type { TestAccount } from './support/identity-provider.ts';
import { PLATFORM, started, startWorld, type World } from './support/world.ts';

withCluster();
let world: World;
/** Rules that want a factor of the last five minutes: at request; at review and connect. */
const GUARDED = (yaml: string): string =>
  yaml.replace(
    'policies:\n',
    `policies:
  - name: guarded platform
    resources: { names: [orders] }
    roles: [guarded]
    who: { groups: [platform] }
    reason: { required: false }
    mfa: { at: [request], within: 5m }
    approvals: []
  - name: reviewed platform
    resources: { names: [orders] }
    roles: [editor]
    who: { groups: [platform] }
    reason: { required: false }
    mfa: { at: [review, connect], within: 5m }
    approvals: [{ from: { groups: [platform] } }]
`,
  );
beforeAll(async () => {
  world = await startWorld();
  await world.configure("    mfa: { acr: ['urn:two'], amr: [mfa, hwk] }", GUARDED);
});
afterAll(() => world.close());

const account = (name: string, more: Partial<TestAccount>): string => {
  world.idp.accounts.set(`sub-${name}`, { claims: { preferred_username: name, groups: [PLATFORM] }, ...more });
  return `sub-${name}`;
};
const nowS = (): number => Math.floor(Date.now() / 1000);
async function mfaAtOf(browser: Browser): Promise<string | null> {
  const me: unknown = await (await world.me(browser)).json();
  return Reflect.get(Object(Reflect.get(Object(me), 'session')), 'mfaAt');
}
const ask = async (browser: Browser): Promise<number> =>
  (await browser.call(world.origin, '/v1/requests', { resource: 'orders', role: 'guarded' })).status;
async function answerOf(browser: Browser, path: string, body: object) {
  const answer = await browser.call(world.origin, path, body);
  return { status: answer.status, body: z.record(z.string(), z.unknown()).parse(await answer.json()) };
}
/** Goes to show a factor; where the browser ends. */
const showFactor = async (browser: Browser, as: string) =>
  browser.walk(
    await started(browser, world.origin, '/home', '/v1/sign-in/step-up'),
    as,
    ({ pathname }) => pathname === '/home',
  );

describe('at sign-in', () => {
  test.each<[string, Partial<TestAccount>, boolean]>([
    ['a password is none', { amr: ['pwd'] }, false],
    ['amr says so', { amr: ['pwd', 'hwk'] }, true],
    ['acr says so', { amr: ['pwd'], acr: 'urn:two' }, true],
    ['an acr that does not count', { acr: 'urn:one' }, false],
  ])('%s', async (name, how, counts) => {
    const at = await mfaAtOf(await world.signIn(account(name.replaceAll(' ', '-'), how)));
    expect(at !== null).toBe(counts);
  });

  test('a factor of an hour ago is an hour old', async () => {
    const then = nowS() - 3600;
    const browser = await world.signIn(account('old', { amr: ['mfa'], authTime: then }));
    expect(await mfaAtOf(browser)).toBe(Temporal.Instant.fromEpochMilliseconds(then * 1000).toString());
    expect(await ask(browser)).toBe(403);
  });
});

describe('anew', () => {
  test('the provider is asked for it, and what it says counts; the browser gets another token', async () => {
    const subject = account('ann', { amr: ['pwd'] });
    const browser = await world.signIn(subject);
    expect(await ask(browser)).toBe(403);
    const before = browser.cookie('tidegate');
    const location = new URL(await started(browser, world.origin, '/home', '/v1/sign-in/step-up'));
    expect(Object.fromEntries(location.searchParams)).toMatchObject({
      prompt: 'login',
      max_age: '0',
      acr_values: 'urn:two',
    });
    account('ann', { amr: ['pwd', 'mfa'], acr: 'urn:two' });
    expect((await showFactor(browser, subject)).url.pathname).toBe('/home');
    expect(browser.cookie('tidegate')).not.toBe(before);
    expect(await mfaAtOf(browser)).not.toBeNull();
    expect(await ask(browser)).toBe(201);
    const other = new Browser();
    other.plant('localhost', 'tidegate', before ?? '');
    expect((await world.me(other)).status).toBe(401);
    expect((await world.api.events()).map(({ kind, data }) => [kind, data.how])).toContainEqual(['mfa.shown', 'oidc']);
  });

  test.each<[string, Partial<TestAccount>, string]>([
    ['no factor', { amr: ['pwd'] }, 'does not say that you have shown a second factor'],
    ['a factor of before', { amr: ['mfa'], authTime: nowS() - 600 }, 'without asking for your second factor anew'],
  ])('%s is none, and stands on the record', async (name, how, why) => {
    const subject = account(name.replaceAll(' ', '-'), { amr: ['pwd'] });
    const browser = await world.signIn(subject);
    account(name.replaceAll(' ', '-'), how);
    const { status, text } = await showFactor(browser, subject);
    expect({ status, text }).toEqual({ status: 403, text: expect.stringContaining(why) });
    expect(await mfaAtOf(browser)).toBeNull();
    expect(await world.api.events()).toContainEqual({
      kind: 'mfa.refused',
      data: expect.objectContaining({ how: 'oidc', code: 'mfa_invalid' }),
    });
  });

  test('a review and a connection wait for it too, each for the factor of who does it', async () => {
    const people = { gil: account('gil', { amr: ['pwd'] }), hal: account('hal', { amr: ['pwd'] }) };
    const [gil, hal] = [await world.signIn(people.gil), await world.signIn(people.hal)];
    const asked = await answerOf(gil, '/v1/requests', { resource: 'orders', role: 'editor' });
    expect(asked).toMatchObject({ status: 201, body: { state: 'pending' } });
    const rises = async (name: 'gil' | 'hal', browser: Browser) => {
      account(name, { amr: ['mfa'] });
      expect((await showFactor(browser, people[name])).url.pathname).toBe('/home');
    };

    const review = () => answerOf(hal, `/v1/requests/${String(asked.body.id)}/reviews`, { decision: 'approve' });
    expect(await review()).toMatchObject({ status: 403, body: { code: 'mfa_required' } });
    await rises('hal', hal);
    const approved = await review();
    expect(approved).toMatchObject({ status: 200, body: { state: 'approved' } });

    const { grant } = z.object({ grant: z.object({ id: grantId }) }).parse(approved.body);
    await grantPrepared(world.api.context, grant.id);
    const connect = () => answerOf(gil, '/v1/connect', { resource: 'orders' });
    // Hal’s factor was Hal’s.
    expect(await connect()).toMatchObject({ status: 403, body: { code: 'mfa_required' } });
    await rises('gil', gil);
    expect(await connect()).toMatchObject({ status: 200, body: { grant: grant.id } });
  });

  test('half a minute before it was asked for is the clocks’ matter', async () => {
    const subject = account('bea', { amr: ['pwd'] });
    const browser = await world.signIn(subject);
    account('bea', { amr: ['mfa'], authTime: nowS() - 30 });
    expect((await showFactor(browser, subject)).url.pathname).toBe('/home');
  });

  test('somebody else’s factor is not yours', async () => {
    const browser = await world.signIn(account('cid', { amr: ['pwd'] }));
    const location = await started(browser, world.origin, '/home', '/v1/sign-in/step-up');
    // The same browser, in which nobody is signed in at the provider any more.
    const forgetful = new Browser();
    for (const name of ['tidegate', 'tidegate-sign-in']) {
      forgetful.plant('localhost', name, browser.cookie(name) ?? '');
    }
    const { status, text } = await forgetful.walk(location, account('dee', { amr: ['mfa'] }));
    expect({ status, text }).toEqual({ status: 401, text: expect.stringContaining('not to be believed') });
    expect(await mfaAtOf(browser)).toBeNull();
    expect(await world.api.events()).toContainEqual({
      kind: 'mfa.refused',
      data: expect.objectContaining({ person: 'cid', code: 'login_failed' }),
    });
  });

  test('a terminal’s login rises when it comes for it, and not for who only sent its person there', async () => {
    const subject = account('eli', { amr: ['pwd'] });
    const verifier = randomBytes(32).toString('base64url');
    const destination = { port: 50_124, challenge: createHash('sha256').update(verifier).digest('base64url') };
    const come = async (location: string) =>
      (await new Browser().walk(location, subject, ({ port }) => port === '50124')).url.searchParams.get('code') ?? '';
    const { nobody } = world.api;
    const first = await come((await nobody.startSignIn({ provider: 'corp', destination })).location);
    const { login } = await nobody.redeemSignIn({ code: first, verifier });
    const eli = nobody.withToken(login?.token ?? '');
    account('eli', { amr: ['mfa'] });
    const { location } = await eli.startStepUp({ destination });
    const code = await come(location);
    expect((await eli.me()).session.mfaAt).toBeNull();
    expect(await nobody.redeemSignIn({ code, verifier })).toEqual({ login: null });
    expect((await eli.me()).session.mfaAt).not.toBeNull();
  });

  test('a terminal that asked is answered from the browser, with the same sign-in', async () => {
    const subject = account('fin', { amr: ['pwd'] });
    const { nobody } = world.api;
    const device = await nobody.startDeviceSignIn({ provider: 'corp' });
    await new Browser().walk(device.verificationUriComplete ?? '', subject);
    world.api.advance({ seconds: 5 });
    const { login } = await nobody.pollDeviceSignIn({ handle: device.handle });
    const terminal = nobody.withToken(login?.token ?? '');
    const asked = await terminal.beginStepUp();
    const browser = await world.signIn(subject);
    account('fin', { amr: ['mfa'] });
    const body = { destination: { cookie: true, returnTo: '/home' }, asked: asked.id };
    const told: unknown = await (await browser.call(world.origin, '/v1/sign-in/step-up', body)).json();
    await browser.walk(String(Reflect.get(Object(told), 'location')), subject, ({ pathname }) => pathname === '/home');
    expect((await terminal.stepUp({ id: asked.id })).state).toBe('shown');
    expect((await terminal.me()).session.mfaAt).not.toBeNull();
    expect(await mfaAtOf(browser)).not.toBeNull();
  });

  test('who signed in with a password has no provider to go to', async () => {
    const olga = await world.api.as('olga');
    const destination = { port: 50_124, challenge: 'c'.repeat(43) };
    expect(await codeOf(olga.startStepUp({ destination }))).toBe('conflict');
  });
});
