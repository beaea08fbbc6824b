/** Signing in with a browser at a real provider. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withCluster } from '../support/api.ts';
import { Browser } from './support/browser.ts';
import { PLATFORM, started, startWorld, type World } from './support/world.ts';

withCluster();
let world: World;
beforeAll(async () => {
  world = await startWorld();
  world.idp.accounts.set('sub-erin', {
    claims: {
      preferred_username: 'erin',
      name: 'Erin Example',
      email: 'erin@example.com',
      groups: [PLATFORM, 'other'],
    },
    amr: ['pwd'],
  });
});
afterAll(() => world.close());

describe('a first sign-in', () => {
  test('makes the person, with the groups that the configuration maps, and a session cookie', async () => {
    const browser = await world.signIn('sub-erin');
    const me: unknown = await (await world.me(browser)).json();
    expect(me).toMatchObject({
      name: 'erin',
      groups: ['platform'],
      session: { how: 'oidc', kind: 'cookie', mfaAt: null },
    });
    const carol = await world.api.as('carol');
    expect((await carol.identities({ name: 'erin' })).items).toMatchObject([
      { provider: 'corp', issuer: world.idp.issuer, subject: 'sub-erin', groups: [PLATFORM, 'other'], linkedBy: null },
    ]);
    expect((await world.api.events()).map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['person.created', 'identity.linked', 'identity.groups_changed', 'login.succeeded']),
    );
  });
});
