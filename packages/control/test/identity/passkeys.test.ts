/** Passkeys from end to end, with an authenticator in software that can be made to misbehave. */
import type { Client } from '@tidegate/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Api, codeOf, PASSWORD, startApi, withCluster } from '../support/api.ts';
import { Authenticator, type Behaviour } from '../support/authenticator.ts';

withCluster();
let api: Api;
let origin: string;
beforeAll(async () => {
  api = await startApi();
  origin = api.context.signIn.publicUrl();
});
afterAll(() => api.close());

async function signIn(user: string): Promise<Client> {
  return api.nobody.withToken((await api.nobody.login({ user, password: PASSWORD })).token);
}

async function register(client: Client, key: Authenticator, behaviour: Partial<Behaviour> = {}) {
  const { challenge, options } = await client.beginPasskey({ password: PASSWORD });
  return client.addPasskey({ challenge, name: 'my key', response: key.create(options, { origin, ...behaviour }) });
}

async function signInWith(key: Authenticator, behaviour: Partial<Behaviour> = {}) {
  const { challenge, options } = await api.nobody.askPasskeyLogin();
  return api.nobody.loginWithPasskey({ challenge, response: key.get(options, { origin, ...behaviour }) });
}

async function show(client: Client, key: Authenticator, behaviour: Partial<Behaviour> = {}) {
  const { challenge, options } = await client.askPasskey();
  return client.showPasskey({ challenge, response: key.get(options, { origin, ...behaviour }) });
}

/** Somebody with a passkey. */
async function holder(user: string): Promise<{ client: Client; key: Authenticator }> {
  const client = await signIn(user);
  const key = new Authenticator();
  await register(client, key);
  return { client, key };
}

const lastEvent = async () => (await api.events()).at(-1);

describe('a passkey', () => {
  test('is registered with the password, shows its person, and is named and removed by them', async () => {
    const alice = await signIn('alice');
    expect(await codeOf(alice.beginPasskey({}))).toBe('login_failed');
    expect(await codeOf(alice.beginPasskey({ password: 'wrong password' }))).toBe('login_failed');
    expect(await codeOf(alice.askPasskey())).toBe('mfa_required');

    const key = new Authenticator();
    const { challenge, options, origin: at } = await alice.beginPasskey({ password: PASSWORD });
    expect(at).toBe(origin);
    expect(options).toMatchObject({
      rp: { id: 'localhost' },
      user: { name: 'alice' },
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      excludeCredentials: [],
    });
    // What the authenticator keeps names nobody.
    expect(Buffer.from(options.user.id, 'base64url').toString('latin1')).not.toContain('alice');
    const made = await alice.addPasskey({ challenge, name: ' my key ', response: key.create(options, { origin }) });
    expect(made).toMatchObject({ name: 'my key', lastUsedAt: null, lockedAt: null });
    expect((await alice.me()).mfa).toEqual({ totp: false, passkeys: 1, recoveryCodes: 0 });
    // Registering verified the person: this login has shown a second factor.
    expect((await alice.me()).session.mfaAt).not.toBeNull();

    const ask = { resource: 'orders', role: 'guarded', reason: 'INC-1' };
    const elsewhere = await signIn('alice');
    expect(await codeOf(elsewhere.createRequest(ask))).toBe('mfa_required');
    expect((await show(elsewhere, key)).session.mfaAt).not.toBeNull();
    expect((await elsewhere.createRequest(ask)).state).toBe('pending');

    expect((await alice.renamePasskey({ id: made.id, name: 'blue key' })).name).toBe('blue key');
    expect((await alice.passkeys()).items).toMatchObject([{ name: 'blue key', lastUsedAt: expect.any(String) }]);
    const olga = await signIn('olga');
    expect(await codeOf(olga.renamePasskey({ id: made.id, name: 'mine' }))).toBe('not_found');
    expect(await codeOf(olga.removePasskey({ id: made.id }))).toBe('not_found');
    api.advance({ minutes: 6 });
    expect(await codeOf(alice.removePasskey({ id: made.id }))).toBe('mfa_required');
    await show(alice, key);
    await alice.removePasskey({ id: made.id });
    expect(await codeOf(signInWith(key))).toBe('mfa_invalid');
  });

  test('signs in alone: two factors, no name asked, the same person', async () => {
    const { key } = await holder('bob');
    const { challenge, options } = await api.nobody.askPasskeyLogin();
    expect(options).toMatchObject({ rpId: 'localhost', allowCredentials: [], userVerification: 'required' });
    const said = await api.nobody.loginWithPasskey({ challenge, response: key.get(options, { origin }) });
    expect(said.person).toBe('bob');
    const { session } = await api.nobody.withToken(said.token).me();
    expect(session).toMatchObject({ how: 'passkey', mfaAt: expect.any(String) });
    expect(await lastEvent()).toMatchObject({ kind: 'login.succeeded', data: { how: 'passkey', mfa: true } });
  });

  test('with one in hand the password alone adds no other factor', async () => {
    await holder('dan');
    const dan = await signIn('dan');
    expect(await codeOf(dan.beginPasskey({ password: PASSWORD }))).toBe('mfa_required');
    expect(await codeOf(dan.enrolTotp({ password: PASSWORD }))).toBe('mfa_required');
  });

  test('of a disabled account signs nobody in', async () => {
    const { key } = await holder('lea');
    const carol = await api.as('carol');
    await carol.changePerson({ name: 'lea', disabled: true });
    expect(await codeOf(signInWith(key))).toBe('login_failed');
    expect(await lastEvent()).toMatchObject({ kind: 'login.failed', data: { person: 'lea', why: 'disabled' } });
    await carol.changePerson({ name: 'lea', disabled: false });
    await carol.changePerson({ name: 'lea', resetMfa: true });
    expect(await codeOf(signInWith(key))).toBe('mfa_invalid');
    expect((await (await signIn('lea')).me()).mfa.passkeys).toBe(0);
  });
});

describe('refused, and on record', () => {
  let key: Authenticator;
  let client: Client;
  beforeAll(async () => {
    ({ client, key } = await holder('ivan'));
  });

  test.each<[string, Partial<Behaviour>, string]>([
    ['another origin', { origin: 'https://tidegate.evil.example' }, 'a page that is not this Tidegate’s'],
    ['the right host at another port', { origin: 'http://localhost:1' }, 'a page that is not this Tidegate’s'],
    ['the frame of another page', { framed: true }, 'a page that is not this Tidegate’s'],
    ['no user verification', { verifies: false }, 'without verifying who you are'],
    ['another relying party', { rpId: 'evil.example' }, 'not valid'],
    ['another challenge', { challenge: 'AAAA' }, 'not valid'],
    ['somebody else’s handle', { userHandle: Buffer.alloc(32).toString('base64url') }, 'somebody else’s'],
    ['no handle, to sign in', { userHandle: null }, 'not valid'],
  ])('%s', async (_, behaviour, why) => {
    expect(await codeOf(signInWith(key, behaviour))).toBe('mfa_invalid');
    expect(await lastEvent()).toMatchObject({
      kind: 'passkey.refused',
      data: { person: 'ivan', for: 'sign-in', code: 'mfa_invalid', why: expect.stringContaining(why) },
    });
  });

  test('a signature of another key', async () => {
    const other = new Authenticator();
    const { challenge, options } = await api.nobody.askPasskeyLogin();
    const real = key.get(options, { origin });
    other.counter = 100;
    const forged = {
      ...real,
      response: { ...real.response, signature: other.get(options, { origin }).response.signature },
    };
    expect(await codeOf(api.nobody.loginWithPasskey({ challenge, response: forged }))).toBe('mfa_invalid');
    expect(await lastEvent()).toMatchObject({ kind: 'passkey.refused', data: { person: 'ivan' } });
  });

  test('a passkey nobody registered', async () => {
    const { challenge, options } = await api.nobody.askPasskeyLogin();
    const response = new Authenticator().get(options, { origin, rpId: 'localhost' });
    expect(await codeOf(api.nobody.loginWithPasskey({ challenge, response }))).toBe('mfa_invalid');
    expect(await lastEvent()).toMatchObject({ kind: 'passkey.refused', data: { person: null, passkey: null } });
  });

  test('an answer given twice, too late, or to what another login was asked', async () => {
    const { challenge, options } = await api.nobody.askPasskeyLogin();
    const response = key.get(options, { origin });
    await api.nobody.loginWithPasskey({ challenge, response });
    expect(await codeOf(api.nobody.loginWithPasskey({ challenge, response }))).toBe('mfa_invalid');
    expect(await lastEvent()).toMatchObject({ data: { why: 'This was answered already.' } });

    // A wrong answer uses it up as well.
    const second = await client.askPasskey();
    const bad = key.get(second.options, { origin: 'https://evil.example' });
    expect(await codeOf(client.showPasskey({ challenge: second.challenge, response: bad }))).toBe('mfa_invalid');
    const good = key.get(second.options, { origin });
    expect(await codeOf(client.showPasskey({ challenge: second.challenge, response: good }))).toBe('mfa_invalid');

    const mine = await client.askPasskey();
    const elsewhere = await signIn('ivan');
    const stolen = key.get(mine.options, { origin });
    expect(await codeOf(elsewhere.showPasskey({ challenge: mine.challenge, response: stolen }))).toBe('mfa_invalid');
    expect(await lastEvent()).toMatchObject({ data: { why: 'This was not asked for here.', for: 'step-up' } });
    // What was asked to step up signs nobody in.
    expect(await codeOf(api.nobody.loginWithPasskey({ challenge: mine.challenge, response: stolen }))).toBe(
      'mfa_invalid',
    );

    const late = await client.askPasskey();
    api.advance({ minutes: 5 });
    const tooLate = key.get(late.options, { origin });
    expect(await codeOf(client.showPasskey({ challenge: late.challenge, response: tooLate }))).toBe('mfa_invalid');
    expect(await lastEvent()).toMatchObject({ data: { why: 'This was asked for too long ago.' } });
  });

  test('somebody else’s passkey as second factor', async () => {
    const { client: olga, key: hers } = await holder('olga');
    const { challenge } = await client.askPasskey();
    const { options } = await olga.askPasskey();
    const response = hers.get(options, { origin });
    expect(await codeOf(client.showPasskey({ challenge, response }))).toBe('mfa_invalid');
    expect(await lastEvent()).toMatchObject({
      kind: 'passkey.refused',
      data: { person: 'ivan', why: 'This passkey is somebody else’s.' },
    });
  });

  test('a registration without verification, twice, or on another page', async () => {
    const audrey = await signIn('audrey');
    expect(await codeOf(register(audrey, new Authenticator(), { verifies: false }))).toBe('mfa_invalid');
    expect(await codeOf(register(audrey, new Authenticator(), { origin: 'https://evil.example' }))).toBe('mfa_invalid');
    expect(await lastEvent()).toMatchObject({ kind: 'passkey.refused', data: { person: 'audrey', for: 'register' } });
    expect((await audrey.passkeys()).items).toEqual([]);
    const one = new Authenticator();
    await register(audrey, one);
    expect(await codeOf(register(audrey, one))).toBe('conflict');
  });
});

describe('a counter that went back', () => {
  test('locks the passkey, ends what it had signed in, and stands on record; its owner registers another', async () => {
    const { key } = await holder('carol');
    const clone = api.nobody.withToken((await signInWith(key, { counter: 7 })).token);
    const password = await signIn('carol');
    // Forged: the counter is believed from nobody but the authenticator itself.
    const { challenge, options } = await api.nobody.askPasskeyLogin();
    const low = key.get(options, { origin, counter: 3 });
    const forged = { ...low, response: { ...low.response, signature: Buffer.alloc(70).toString('base64url') } };
    expect(await codeOf(api.nobody.loginWithPasskey({ challenge, response: forged }))).toBe('mfa_invalid');
    expect((await clone.me()).mfa.passkeys).toBe(1);

    expect(await codeOf(signInWith(key, { counter: 7 }))).toBe('mfa_invalid');
    const events = await api.events();
    expect(events.slice(-2)).toMatchObject([
      { kind: 'passkey.locked', data: { person: 'carol', counter: 7, before: 7 } },
      { kind: 'passkey.refused', data: { person: 'carol', why: expect.stringContaining('counted backwards') } },
    ]);
    expect(await codeOf(clone.me())).toBe('unauthenticated');
    expect(await codeOf(signInWith(key, { counter: 8 }))).toBe('mfa_invalid');
    expect((await password.me()).mfa.passkeys).toBe(0);

    const [locked] = (await password.passkeys()).items;
    if (locked === undefined) throw new Error('no passkey');
    expect(locked.lockedAt).not.toBeNull();
    // The same authenticator makes another: the locked one does not stand in its way.
    const { options: again } = await password.beginPasskey({ password: PASSWORD });
    expect(again.excludeCredentials).toEqual([]);
    await register(password, new Authenticator());
    await password.removePasskey({ id: locked.id });
    expect((await password.me()).mfa.passkeys).toBe(1);
  });

  test('stays 0 where an authenticator keeps none', async () => {
    await (await api.as('carol')).createPerson({ name: 'zero', password: PASSWORD });
    const { key } = await holder('zero');
    for (let time = 0; time < 2; time += 1) expect((await signInWith(key, { counter: 0 })).person).toBe('zero');
  });
});
