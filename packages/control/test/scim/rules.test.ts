/** What SCIM may do to accounts and what it never may, and how refusals are told. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { grantPrepared } from '../../src/access/reports.ts';
import { personByExternalId } from '../../src/identity/scim/people.ts';
import { type Api, codeOf, startApi, withCluster } from '../support/api.ts';
import { ENTERPRISE, patch, type Scim, scimClient, scimWith } from './client.ts';

withCluster();
let api: Api;
let scim: Scim;
beforeAll(async () => {
  api = await startApi();
  scim = await scimClient(api);
});
afterAll(() => api.close());

const TRUSTED = `
identityProviders:
  - name: corp
    issuer: https://id.example.com
    clientId: tidegate
    scim: true
    trustNames: true
`;
const off = patch({ op: 'replace', path: 'active', value: false });
const account = async (name: string) => (await api.as('carol')).person({ name });

describe('who may call', () => {
  const ROUTES = [
    ['GET', '/ServiceProviderConfig'],
    ['GET', '/ResourceTypes'],
    ['GET', '/ResourceTypes/User'],
    ['GET', '/Schemas'],
    ['GET', `/Schemas/${ENTERPRISE}`],
    ['GET', '/Users'],
    ['GET', '/Users/x'],
    ['POST', '/Users'],
    ['PUT', '/Users/x'],
    ['PATCH', '/Users/x'],
    ['DELETE', '/Users/x'],
    ['GET', '/Groups'],
    ['GET', '/Groups/x'],
    ['POST', '/Groups'],
    ['PUT', '/Groups/x'],
    ['PATCH', '/Groups/x'],
    ['DELETE', '/Groups/x'],
  ] as const;

  test('every route is in the table', () => {
    const routes = api.app.printRoutes({ commonPrefix: false, includeHooks: false });
    const methods = (path: string) => ROUTES.filter(([, at]) => at.split('/')[1] === path).length;
    expect(routes).toContain('scim/v2');
    for (const [method, path] of ROUTES) {
      const url = `/scim/v2${path
        .replace('/x', '/:id')
        .replace('/ResourceTypes/User', '/ResourceTypes/:id')
        .replace(/\/Schemas\/.+/, '/Schemas/:id')}`;
      expect(api.app.hasRoute({ method, url })).toBe(true);
    }
    expect([methods('Users'), methods('Groups')]).toEqual([6, 6]);
  });

  test.each(ROUTES)(
    '%s %s: 401 for nobody and for a login, 403 without the scope, taken with it',
    async (method, path) => {
      const carol = await api.nobody.login({ user: 'carol', password: 'correct horse battery' });
      const expiresAt = api.context.now().add({ hours: 1 }).toString();
      const other = await (await api.as('carol')).createApiKey({ name: 'x', scopes: ['audit:read'], expiresAt });
      const body = method === 'GET' || method === 'DELETE' ? undefined : {};
      for (const [key, status] of [
        ['', 401],
        ['tdk_wrong', 401],
        [carol.token ?? 'x', 401],
        [other.key, 403],
      ] as const) {
        const answer = await scimWith(api, key).send(method, path, body);
        expect(answer.status).toBe(status);
        expect(answer.headers.get('content-type')).toContain('application/scim+json');
        expect(answer.body).toMatchObject({
          schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'],
          status: String(status),
        });
      }
      const taken = await scim.send(method, path, body);
      expect([200, 400, 404]).toContain(taken.status);
    },
  );

  test('a key of who is no administrator any more keeps nobody', async () => {
    const carol = await api.as('carol');
    await carol.changePerson({ name: 'ivan', groups: ['administrators'] });
    const ivan = await api.as('ivan');
    const expiresAt = api.context.now().add({ hours: 1 }).toString();
    const { key } = await ivan.createApiKey({ name: 'x', scopes: ['scim'], expiresAt });
    expect((await scimWith(api, key).get('/Users')).status).toBe(200);
    await carol.changePerson({ name: 'ivan', groups: [] });
    expect((await scimWith(api, key).get('/Users')).status).toBe(403);
  });
});

describe('an account', () => {
  const known = async (id: string) => (await personByExternalId(api.context.store.db, id))?.person;

  test('that is disabled loses its requests, grants and keys at once; deleted is disabled too', async () => {
    for (const end of ['PATCH', 'DELETE'] as const) {
      const name = `leaver-${end.toLowerCase()}`;
      const id = await scim.user(name);
      const { db } = api.context.store;
      const at = api.context.now();
      const { yaml } = await (await api.as('carol')).config();
      await (await api.as('carol')).applyConfig({ yaml: yaml.replace('people: [ivan', `people: [ivan, ${name}`) });
      const expiresAt = at.add({ hours: 1 }).toString();
      const made = await (await api.as('carol')).createApiKey({
        name: 'x',
        person: name,
        scopes: ['requests:read'],
        expiresAt,
      });
      await db.updateTable('apiKeys').set({ lastUsedAt: at }).where('id', '=', made.id).execute();
      // Nobody but the person makes a key to act with; here the person is the test.
      const actor = await actingAs(api, name);
      const { grant } = await actor.createRequest({ resource: 'orders', role: 'reader' });
      if (grant === null) throw new Error('no grant');
      await grantPrepared(api.context, grant.id);
      expect((await actor.grant({ id: grant.id })).state).toBe('active');

      expect((await scim.send(end, `/Users/${id}`, end === 'PATCH' ? off : undefined)).status).toBeLessThan(300);
      expect(await codeOf(actor.me())).toBe('unauthenticated');
      expect(await codeOf(api.nobody.withToken(made.key).me())).toBe('unauthenticated');
      const closing = await (await api.as('carol')).grant({ id: grant.id });
      expect(closing).toMatchObject({ state: 'closing', closedBecause: 'revoked', closedBy: 'carol' });
    }
  });

  test('that an administrator disabled here stays so, whatever else the provider changes', async () => {
    const id = await scim.user('held@contoso.com');
    await (await api.as('carol')).changePerson({ name: 'held@contoso.com', disabled: true });
    await scim.send('PATCH', `/Users/${id}`, patch({ op: 'replace', path: 'title', value: 'x' }));
    expect(await account('held@contoso.com')).toMatchObject({ disabled: true });
  });

  test('comes back by its externalId; who is given its name is somebody else', async () => {
    const externalId = 'returning';
    const id = await scim.user('same@contoso.com', { externalId });
    await scim.send('DELETE', `/Users/${id}`);
    expect(await known(externalId)).toBeUndefined();
    const other = await scim.user('same@contoso.com', { externalId: 'another' });
    expect(await known('another')).toBe('same@contoso.com (2)');
    expect(await account('same@contoso.com')).toMatchObject({ disabled: true });
    await scim.send('DELETE', `/Users/${other}`);
    await scim.user('back@contoso.com', { externalId });
    expect(await known(externalId)).toBe('same@contoso.com');
    expect(await account('same@contoso.com')).toMatchObject({ disabled: false });
  });

  test('that was here before is never taken over by its name, but is by its oid in Entra ID', async () => {
    const answer = await scim.send('POST', '/Users', { userName: 'alice', active: false });
    expect(answer).toMatchObject({ status: 409, body: { scimType: 'uniqueness' } });
    const object = '11111111-2222-4333-8444-555555555555';
    const entra = { tenant: '99999999-2222-4333-8444-555555555555', object };
    await (await api.as('carol')).changePerson({ name: 'olga', entra });
    await scim.user('olga@contoso.com', { externalId: object, displayName: 'Olga' });
    expect(await known(object)).toBe('olga');
  });

  test('is not made under a name that the configuration gives something to, unless the directory’s names are trusted', async () => {
    const carol = await api.as('carol');
    const { yaml } = await carol.config();
    const listed = yaml.replace('- { name: dba }', "- { name: dba, members: ['chosen@contoso.com'] }");
    await carol.applyConfig({ yaml: listed });
    const refused = await scim.send('POST', '/Users', { userName: 'chosen@contoso.com', externalId: 'chosen' });
    expect(refused).toMatchObject({ status: 409, body: { scimType: 'uniqueness' } });
    expect(refused.body).toMatchObject({ detail: expect.stringContaining('gives something to chosen@contoso.com') });
    expect(await known('chosen')).toBeUndefined();

    await carol.applyConfig({ yaml: `${listed}${TRUSTED}` });
    await scim.user('chosen@contoso.com', { externalId: 'chosen' });
    expect((await account('chosen@contoso.com')).groups).toEqual(['dba']);
    await carol.applyConfig({ yaml });
  });
});

describe('the last administrator', () => {
  test('is neither deactivated nor deleted; each try is refused with 409 and stands on the record', async () => {
    const object = '21111111-2222-4333-8444-555555555555';
    const entra = { tenant: '99999999-2222-4333-8444-555555555555', object };
    await (await api.as('carol')).changePerson({ name: 'carol', entra });
    const id = await scim.user('carol@contoso.com', { externalId: object });
    const before = (await api.events()).filter(({ kind }) => kind === 'scim.refused').length;
    for (const [method, body] of [
      ['DELETE', undefined],
      ['PATCH', off],
      ['PUT', { userName: 'carol@contoso.com', active: 'False' }],
    ] as const) {
      expect(await scim.send(method, `/Users/${id}`, body)).toMatchObject({ status: 409, body: { status: '409' } });
    }
    expect((await api.events()).filter(({ kind }) => kind === 'scim.refused').length).toBe(before + 3);
    expect(await account('carol')).toMatchObject({ disabled: false });
  });
});

describe('groups', () => {
  test('with power over Tidegate are not had by a name', async () => {
    const id = await scim.user('climber@contoso.com');
    for (const name of ['administrators', 'auditors', 'dba']) await scim.group(name, [id]);
    expect(await account('climber@contoso.com')).toMatchObject({ groups: ['dba'] });
  });

  test('take members that are users, and none else', async () => {
    const group = await scim.group('picky');
    for (const value of ['x', '00000000-0000-4000-8000-000000000000', group]) {
      const answer = await scim.send(
        'PATCH',
        `/Groups/${group}`,
        patch({ op: 'add', path: 'members', value: [{ value }] }),
      );
      expect(answer).toMatchObject({ status: 400, body: { scimType: 'invalidValue' } });
    }
  });
});

describe('versions', () => {
  test('a change of what was changed meanwhile is refused; what is known is not sent again', async () => {
    const id = await scim.user('versioned@contoso.com');
    const change = patch({ op: 'replace', path: 'title', value: 'x' });
    expect((await scim.get(`/Users/${id}`, { 'if-none-match': 'W/"1"' })).status).toBe(304);
    expect((await scim.send('PATCH', `/Users/${id}`, change, { 'if-match': 'W/"1"' })).headers.get('etag')).toBe(
      'W/"2"',
    );
    expect((await scim.send('PATCH', `/Users/${id}`, change, { 'if-match': 'W/"1"' })).status).toBe(412);
    expect((await scim.send('DELETE', `/Users/${id}`, undefined, { 'if-match': 'W/"1"' })).status).toBe(412);
    // Nothing changes: nothing is counted, and nothing stands on the record.
    const count = (await api.events()).length;
    expect((await scim.send('PATCH', `/Users/${id}`, change)).headers.get('etag')).toBe('W/"2"');
    expect((await api.events()).length).toBe(count);
  });
});

describe('what is not understood', () => {
  test.each([
    ['GET', '/Users?filter=userName', undefined, 'invalidFilter'],
    ['GET', '/Users?filter=password%20eq%20%22x%22', undefined, 'invalidFilter'],
    ['GET', '/Users?filter=userName%20eq%20%22a%22%20%3B%20drop', undefined, 'invalidFilter'],
    ['GET', '/Users?startIndex=x', undefined, 'invalidValue'],
    ['POST', '/Users', {}, 'invalidValue'],
    ['POST', '/Users', [], 'invalidSyntax'],
    ['POST', '/Users', { userName: 'x', active: 'perhaps' }, 'invalidValue'],
    ['POST', '/Users', { userName: 7 }, null],
    ['POST', '/Groups', { displayName: 'g', members: 'x' }, 'invalidValue'],
  ])('%s %s %j', async (method, path, body, scimType) => {
    const answer = await scim.send(method, path, body);
    if (scimType === null) expect(answer.status).toBe(201);
    else expect(answer).toMatchObject({ status: 400, body: { scimType } });
  });

  test('no JSON, another kind of body, too much', async () => {
    const post = async (body: string, type: string) =>
      fetch(new URL('/scim/v2/Users', api.url), {
        method: 'POST',
        body,
        headers: { authorization: `Bearer ${scim.key}`, 'content-type': type },
      });
    expect((await post('{', 'application/scim+json')).status).toBe(400);
    expect((await post('{}', 'text/xml')).status).toBe(415);
    expect((await post(JSON.stringify({ userName: 'x'.repeat(5_000_000) }), 'application/json')).status).toBe(413);
  });
});

/** Signed in as somebody who has no password here. */
async function actingAs(of: Api, name: string) {
  const { openLogin } = await import('../../src/identity/logins.ts');
  const at = of.context.now();
  const { token } = await openLogin(of.context, {
    person: name as never,
    address: '127.0.0.1',
    userAgent: null,
    how: 'oidc',
    kind: 'bearer',
    mfaAt: null,
    authTime: at,
  });
  return of.nobody.withToken(token);
}
