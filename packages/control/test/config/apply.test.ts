/** Planning and applying: what changes is told beforehand, and happens as a whole or not at all. */

import type { Client } from '@tidegate/contract';
import type { GrantId } from '@tidegate/core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { grantClosed, grantPrepared } from '../../src/access/reports.ts';
import { currentConfig } from '../../src/config/current.ts';
import { appendEvent } from '../../src/record/events.ts';
import { type Api, CONFIG, codeOf, startApi, withCluster } from '../support/api.ts';
import { anotherControlPlane } from '../support/link.ts';

withCluster();
let api: Api;
let carol: Client;
beforeAll(async () => {
  api = await startApi();
  carol = await api.as('carol');
});
afterAll(() => api.close());
beforeEach(async () => {
  if ((await carol.config({})).yaml !== CONFIG) await carol.applyConfig({ yaml: CONFIG });
});

/** Without the resource `shop`. */
const NO_SHOP = CONFIG.replace(/ {2}- name: shop[\s\S]*?(?=roles:)/, '').replace('[orders, shop]', '[orders]');
/** `add engineers and reader on orders: …`, one a change. */
async function planned(yaml: string): Promise<string[]> {
  const { changes } = await carol.planConfig({ yaml });
  return changes.map(({ kind, what, detail }) => `${kind} ${what}: ${detail}`);
}

describe('a plan', () => {
  test('of the same text changes nothing, nor does the order of what has none', async () => {
    expect(await planned(CONFIG)).toEqual([]);
    expect(await planned(`# a comment\n${CONFIG}`)).toEqual([]);
  });

  test('tells what is added, changed and removed', async () => {
    const yaml = NO_SHOP.replace(
      '- { name: engineers }',
      '- { name: engineers, members: [eve, alice] }\n  - { name: new }',
    )
      .replace('127.0.0.1:5432', '127.0.0.1:6432')
      .replace('{ default: 1h, max: 4h }', '{ default: 2h, max: 8h }');
    const changes = await planned(yaml);
    expect(changes).toEqual(
      expect.arrayContaining([
        'change group engineers: eve, alice joins',
        'add group new: no members in the file',
        'change resource orders: address: 127.0.0.1:5432 → 127.0.0.1:6432',
        'remove resource shop: postgres at 127.0.0.1:5433: shop',
        'change role owner: default: 1 h → 2 h; longest: 4 h → 8 h',
        'change rule at once: resources: orders, shop → orders',
      ]),
    );
  });

  test('tells who gains, loses and keeps the chance to get what', async () => {
    const yaml = CONFIG.replace(
      `who: { groups: [engineers, leads, dba] }
    approvals:
      - { from: { groups: [leads] } }
  - name: own`,
      `who: { groups: [engineers, leads], people: [olga] }
    approvals:
      - { from: { groups: [leads] } }
      - { from: { groups: [dba] } }
  - name: own`,
    );
    expect(yaml).not.toBe(CONFIG);
    const both = 'reader on orders, editor on orders';
    expect(await planned(yaml)).toEqual([
      'change rule read: who: engineers, leads, dba → engineers, leads, olga; approvals: one of leads → one of leads, then one of dba',
      `change engineers and ${both}: one of leads, at most 2 h → one of leads, then one of dba, at most 2 h`,
      `change leads and ${both}: one of leads, at most 2 h → one of leads, then one of dba, at most 2 h`,
      `remove dba and ${both}: no longer`,
      `add olga and ${both}: one of leads, then one of dba, at most 2 h`,
    ]);
  });

  test('tells who may save results, by which rule', async () => {
    const own = 'roles: [owner]';
    const yaml = CONFIG.replace(own, `${own}\n    allow: { export: true }`);
    expect(yaml).not.toBe(CONFIG);
    const plan = await planned(yaml);
    expect(plan[0]).toBe('change rule own: saving results: as the resource → allowed');
    expect(plan.length).toBeGreaterThan(1);
    for (const line of plan.slice(1)) expect(line).toMatch(/ owner on orders: (.+) → \1, results may be saved$/);
  });

  test('tells of rules that change places', async () => {
    const [head = '', ...rules] = CONFIG.split(/(?= {2}- name: (?:at once|read|own|guarded)\n)/);
    const yaml = head + rules.reverse().join('');
    expect((await planned(yaml))[0]).toBe(
      'change order of the rules: at once, read, own, guarded → guarded, own, read, at once',
    );
  });

  test('is of one text on top of one version', async () => {
    const { planId } = await carol.planConfig({ yaml: NO_SHOP });
    expect(await codeOf(carol.applyConfig({ yaml: CONFIG, planId }))).toBe('conflict');
    await carol.applyConfig({ yaml: `${CONFIG}\n# two at once\n` });
    expect(await codeOf(carol.applyConfig({ yaml: NO_SHOP, planId }))).toBe('conflict');
    const again = await carol.planConfig({ yaml: NO_SHOP });
    expect((await carol.applyConfig({ yaml: NO_SHOP, planId: again.planId })).yaml).toBe(NO_SHOP);
  });

  test('with an error tells every error, and changes nothing', async () => {
    const before = await carol.config({});
    const yaml = CONFIG.replace('engine: postgres', 'engine: oracle').replace('roles: [owner]', 'roles: [ownr]');
    for (const call of [carol.planConfig({ yaml }), carol.applyConfig({ yaml })]) {
      const refusal = await call.then(
        () => null,
        (error: unknown) => error,
      );
      expect(refusal).toMatchObject({
        code: 'invalid_config',
        problem: {
          status: 422,
          errors: [
            { line: 9, column: 13, path: 'resources[0].engine' },
            { path: 'policies[2].roles[0]', message: 'There is no role “ownr”. Did you mean “owner”?' },
          ],
        },
      });
    }
    expect(await carol.config({})).toEqual(before);
    expect((await api.events()).at(-1)).toMatchObject({ kind: 'config.refused', data: { by: 'carol' } });
  });
});

describe('applying', () => {
  test('is in force at once at every control plane, in the transaction that asks', async () => {
    const other = await anotherControlPlane(api);
    const before = await currentConfig(other.store.db);
    const { version } = await carol.applyConfig({ yaml: NO_SHOP });
    expect(version).toBe(before.version + 1);
    const after = await currentConfig(other.store.db);
    expect([after.version, after.resources.map(({ name }) => name)]).toEqual([version, ['orders']]);
    expect(await currentConfig(other.store.db)).toBe(after);
    await other.store.close();
    expect((await api.events()).at(-1)).toMatchObject({ kind: 'config.applied', data: { by: 'carol', version } });
  });

  test('keeps every version', async () => {
    const { version } = await carol.applyConfig({ yaml: NO_SHOP });
    const { items } = await carol.configVersions({ limit: 2 });
    expect(items.map((item) => [item.version, item.appliedBy])).toEqual([
      [version, 'carol'],
      [version - 1, 'carol'],
    ]);
    expect((await carol.configVersion({ version: version - 1 })).yaml).toBe(CONFIG);
    expect(await codeOf(carol.configVersion({ version: 9999 }))).toBe('not_found');
  });

  test('one after the other, when several do at once', async () => {
    const { version } = await carol.config({});
    const texts = [1, 2, 3, 4].map((n) => `${CONFIG}# ${n}\n`);
    const applied = await Promise.all(texts.map((yaml) => carol.applyConfig({ yaml })));
    expect(applied.map((each) => each.version).toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4].map((n) => version + n));
  });

  test('replaces the file’s memberships and leaves those that administrators set', async () => {
    await carol.applyConfig({ yaml: CONFIG.replace('{ name: dba }', '{ name: dba, members: [olga, eve] }') });
    expect((await carol.person({ name: 'olga' })).groups).toEqual(['dba']);
    await carol.applyConfig({ yaml: CONFIG.replace('{ name: dba }', '{ name: dba, members: [eve] }') });
    expect((await carol.person({ name: 'olga' })).groups).toEqual([]);
    expect((await carol.person({ name: 'dan' })).groups).toEqual(['dba']);
  });

  test('does not take the last administrator away', async () => {
    const withAdministrators = CONFIG.replace('groups:\n', 'groups:\n  - { name: administrators, members: [olga] }\n');
    await carol.applyConfig({ yaml: withAdministrators });
    const { db } = api.context.store;
    await db
      .deleteFrom('groupMembers')
      .where('source', '=', 'local')
      .where('person', '=', 'carol' as never)
      .execute();
    expect(await codeOf((await api.as('olga')).applyConfig({ yaml: CONFIG }))).toBe('conflict');
    await db
      .insertInto('groupMembers')
      .values({ groupName: 'administrators' as never, person: 'carol' as never, source: 'local' })
      .execute();
  });

  test('does not remove a resource whose grants are open, and forgets its password when it goes', async () => {
    await carol.setCredential({ name: 'shop', password: 'hunter2' });
    const ivan = await api.as('ivan');
    const { grant } = await ivan.createRequest({ resource: 'shop', role: 'reader' });
    const id = grant?.id ?? ('' as GrantId);
    await grantPrepared(api.context, id);
    const plan = await carol.planConfig({ yaml: NO_SHOP });
    expect(plan.refused).toBe(true);
    expect(plan.warnings.filter((warning) => warning.includes(id))).toEqual([
      `Grant ${id} of ivan on shop is open: applying this is refused until it is closed.`,
    ]);
    expect((await carol.planConfig({ yaml: CONFIG })).refused).toBe(false);
    expect((await carol.planConfig({ yaml: CONFIG.replace('127.0.0.1:5433', '127.0.0.1:6433') })).warnings).toEqual([
      expect.stringContaining(`Grant ${id} of ivan is open on shop as it was`),
    ]);
    await expect(carol.applyConfig({ yaml: NO_SHOP })).rejects.toThrow(`${id} (ivan on shop, active)`);
    await ivan.relinquishGrant({ id });
    await expect(carol.applyConfig({ yaml: NO_SHOP })).rejects.toThrow('closing');
    await grantClosed(api.context, id, 'near');
    await carol.applyConfig({ yaml: NO_SHOP });
    expect(await api.context.store.db.selectFrom('resourceCredentials').selectAll().execute()).toEqual([]);
  });

  test('a password is stored only where the configuration says so', async () => {
    expect(await codeOf(carol.setCredential({ name: 'orders', password: 'x' }))).toBe('conflict');
    expect(await codeOf(carol.setCredential({ name: 'nothing', password: 'x' }))).toBe('not_found');
  });
});

describe('a simulation', () => {
  test('tells past requests that would be decided otherwise, and refused asks that would be allowed', async () => {
    const since = api.context.now().toString();
    const [alice, olga] = [await api.as('alice'), await api.as('olga')];
    const reader = { resource: 'orders', role: 'reader', reason: 'INC-1' };
    const { id } = await alice.createRequest(reader);
    expect(await codeOf(olga.createRequest(reader))).toBe('policy_denied');
    expect(await codeOf(olga.createRequest({ ...reader, role: 'owner' }))).toBe('policy_denied');
    expect(await codeOf(olga.createRequest({ ...reader, resource: 'nowhere' }))).toBe('not_found');
    expect(await codeOf(alice.createRequest({ ...reader, duration: '0m' }))).toBe('invalid_input');
    const same = await carol.simulateConfig({ yaml: CONFIG, since });
    expect(same).toMatchObject({
      requests: 1,
      complete: true,
      different: [],
      refused: { asks: 3, allowed: [], more: 0 },
    });

    const yaml = CONFIG.replace(
      /(- name: read\n[\s\S]*?who: )\{ groups: \[engineers, leads, dba\] \}/,
      '$1{ groups: [leads, dba], people: [olga] }',
    );
    const found = await carol.simulateConfig({ yaml, since });
    const would = expect.stringMatching(/^denied: /);
    expect(found.different).toMatchObject([{ id, requester: 'alice', was: 'one of leads', would }]);
    expect(found.refused).toMatchObject({
      asks: 3,
      allowed: [{ requester: 'olga', resource: 'orders', role: 'reader', would: 'one of leads' }],
    });
    expect(
      (await carol.simulateConfig({ yaml, since: api.context.now().add({ seconds: 1 }).toString() })).refused.asks,
    ).toBe(0);
  });

  test('takes a refused ask as it was, where the record says how it was', async () => {
    const since = api.context.now().add({ seconds: 1 });
    api.advance({ seconds: 2 });
    const ask = { person: 'alice', resource: 'orders', role: 'reader', breakGlass: false };
    const refused = { code: 'duration_too_long', why: 'At most 2 h.' };
    const events = [
      { ...ask, ...refused, duration: 'PT3H', reason: 'x' },
      { ...ask, ...refused, duration: 'PT5H', reason: 'x' },
      { ...ask, ...refused, duration: 'PT3H', reason: '' },
    ].map((data) => ({ kind: 'request.refused', at: api.context.now(), data }));
    await api.context.store.transaction((tx) => appendEvent(tx, ...events));
    const yaml = CONFIG.replace(
      'name: reader, privileges: read, duration: { default: 1h, max: 2h }',
      'name: reader, privileges: read, duration: { default: 1h, max: 4h }',
    );
    expect(yaml).not.toBe(CONFIG);
    const { refused: found } = await carol.simulateConfig({ yaml, since: since.toString() });
    expect(found).toMatchObject({
      asks: 3,
      allowed: [{ requester: 'alice', was: 'At most 2 h.', would: 'one of leads' }],
    });
  });
});
