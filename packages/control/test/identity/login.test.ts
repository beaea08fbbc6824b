import { createClient, Refusal } from '@tidegate/contract';
import { TOTP } from 'otpauth';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Api, codeOf, PASSWORD, startApi, withCluster } from '../support/api.ts';

withCluster();
let api: Api;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

const login = (user: string, password = PASSWORD) => api.nobody.login({ user, password });

describe('signing in', () => {
  test('a login knows who it is, and ends with logout', async () => {
    const { token, person, expiresAt } = await login('carol');
    expect(person).toBe('carol');
    const client = api.nobody.withToken(token);
    expect(await client.me()).toMatchObject({
      name: 'carol',
      groups: ['administrators'],
      administrator: true,
      auditor: false,
      mfa: { totp: false },
      session: { expiresAt, mfaAt: null },
    });
    await client.logout();
    expect(await codeOf(client.me())).toBe('unauthenticated');
  });

  test('neither the token nor the password stands in the store', async () => {
    await (await api.as('carol')).createPerson({ name: 'nora', password: PASSWORD });
    const { token } = await login('nora');
    if (token === null) throw new Error('no token');
    const rows = JSON.stringify(
      await Promise.all(
        (['people', 'logins', 'loginAttempts', 'entries', 'setup'] as const).map((table) =>
          api.context.store.db.selectFrom(table).selectAll().execute(),
        ),
      ),
    );
    expect(rows).toContain('scrypt$32768$8$1$');
    for (const secret of [token, token.slice(4), PASSWORD]) expect(rows).not.toContain(secret);
  });

  test.each([
    ['a wrong password', 'bob', 'wrong password', 'password'],
    ['nobody of that name', 'mallory', PASSWORD, 'unknown'],
    ['a name that cannot be', 'ev\u0007e', PASSWORD, 'unknown'],
  ])('%s: the same refusal, and the reason on record', async (_, user, password, why) => {
    const refused = await login(user, password).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(Refusal);
    expect(refused).toMatchObject({ code: 'login_failed', message: 'The name or the password is wrong.' });
    expect((await api.events()).at(-1)).toMatchObject({ kind: 'login.failed', data: { why } });
  });

  test('it lasts eight hours without use, and a day at most', async () => {
    const idle = api.nobody.withToken((await login('olga')).token);
    const busy = api.nobody.withToken((await login('olga')).token);
    for (let hours = 0; hours < 21; hours += 7) {
      api.advance({ hours: 7 });
      expect((await busy.me()).name).toBe('olga');
    }
    expect(await codeOf(idle.me())).toBe('unauthenticated');
    api.advance({ hours: 3 });
    expect(await codeOf(busy.me())).toBe('unauthenticated');
  });

  test.each(['', 'Bearer', 'Bearer x', 'Basic Y2Fyb2w6eA==', `Bearer ${'x'.repeat(600)}`])(
    'as authorization, %j is nobody',
    async (authorization) => {
      const answer = await fetch(new URL('/v1/me', api.url), { headers: { authorization } });
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toContain('Bearer');
      expect(await answer.json()).toMatchObject({ code: 'unauthenticated', status: 401 });
    },
  );
});

describe('guessing', () => {
  test('ten wrong passwords shut the account for a while, for the right one too', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 14 }, (_, index) => codeOf(login('dan', `wrong ${index}`))),
    );
    expect(new Set(outcomes)).toEqual(new Set(['login_failed', 'too_many_attempts']));
    // Of two at the same moment for the last place neither may get it; one after the other somebody does.
    for (let code = ''; code !== 'too_many_attempts'; outcomes.push(code)) code = await codeOf(login('dan', 'wrong'));
    expect(outcomes.filter((code) => code === 'login_failed')).toHaveLength(10);
    const refused = await login('dan').catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'too_many_attempts' });
    expect(refused instanceof Refusal && refused.retryAfter).toBeGreaterThan(600);
    // Others are not kept out by it.
    expect((await login('ivan')).person).toBe('ivan');
    api.advance({ minutes: 16 });
    expect((await login('dan')).person).toBe('dan');
  });

  test('a right password forgets the wrong ones before it', async () => {
    for (let round = 0; round < 3; round += 1) {
      for (let wrong = 0; wrong < 4; wrong += 1) expect(await codeOf(login('ivan', 'wrong'))).toBe('login_failed');
      expect((await login('ivan')).person).toBe('ivan');
    }
  });
});

describe('a password', () => {
  test('its owner changes it, with the old one; other logins end', async () => {
    const here = api.nobody.withToken((await login('lea')).token);
    const there = api.nobody.withToken((await login('lea')).token);
    expect(await codeOf(here.changePassword({ current: 'wrong password', password: 'another password' }))).toBe(
      'login_failed',
    );
    await here.changePassword({ current: PASSWORD, password: 'another password' });
    expect((await here.me()).name).toBe('lea');
    expect(await codeOf(there.me())).toBe('unauthenticated');
    expect(await codeOf(login('lea'))).toBe('login_failed');
    expect((await login('lea', 'another password')).person).toBe('lea');
  });
});

describe('a second factor', () => {
  const code = (secret: string, steps = 0): string =>
    new TOTP({ secret }).generate({ timestamp: api.context.now().epochMilliseconds + steps * 30_000 });

  test('enrolled with the password, counts once confirmed, each code once', async () => {
    const alice = await api.as('alice');
    expect(await codeOf(alice.enrolTotp({ password: 'wrong password' }))).toBe('login_failed');
    const { secret, uri } = await alice.enrolTotp({ password: PASSWORD });
    expect(uri).toContain('otpauth://totp/');
    expect((await alice.me()).mfa.totp).toBe(false);
    expect(await codeOf(alice.verifyTotp({ code: code(secret) }))).toBe('mfa_required');
    expect(await codeOf(alice.confirmTotp({ code: '000000' }))).toBe('mfa_invalid');
    expect((await alice.confirmTotp({ code: code(secret) })).mfa.totp).toBe(true);
    expect(await codeOf(alice.verifyTotp({ code: code(secret) }))).toBe('mfa_invalid');
    expect((await alice.verifyTotp({ code: code(secret, 1) })).session.mfaAt).not.toBeNull();
    expect(await codeOf(alice.verifyTotp({ code: code(secret, -1) }))).toBe('mfa_invalid');
    expect(await codeOf(alice.enrolTotp({ password: PASSWORD }))).toBe('conflict');
    const sealed = await api.context.store.db.selectFrom('totp').select('secret').executeTakeFirstOrThrow();
    expect(sealed.secret).not.toContain(secret);

    // At sign-in, and with the very call that a rule asks it for.
    api.advance({ minutes: 10 });
    const ask = { resource: 'orders', role: 'guarded', reason: 'INC-1' };
    expect(await codeOf(alice.createRequest(ask))).toBe('mfa_required');
    expect(await codeOf(alice.createRequest({ ...ask, mfaCode: '123456' }))).toBe('mfa_invalid');
    expect((await alice.createRequest({ ...ask, mfaCode: code(secret) })).state).toBe('pending');
    expect((await alice.createRequest(ask)).state).toBe('pending');
    api.advance({ minutes: 5 });
    expect(await codeOf(alice.createRequest(ask))).toBe('mfa_required');
    const { token } = await api.nobody.login({ user: 'alice', password: PASSWORD, mfaCode: code(secret) });
    const again = api.nobody.withToken(token);
    expect((await again.createRequest(ask)).state).toBe('pending');
    // Another login of the same person has not shown it.
    expect(await codeOf(alice.createRequest(ask))).toBe('mfa_required');

    expect(await codeOf(alice.removeTotp())).toBe('mfa_required');
    await again.removeTotp();
    expect((await alice.me()).mfa.totp).toBe(false);
  });

  test('guessing codes ends after five', async () => {
    const audrey = await api.as('audrey');
    const { secret } = await audrey.enrolTotp({ password: PASSWORD });
    await audrey.confirmTotp({ code: code(secret) });
    const outcomes: string[] = [];
    for (let guess = 0; guess < 6; guess += 1)
      outcomes.push(await codeOf(audrey.verifyTotp({ code: `00000${guess}` })));
    expect(outcomes).toContain('too_many_attempts');
    expect(await codeOf(audrey.verifyTotp({ code: code(secret, 1) }))).toBe('too_many_attempts');
    expect(
      await codeOf(createClient({ url: api.url }).login({ user: 'audrey', password: PASSWORD, mfaCode: '1' })),
    ).toBe('too_many_attempts');
  });
});
