/** SCIM that would leave Tidegate without an administrator, in every way it could. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Api, startApi, withCluster } from '../support/api.ts';
import { patch, type Scim, scimClient, scimWith } from './client.ts';

withCluster();
let api: Api;
let scim: Scim;
beforeAll(async () => {
  api = await startApi();
  scim = await scimClient(api);
});
afterAll(() => api.close());

const off = patch({ op: 'replace', path: 'active', value: false });
const account = async (name: string) => (await api.as('carol')).person({ name });

describe('the last administrator', () => {
  test('stays, whichever way it is tried; each try is refused with 409 and stands on the record', async () => {
    const carol = await api.as('carol');
    const { yaml } = await carol.config();
    const chief = await scim.user('chief@contoso.com');
    const group = await scim.group('Tidegate admins', [chief], { externalId: 'idp-admins' });
    await carol.applyConfig({
      yaml: yaml.replace('groups:\n', 'groups:\n  - { name: administrators, fromIdp: idp-admins }\n') + PROVIDER,
    });
    expect((await account('chief@contoso.com')).groups).toEqual(['administrators']);
    // The key is carol's, and carol must be administrator for it; a workload's key outlives her.
    const { db } = api.context.store;
    await db
      .insertInto('people')
      .values({
        name: 'idp' as never,
        kind: 'workload',
        password: null,
        createdAt: api.context.now(),
        disabledAt: null,
      })
      .execute();
    const expiresAt = api.context.now().add({ hours: 1 }).toString();
    const { key } = await carol.createApiKey({ name: 'x', person: 'idp', scopes: ['scim'], expiresAt });
    const provider = scimWith(api, key);
    await carol.changePerson({ name: 'carol', groups: [] });

    const before = (await api.events()).filter(({ kind }) => kind === 'scim.refused').length;
    const tries: [string, string, object?][] = [
      ['DELETE', `/Users/${chief}`],
      ['PATCH', `/Users/${chief}`, off],
      ['PUT', `/Users/${chief}`, { userName: 'chief@contoso.com', active: 'False' }],
      ['PATCH', `/Groups/${group}`, patch({ op: 'remove', path: `members[value eq "${chief}"]` })],
      ['PATCH', `/Groups/${group}`, patch({ op: 'Remove', path: 'members', value: [{ value: chief }] })],
      ['PATCH', `/Groups/${group}`, patch({ op: 'replace', path: 'members', value: [] })],
      ['PATCH', `/Groups/${group}`, patch({ op: 'replace', path: 'externalId', value: 'else' })],
      ['PUT', `/Groups/${group}`, { displayName: 'Tidegate admins', externalId: 'idp-admins', members: [] }],
      ['DELETE', `/Groups/${group}`],
    ];
    for (const [method, path, body] of tries) {
      expect({ method, body, status: (await provider.send(method, path, body)).status }).toEqual({
        method,
        body,
        status: 409,
      });
    }
    expect((await api.events()).filter(({ kind }) => kind === 'scim.refused').length).toBe(before + tries.length);
    expect((await provider.get(`/Groups/${group}`)).body.members).toHaveLength(1);
  });
});

const PROVIDER = `
identityProviders:
  - { name: entra, issuer: "https://login.example/t/v2.0", clientId: tidegate }
`;
