/** API keys: what they open, what they never do, and how they end. */
import { type EndpointName, endpoints, type KeyScope, keyScope, SCOPE_OF } from '@tidegate/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Api, CONFIG, codeOf, startApi, withCluster } from '../support/api.ts';

withCluster();
let api: Api;

beforeAll(async () => {
  api = await startApi();
  await (await api.as('carol')).applyConfig({ yaml: `${CONFIG}\napiKeys: { self: { people: [alice] } }\n` });
});
afterAll(() => api.close());

const in_ = (hours: number): string => api.context.now().add({ hours }).toString();
const make = async (who: string, scopes: KeyScope[], person?: string) =>
  (await api.as(who)).createApiKey({ name: 'test', scopes, expiresAt: in_(24), ...(person ? { person } : {}) });

describe('made', () => {
  test('by administrators, and by whom the configuration allows it, for themselves', async () => {
    const made = await make('alice', ['requests:read', 'requests:read', 'connect']);
    expect(made).toMatchObject({ person: 'alice', createdBy: 'alice', scopes: ['requests:read', 'connect'] });
    expect(made.key).toMatch(/^tdk_[\w-]{43}$/);
    expect(made.prefix).toBe(made.key.slice(0, 12));
    expect(await codeOf(make('ivan', ['requests:read']))).toBe('forbidden');
    expect(await codeOf(make('alice', ['requests:read'], 'ivan'))).toBe('forbidden');
    expect(await make('carol', ['requests:read'], 'ivan')).toMatchObject({ person: 'ivan', createdBy: 'carol' });
    const may = async (who: string) => (await (await api.as(who)).me()).mayMakeKeys;
    expect([await may('alice'), await may('ivan'), await may('carol')]).toEqual([true, false, true]);
    const refusals = (await api.events()).filter(({ kind }) => kind === 'api_key.create.refused');
    expect(refusals.map(({ data }) => data.by)).toEqual(expect.arrayContaining(['ivan', 'alice']));
  });

  test('never by an administrator to act as another person', async () => {
    expect(await codeOf(make('carol', ['requests:write'], 'ivan'))).toBe('forbidden');
    expect(await codeOf(make('carol', ['requests:read', 'connect'], 'ivan'))).toBe('forbidden');
  });

  test.each([
    ['past', -1],
    ['more than a year ahead', 24 * 366 + 1],
  ])('never with an end that is %s', async (_, hours) => {
    const carol = await api.as('carol');
    const wanted = { name: 'x', scopes: ['scim' as const], expiresAt: in_(hours) };
    expect(await codeOf(carol.createApiKey(wanted))).toBe('invalid_input');
  });

  test('and kept as a digest alone', async () => {
    const { key } = await make('carol', ['scim']);
    const rows = await api.context.store.db.selectFrom('apiKeys').selectAll().execute();
    expect(JSON.stringify(rows)).not.toContain(key.slice(12));
    expect(JSON.stringify(await api.events())).not.toContain(key.slice(12));
  });
});

describe('used', () => {
  test.each(Object.keys(endpoints) as EndpointName[])(
    '%s: by the scope that the table names, by no other',
    async (name) => {
      const { method, path, access } = endpoints[name];
      if (access === 'anyone') return;
      const wanted = SCOPE_OF[name];
      const others = keyScope.options.filter((scope) => scope !== wanted);
      const call = async (key: string) => {
        const url = new URL(path.replace(/:\w+/g, 'x'), api.url);
        const answer = await fetch(url, { method, headers: { authorization: `Bearer ${key}` } });
        const told = answer.status === 204 ? '' : await answer.text();
        return told.includes('API key') ? 'refused for its scope' : 'taken';
      };
      const wrong = await make('carol', others);
      expect(await call(wrong.key)).toBe('refused for its scope');
      if (wanted === undefined) return;
      const right = await make('carol', [wanted]);
      expect(await call(right.key)).toBe('taken');
    },
  );

  test('as its person and no more', async () => {
    const { key } = await make('carol', ['requests:read', 'audit:read'], 'ivan');
    const ivan = api.nobody.withToken(key);
    expect(await ivan.me()).toMatchObject({ name: 'ivan', session: { mfaAt: null } });
    expect(await codeOf(ivan.auditEntries())).toBe('forbidden');
    const [listed] = (await (await api.as('ivan')).apiKeys()).items;
    expect(listed).toMatchObject({ lastUsedFrom: '127.0.0.1', lastUsedAt: expect.any(String) });
    expect(JSON.stringify(listed)).not.toContain(key);
  });

  test('never as a second factor, even with a code', async () => {
    const { key } = await make('alice', ['requests:write']);
    const machine = api.nobody.withToken(key);
    const wanted = { resource: 'orders', role: 'guarded', reason: 'x' };
    expect(await codeOf(machine.createRequest(wanted))).toBe('mfa_required');
    const { db } = api.context.store;
    const before = await db.selectFrom('logins').select('token').where('mfaAt', 'is not', null).execute();
    expect(await codeOf(machine.createRequest({ ...wanted, mfaCode: '123456' }))).not.toBe('not refused');
    expect(await db.selectFrom('logins').select('token').where('mfaAt', 'is not', null).execute()).toEqual(before);
  });
});

describe('ended', () => {
  test('by its person or an administrator, at once and once', async () => {
    const own = await make('alice', ['requests:read']);
    const machine = api.nobody.withToken(own.key);
    await machine.me();
    expect(await codeOf((await api.as('ivan')).revokeApiKey({ id: own.id }))).toBe('not_found');
    expect(await codeOf((await api.as('audrey')).revokeApiKey({ id: own.id }))).toBe('forbidden');
    await (await api.as('carol')).revokeApiKey({ id: own.id });
    expect(await codeOf(machine.me())).toBe('unauthenticated');
    expect(await codeOf((await api.as('alice')).revokeApiKey({ id: own.id }))).toBe('wrong_state');
    const { items } = await (await api.as('alice')).apiKeys({ state: 'all' });
    expect(items.find(({ id }) => id === own.id)).toMatchObject({ revokedBy: 'carol' });
  });

  test('with its account, and not brought back with it', async () => {
    const { key } = await make('carol', ['requests:read'], 'dan');
    const carol = await api.as('carol');
    await carol.changePerson({ name: 'dan', disabled: true });
    expect(await codeOf(api.nobody.withToken(key).me())).toBe('unauthenticated');
    await carol.changePerson({ name: 'dan', disabled: false });
    expect(await codeOf(api.nobody.withToken(key).me())).toBe('unauthenticated');
  });

  test('at its time', async () => {
    const { key } = await make('alice', ['requests:read']);
    api.advance({ hours: 25 });
    expect(await codeOf(api.nobody.withToken(key).me())).toBe('unauthenticated');
  });

  test.each(['', 'tdk_', 'tdk_0000000000000000000000000000000000000000000'])('%j opens nothing', async (key) => {
    expect(await codeOf(api.nobody.withToken(key).me())).toBe('unauthenticated');
  });
});
