/** Second factors where there is none at hand: shown in a browser for a terminal, and recovered from. */
import { type Client, problem, Refusal } from '@tidegate/contract';
import { TOTP } from 'otpauth';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { grantPrepared } from '../../src/access/reports.ts';
import { type Api, codeOf, PASSWORD, startApi, withCluster } from '../support/api.ts';
import { Authenticator } from '../support/authenticator.ts';

withCluster();
let api: Api;
let origin: string;
beforeAll(async () => {
  api = await startApi();
  origin = api.context.signIn.publicUrl();
});
afterAll(() => api.close());

async function signIn(user: string, mfaCode?: string): Promise<Client> {
  return api.nobody.withToken((await api.nobody.login({ user, password: PASSWORD, mfaCode })).token);
}

/** Somebody's authenticator app; each code is another one. */
async function appOf(client: Client): Promise<() => string> {
  const { secret } = await client.enrolTotp({ password: PASSWORD });
  const totp = new TOTP({ secret });
  const code = (): string => {
    api.advance({ seconds: 30 });
    return totp.generate({ timestamp: api.context.now().epochMilliseconds });
  };
  await client.confirmTotp({ code: code() });
  return code;
}

async function keyOf(client: Client): Promise<Authenticator> {
  const key = new Authenticator();
  const { challenge, options } = await client.beginPasskey({ password: PASSWORD });
  await client.addPasskey({ challenge, name: 'key', response: key.create(options, { origin }) });
  return key;
}

const guarded = { resource: 'orders', role: 'guarded', reason: 'INC-1' };

describe('a factor shown in a browser, for a terminal', () => {
  /** Alice's. */
  let key: Authenticator;
  beforeAll(async () => {
    key = await keyOf(await signIn('alice'));
  });

  test('the refusal tells the link; the passkey shown there lets the terminal go on', async () => {
    const browser = await signIn('alice');
    const terminal = await signIn('alice');
    const refused = await terminal.createRequest(guarded).catch((error: unknown) => error);
    if (!(refused instanceof Refusal)) throw new Error('not refused');
    expect(refused.code).toBe('mfa_required');
    const link = problem.parse(refused.problem).link ?? '';
    expect(refused.next).toContain(link);
    expect(link.startsWith(`${origin}/mfa?challenge=mfa_`)).toBe(true);
    const id = new URL(link).searchParams.get('challenge') ?? '';

    // Who is refused again is sent to the same page.
    const again = await terminal.createRequest(guarded).catch((error: unknown) => error);
    expect(again instanceof Refusal && again.problem?.link).toBe(link);
    const seen = await browser.stepUp({ id });
    expect(seen).toMatchObject({ state: 'pending', code: expect.stringMatching(/^[0-9A-Z]{4}$/), link });
    expect((await terminal.beginStepUp()).code).toBe(seen.code);
    expect(seen.login).toBe((await terminal.me()).session.id);

    const waiting = terminal.stepUp({ id, wait: 30 });
    const { challenge, options } = await browser.askPasskey();
    const done = await browser.completeStepUp({ id, passkey: { challenge, response: key.get(options, { origin }) } });
    expect(done.state).toBe('shown');
    expect((await waiting).state).toBe('shown');
    expect((await terminal.createRequest(guarded)).state).toBe('pending');
    expect((await browser.createRequest(guarded)).state).toBe('pending');
    expect((await api.events()).filter(({ kind }) => kind === 'mfa.shown').slice(-2)).toMatchObject([
      { data: { person: 'alice', login: seen.login, challenge: id, how: 'passkey' } },
      { data: { person: 'alice', how: 'passkey' } },
    ]);
    // It is over: no factor is spent on it again.
    expect(await codeOf(browser.completeStepUp({ id, code: '000000' }))).toBe('wrong_state');
    expect((await terminal.beginStepUp()).id).not.toBe(id);
  });

  test('at connect: the refusal of a grant’s own holder leads there, and then they go in', async () => {
    const browser = await signIn('alice');
    const prove = async (client: Client) => {
      const { challenge, options } = await client.askPasskey();
      return { challenge, response: key.get(options, { origin }) };
    };
    await browser.showPasskey(await prove(browser));
    const { id } = await browser.createRequest(guarded);
    const bob = await signIn('bob');
    await appOf(bob);
    const { grant } = await bob.review({ id, decision: 'approve' });
    if (grant === null) throw new Error('no grant');
    await grantPrepared(api.context, grant.id);

    const terminal = await signIn('alice');
    const wanted = { resource: 'orders', grant: grant.id };
    const refused = await terminal.connect(wanted).catch((error: unknown) => error);
    const link = refused instanceof Refusal ? (refused.problem?.link ?? '') : '';
    expect(refused).toMatchObject({ code: 'mfa_required', next: expect.stringContaining(link) });
    const asked = new URL(link).searchParams.get('challenge') ?? '';
    await browser.completeStepUp({ id: asked, passkey: await prove(browser) });
    expect((await terminal.connect(wanted)).grant).toBe(grant.id);
    await bob.removeTotp();
  });

  test('for another login only: who waits elsewhere waits on', async () => {
    const browser = await signIn('bob');
    const code = await appOf(browser);
    const terminal = await signIn('bob');
    const other = await signIn('bob');
    const { id } = await terminal.beginStepUp();
    await browser.completeStepUp({ id, code: code() });
    expect((await terminal.me()).session.mfaAt).not.toBeNull();
    expect((await other.me()).session.mfaAt).toBeNull();
  });

  test('a wrong code leaves it waiting; too late, refused, or somebody else’s is the end of it', async () => {
    const browser = await signIn('dan');
    const code = await appOf(browser);
    const terminal = await signIn('dan');
    const { id } = await terminal.beginStepUp();
    expect(await codeOf(browser.completeStepUp({ id, code: '000000' }))).toBe('mfa_invalid');
    expect(await codeOf(browser.completeStepUp({ id }))).toBe('invalid_input');
    expect((await terminal.stepUp({ id })).state).toBe('pending');
    const ivan = await signIn('ivan');
    const calls = [ivan.stepUp({ id }), ivan.completeStepUp({ id, code: '000000' }), ivan.refuseStepUp({ id })];
    expect(await Promise.all(calls.map(codeOf))).toEqual(calls.map(() => 'not_found'));

    const waiting = terminal.stepUp({ id, wait: 30 });
    expect((await browser.refuseStepUp({ id })).state).toBe('refused');
    expect((await waiting).state).toBe('refused');
    expect(await codeOf(browser.completeStepUp({ id, code: code() }))).toBe('wrong_state');
    // Whoever asked is signed out: it was not dan. The others go on.
    expect(await codeOf(terminal.me())).toBe('unauthenticated');
    const other = await signIn('dan');
    expect((await browser.myLogins({})).items).toHaveLength(2);
    const events = await api.events();
    const { login } = events.find(({ data }) => data.challenge === id)?.data ?? {};
    expect(events.slice(-3)).toMatchObject([
      { kind: 'mfa.refused', data: { person: 'dan', challenge: id } },
      { kind: 'login.ended', data: { person: 'dan', login } },
      { kind: 'login.succeeded' },
    ]);

    const late = await other.beginStepUp();
    api.advance({ minutes: 11 });
    expect((await other.stepUp({ id: late.id, wait: 30 })).state).toBe('over');
    expect(await codeOf(browser.completeStepUp({ id: late.id, code: code() }))).toBe('wrong_state');
  });

  test('a login that is over takes what it asked for along', async () => {
    const browser = await signIn('lea');
    const code = await appOf(browser);
    const terminal = await signIn('lea');
    const { id } = await terminal.beginStepUp();
    await terminal.logout();
    expect(await codeOf(browser.completeStepUp({ id, code: code() }))).toBe('not_found');
  });
});

describe('recovery codes', () => {
  test('ten, each once, counted, told on record, made anew with a fresh factor alone', async () => {
    const carol = await signIn('carol');
    expect(await codeOf(carol.makeRecoveryCodes())).toBe('mfa_required');
    const code = await appOf(carol);
    const { codes } = await carol.makeRecoveryCodes();
    expect(new Set(codes).size).toBe(10);
    for (const one of codes) expect(one).toMatch(/^([0-9a-hjkmnp-tv-z]{4}-){3}[0-9a-hjkmnp-tv-z]{4}$/);
    expect((await carol.me()).mfa.recoveryCodes).toBe(10);
    const [first = '', second = '', third = ''] = codes;
    const kept = JSON.stringify(await api.context.store.db.selectFrom('recoveryCodes').selectAll().execute());
    expect(kept).not.toContain(first.replaceAll('-', ''));

    const elsewhere = await signIn('carol');
    // However it is typed.
    const shown = await elsewhere.useRecoveryCode({ code: ` ${first.toUpperCase().replaceAll('-', ' ')} ` });
    expect(shown).toMatchObject({ mfa: { recoveryCodes: 9 }, session: { mfaAt: expect.any(String) } });
    expect(await codeOf(elsewhere.useRecoveryCode({ code: first }))).toBe('mfa_invalid');
    expect(await codeOf(elsewhere.useRecoveryCode({ code: 'not-one-of-them' }))).toBe('mfa_invalid');
    expect((await api.events()).slice(-4)).toMatchObject([
      { kind: 'mfa.recovery.used', data: { person: 'carol', left: 9 } },
      { kind: 'mfa.shown', data: { how: 'recovery' } },
      { kind: 'mfa.refused', data: { person: 'carol' } },
      { kind: 'mfa.refused', data: { person: 'carol' } },
    ]);
    // Of two at once with the same code one gets in.
    const both = [await signIn('carol'), await signIn('carol')];
    const outcomes = await Promise.all(both.map((client) => codeOf(client.useRecoveryCode({ code: second }))));
    expect(outcomes.sort()).toEqual(['mfa_invalid', 'not refused']);
    // At sign-in it stands for the second factor.
    expect((await (await signIn('carol', third)).me()).session.mfaAt).not.toBeNull();

    api.advance({ minutes: 6 });
    expect(await codeOf(elsewhere.makeRecoveryCodes())).toBe('mfa_required');
    await elsewhere.verifyTotp({ code: code() });
    await elsewhere.makeRecoveryCodes();
    expect(await codeOf((await signIn('carol')).useRecoveryCode({ code: codes[4] ?? '' }))).toBe('mfa_invalid');
    // With the last factor they go.
    await elsewhere.removeTotp();
    expect((await elsewhere.me()).mfa).toEqual({ totp: false, passkeys: 0, recoveryCodes: 0 });
  });

  test('are no easier to guess than an authenticator’s', async () => {
    const audrey = await signIn('audrey');
    await appOf(audrey);
    await audrey.makeRecoveryCodes();
    const outcomes: string[] = [];
    for (let guess = 0; guess < 6; guess += 1) {
      outcomes.push(await codeOf(audrey.useRecoveryCode({ code: `aaaa-bbbb-cccc-${guess}` })));
    }
    expect(outcomes.slice(0, 5)).toEqual(Array.from({ length: 5 }, () => 'mfa_invalid'));
    expect(outcomes.at(-1)).toBe('too_many_attempts');
  });
});

describe('an authenticator’s codes', () => {
  test('of clocks that are a step off count, further off not; none counts twice, and that stands on record', async () => {
    const ivan = await signIn('ivan');
    const { secret } = await ivan.enrolTotp({ password: PASSWORD });
    const totp = new TOTP({ secret });
    const off = (steps: number): string =>
      totp.generate({ timestamp: api.context.now().epochMilliseconds + steps * 30_000 });
    await ivan.confirmTotp({ code: off(0) });
    const outcome = async (steps: number): Promise<string> => {
      api.advance({ minutes: 20 });
      const client = await signIn('ivan');
      return codeOf(client.verifyTotp({ code: off(steps) }));
    };
    expect(await outcome(-2)).toBe('mfa_invalid');
    expect(await outcome(-1)).toBe('not refused');
    expect(await outcome(1)).toBe('not refused');
    expect(await outcome(2)).toBe('mfa_invalid');

    api.advance({ minutes: 20 });
    const client = await signIn('ivan');
    const now = off(0);
    const twice = await Promise.all([
      codeOf(client.verifyTotp({ code: now })),
      codeOf(client.verifyTotp({ code: now })),
    ]);
    expect(twice.sort()).toEqual(['mfa_invalid', 'not refused']);
    expect((await api.events()).filter(({ kind }) => kind === 'mfa.refused').at(-1)).toMatchObject({
      data: { person: 'ivan', code: 'mfa_invalid', why: 'This code was used already.' },
    });
  });
});
