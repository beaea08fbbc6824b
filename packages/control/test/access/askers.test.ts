/** Who could ask for something on a resource, by rule and by person; told to those who look after it. */
import type { Client } from '@tidegate/contract';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Api, CONFIG, codeOf, startApi, withCluster } from '../support/api.ts';

withCluster();
let api: Api;
let carol: Client;
beforeAll(async () => {
  api = await startApi();
  carol = await api.as('carol');
});
afterAll(() => api.close());

async function everybody(client: Client, limit: number): Promise<string[]> {
  const people: string[] = [];
  let cursor: string | undefined;
  for (;;) {
    const page = await client.resourceAskers({ name: 'orders', limit, ...(cursor === undefined ? {} : { cursor }) });
    expect(page.items.length).toBeLessThanOrEqual(limit);
    people.push(...page.items.map(({ person }) => person));
    if (page.nextCursor === null) return people;
    cursor = page.nextCursor;
  }
}

test('by rule, in the policy’s order, with what each takes', async () => {
  const { items } = await carol.resourceRules({ name: 'orders' });
  expect(items.map(({ rule, roles, approvals }) => [rule, roles.join(), approvals])).toEqual([
    ['at once', 'reader,editor', 'no approval'],
    ['read', 'reader,editor', 'one of leads'],
    ['own', 'owner', 'one of leads, then one of leads or dba'],
    ['guarded', 'guarded', 'one of leads'],
  ]);
  expect(items[0]).toMatchObject({ people: ['ivan'], groups: [] });
  expect((await carol.resourceRules({ name: 'shop' })).items.map(({ rule }) => rule)).toEqual(['at once']);
});

test('by person, a page at a time, each once whatever groups they are in; nobody whose account is disabled', async () => {
  const all = ['alice', 'bob', 'dan', 'ivan', 'lea'];
  for (const limit of [1, 2, 100]) expect(await everybody(carol, limit)).toEqual(all);
  const { items } = await carol.resourceAskers({ name: 'orders' });
  expect(items.find(({ person }) => person === 'lea')?.could).toEqual([
    { role: 'reader', rule: 'read', breakGlass: false, conditional: false },
    { role: 'editor', rule: 'read', breakGlass: false, conditional: false },
    { role: 'owner', rule: 'own', breakGlass: false, conditional: false },
  ]);
  await carol.changePerson({ name: 'bob', disabled: true });
  expect(await everybody(carol, 2)).toEqual(all.filter((name) => name !== 'bob'));
  await carol.changePerson({ name: 'bob', disabled: false });
});

test('its owners see it, of what they own; whoever can only ask does not', async () => {
  const dan = await api.as('dan');
  expect((await dan.me()).owns).toEqual(['orders']);
  expect((await (await api.as('alice')).me()).owns).toEqual([]);
  expect(await everybody(dan, 100)).toHaveLength(5);
  expect(await codeOf(dan.resourceAskers({ name: 'shop' }))).toBe('forbidden');
  expect(await codeOf((await api.as('alice')).resourceAskers({ name: 'orders' }))).toBe('forbidden');
  expect(await codeOf(carol.resourceRules({ name: 'nowhere' }))).toBe('not_found');
});

test('who is no user of Tidegate there could not ask, whatever the policy says', async () => {
  await carol.applyConfig({ yaml: `${CONFIG}permissions:\n  - {role: user, to: {groups: [leads]}}\n` });
  expect(await everybody(carol, 2)).toEqual(['bob', 'lea']);
});
