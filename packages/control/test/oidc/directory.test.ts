/** A directory that says who people are in UserInfo, and provisions them by SCIM. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withCluster } from '../support/api.ts';
import type { Browser } from './support/browser.ts';
import { PLATFORM, startWorld, type World } from './support/world.ts';

withCluster();
let world: World;
beforeAll(async () => {
  world = await startWorld('    scim: true\n    nameFrom: name', { claimsInIdToken: false });
});
afterAll(() => world.close());

const meOf = async (browser: Browser): Promise<unknown> => (await world.me(browser)).json();

test('what the ID token leaves out is read from UserInfo', async () => {
  world.idp.accounts.set('sub-zoe', { claims: { name: 'Zoë Zett', groups: [PLATFORM], email: 'zoe@example.com' } });
  expect(await meOf(await world.signIn('sub-zoe'))).toMatchObject({ name: 'Zoë Zett', groups: ['platform'] });
});

test('whom SCIM provisioned under the subject is that person; one it deleted is not', async () => {
  const { db } = world.api.context.store;
  const at = world.api.context.now();
  for (const [id, externalId, deletedAt] of [
    ['00000000-0000-4000-8000-000000000001', 'sub-yan', null],
    ['00000000-0000-4000-8000-000000000002', 'sub-xia', at],
  ] as const) {
    const person = `scim ${externalId}` as never;
    await db.insertInto('people').values({ name: person, password: null, createdAt: at, disabledAt: null }).execute();
    await db
      .insertInto('scimUsers')
      .values({
        id,
        person,
        externalId,
        userName: externalId,
        active: deletedAt === null,
        deletedAt,
        attributes: '{}',
        version: 1,
        createdAt: at,
        modifiedAt: at,
      })
      .execute();
    world.idp.accounts.set(externalId, { claims: { name: externalId } });
  }
  expect(await meOf(await world.signIn('sub-yan'))).toMatchObject({ name: 'scim sub-yan' });
  expect(await meOf(await world.signIn('sub-xia'))).toMatchObject({ name: 'sub-xia' });
  expect(await world.api.events()).toContainEqual({
    kind: 'identity.linked',
    data: expect.objectContaining({ person: 'scim sub-yan', because: 'provisioned by SCIM under this subject' }),
  });
});
