import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ensureSetupToken } from '../../src/identity/setup.ts';
import { type Api, CONFIG, codeOf, PASSWORD, startApi, withCluster } from '../support/api.ts';

withCluster();

describe('the first set-up', () => {
  const carol = { name: 'carol', password: PASSWORD, groups: ['administrators'] };
  let empty: Api;
  beforeAll(async () => {
    empty = await startApi({ empty: true });
  });
  afterAll(() => empty.close());

  test('takes the token, an administrator, and a sound configuration, or leaves nothing behind', async () => {
    const token = (await ensureSetupToken(empty.context)) ?? '';
    expect(await ensureSetupToken(empty.context)).toBe(token);
    const { nobody } = empty;
    expect(await codeOf(nobody.setup({ token: 'x', people: [carol] }))).toBe('token_invalid');
    expect(await codeOf(nobody.setup({ token, people: [{ ...carol, groups: [] }] }))).toBe('invalid_input');
    expect(await codeOf(nobody.setup({ token, people: [carol, carol] }))).toBe('conflict');
    expect(await codeOf(nobody.setup({ token, people: [carol], config: 'apiVersion: nothing' }))).toBe(
      'invalid_config',
    );
    expect(await empty.context.store.db.selectFrom('people').select('name').execute()).toEqual([]);

    expect(
      await nobody.setup({ token, people: [carol], config: CONFIG.slice(0, CONFIG.indexOf('policies:')) }),
    ).toEqual({
      people: ['carol'],
      configVersion: 1,
    });
    expect((await (await empty.as('carol')).resources()).items).toHaveLength(2);
    expect(await codeOf(nobody.setup({ token, people: [{ ...carol, name: 'eve' }] }))).toBe('setup_done');
    expect(await ensureSetupToken(empty.context)).toBeNull();
  });
});

describe('accounts', () => {
  let api: Api;
  beforeAll(async () => {
    api = await startApi();
  });
  afterAll(() => api.close());
  afterEach(() => api.signedOut('ivan'));

  test('are made, shown and changed by administrators', async () => {
    const carol = await api.as('carol');
    const name = 'Zoë "the" O’Neill 🦊';
    expect(await carol.createPerson({ name, password: PASSWORD, groups: ['leads'] })).toMatchObject({
      name,
      groups: ['leads'],
      disabled: false,
    });
    expect(await codeOf(carol.createPerson({ name, password: PASSWORD }))).toBe('conflict');
    expect(await carol.person({ name })).toMatchObject({ groups: ['leads'] });
    expect(await carol.changePerson({ name, groups: ['dba', 'leads', 'dba'] })).toMatchObject({
      groups: ['dba', 'leads'],
    });
    expect(await codeOf(carol.changePerson({ name: 'nobody', groups: [] }))).toBe('not_found');
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: Awaited<ReturnType<typeof carol.people>> = await carol.people({
        limit: 3,
        ...(cursor === '' ? {} : { cursor }),
      });
      seen.push(...page.items.map((person) => person.name));
      cursor = page.nextCursor;
    }
    expect(seen).toContain(name);
    expect(new Set(seen).size).toBe(9);
  });

  test('a new password, and a disabled account, end every login', async () => {
    const carol = await api.as('carol');
    for (const change of [{ password: 'another password' }, { disabled: true }]) {
      const { token } = await api.nobody.login({
        user: 'ivan',
        password: 'password' in change ? PASSWORD : 'another password',
      });
      const ivan = api.nobody.withToken(token);
      await carol.changePerson({ name: 'ivan', ...change });
      expect(await codeOf(ivan.me())).toBe('unauthenticated');
    }
    expect(await codeOf(api.nobody.login({ user: 'ivan', password: 'another password' }))).toBe('login_failed');
    await carol.changePerson({ name: 'ivan', disabled: false, password: PASSWORD });
  });

  test('there is always an administrator, also when two are taken away at once', async () => {
    const carol = await api.as('carol');
    expect(await codeOf(carol.changePerson({ name: 'carol', disabled: true }))).toBe('conflict');
    expect(await codeOf(carol.changePerson({ name: 'carol', groups: [] }))).toBe('conflict');
    await carol.changePerson({ name: 'ivan', groups: ['administrators'] });
    const ivan = await api.as('ivan');
    const outcomes = await Promise.all([
      codeOf(carol.changePerson({ name: 'ivan', groups: [] })),
      codeOf(ivan.changePerson({ name: 'carol', groups: [] })),
    ]);
    expect(outcomes.filter((code) => code === 'not refused')).toHaveLength(1);
    const left = await api.context.store.db
      .selectFrom('groupMembers')
      .select('person')
      .where('groupName', '=', 'administrators' as never)
      .execute();
    expect(left).toHaveLength(1);
  });
});
