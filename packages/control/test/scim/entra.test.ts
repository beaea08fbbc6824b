/** The calls of Microsoft Entra ID's provisioning service, as its documentation shows them (use SCIM to provision users). */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Api, startApi, withCluster } from '../support/api.ts';
import { ENTERPRISE, idOf, patch, type Scim, scimClient, USER } from './client.ts';

withCluster();
let api: Api;
let scim: Scim;
beforeAll(async () => {
  api = await startApi();
  scim = await scimClient(api);
});
afterAll(() => api.close());

const q = (filter: string): string => `filter=${encodeURIComponent(filter)}`;
let user: string;
let group: string;

test('testing the connection asks for a user who is not there', async () => {
  const answer = await scim.get(`/Users?${q('userName eq "5f3c1ed9-non-existing"')}`);
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toContain('application/scim+json');
  expect(answer.body).toEqual({
    schemas: ['urn:ietf:params:scim:api:messages:2.0:ListResponse'],
    totalResults: 0,
    startIndex: 1,
    itemsPerPage: 0,
    Resources: [],
  });
});

test('a user is created, with the enterprise extension', async () => {
  const answer = await scim.send('POST', '/Users', {
    schemas: [USER, ENTERPRISE],
    externalId: '0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef',
    userName: 'Test_User_ab6490ee@contoso.com',
    active: true,
    displayName: 'lennay',
    emails: [{ primary: true, type: 'work', value: 'lennay@contoso.com' }],
    meta: { resourceType: 'User' },
    name: { formatted: 'Lennay K', familyName: 'K', givenName: 'Lennay' },
    roles: [],
    [ENTERPRISE]: { department: 'Payments', employeeNumber: '42' },
  });
  expect(answer.status).toBe(201);
  user = idOf(answer);
  expect(answer.headers.get('location')).toMatch(new RegExp(`/scim/v2/Users/${user}$`));
  expect(answer.headers.get('etag')).toBe('W/"1"');
  expect(answer.body).toMatchObject({
    schemas: [USER, ENTERPRISE],
    externalId: '0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef',
    active: true,
    [ENTERPRISE]: { department: 'Payments' },
    meta: { resourceType: 'User', version: 'W/"1"' },
  });
  const carol = await api.as('carol');
  expect(await carol.person({ name: 'Test_User_ab6490ee@contoso.com' })).toMatchObject({ disabled: false });
  const account = await api.context.store.db
    .selectFrom('people')
    .select(['displayName', 'email', 'password'])
    .where('name', '=', 'Test_User_ab6490ee@contoso.com' as never)
    .executeTakeFirst();
  expect(account).toEqual({ displayName: 'lennay', email: 'lennay@contoso.com', password: null });
});

test.each([
  'userName eq "test_user_AB6490ee@contoso.com"',
  'externalId eq "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef"',
  'emails[type eq "work"].value eq "lennay@contoso.com"',
  'emails[type eq "work" and primary eq "True"]',
  `${ENTERPRISE}:department eq "payments" and active eq "True"`,
  'externalId eq "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef" and (userName sw "test" or displayName co "zzz")',
])('it is found by %s', async (filter) => {
  const { body } = await scim.get(`/Users?${q(filter)}`);
  expect(body).toMatchObject({ totalResults: 1, Resources: [{ id: user }] });
});

test('attributes are changed with operations that have a capital', async () => {
  const answer = await scim.send(
    'PATCH',
    `/Users/${user}`,
    patch(
      { op: 'Replace', path: 'emails[type eq "work"].value', value: 'updated@contoso.com' },
      { op: 'Replace', path: 'name.familyName', value: 'updatedFamilyName' },
      { op: 'Add', path: 'phoneNumbers[type eq "mobile"].value', value: '+1 555' },
      { op: 'Replace', path: `${ENTERPRISE}:department`, value: 'Ledger' },
    ),
  );
  expect(answer.status).toBe(200);
  expect(answer.body).toMatchObject({
    emails: [{ primary: true, type: 'work', value: 'updated@contoso.com' }],
    name: { familyName: 'updatedFamilyName', givenName: 'Lennay' },
    phoneNumbers: [{ type: 'mobile', value: '+1 555' }],
    [ENTERPRISE]: { department: 'Ledger', employeeNumber: '42' },
    meta: { version: 'W/"2"' },
  });
});

test('several attributes in a value without a path, its keys paths', async () => {
  const value = { displayName: 'Renamed', 'name.givenName': 'New', [`${ENTERPRISE}:costCenter`]: '7', unheardOf: 1 };
  const { status, body } = await scim.send('PATCH', `/Users/${user}`, patch({ op: 'replace', value }));
  expect(status).toBe(200);
  expect(body).toMatchObject({ displayName: 'Renamed', name: { givenName: 'New' }, [ENTERPRISE]: { costCenter: '7' } });
  expect(body).not.toHaveProperty('unheardOf');
});

test('the manager comes as an id alone, and becomes the manager here', async () => {
  const manager = await scim.user('manager@contoso.com');
  const path = `${ENTERPRISE}:manager`;
  const { body } = await scim.send('PATCH', `/Users/${user}`, patch({ op: 'Add', path, value: manager }));
  expect(body[ENTERPRISE]).toMatchObject({ manager: { value: manager } });
  const read = async () =>
    (
      await api.context.store.db
        .selectFrom('people')
        .select('manager')
        .where('name', '=', 'Test_User_ab6490ee@contoso.com' as never)
        .executeTakeFirst()
    )?.manager;
  expect(await read()).toBe('manager@contoso.com');
  expect((await scim.get(`/Users?${q(`${ENTERPRISE}:manager eq "${manager}"`)}`)).body.totalResults).toBe(1);
  expect((await scim.send('PATCH', `/Users/${user}`, patch({ op: 'Add', path, value: user }))).status).toBe(400);
  await scim.send('PATCH', `/Users/${user}`, patch({ op: 'Remove', path }));
  expect(await read()).toBeNull();
});

test('a group is created without members, which come one by one and go several at once', async () => {
  const made = await scim.send('POST', '/Groups', {
    schemas: [
      'urn:ietf:params:scim:schemas:core:2.0:Group',
      'http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group',
    ],
    externalId: '8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159',
    displayName: 'engineers',
    meta: { resourceType: 'Group' },
  });
  expect(made.status).toBe(201);
  group = idOf(made);
  const found = await scim.get(`/Groups?excludedAttributes=members&${q('displayName eq "engineers"')}`);
  expect(found.body).toMatchObject({ totalResults: 1, Resources: [{ id: group }] });
  expect(found.body.Resources?.[0]).not.toHaveProperty('members');
  const other = await scim.user('other@contoso.com');
  const joins = { op: 'Add', path: 'members', value: [{ $ref: null, value: user }, { value: other }] };
  expect((await scim.send('PATCH', `/Groups/${group}`, patch(joins))).status).toBe(204);
  const groups = async (name: string) => (await (await api.as('carol')).person({ name })).groups;
  expect(await groups('Test_User_ab6490ee@contoso.com')).toEqual(['engineers']);
  expect((await scim.get(`/Groups/${group}`)).body.members?.map(({ value }) => value).sort()).toEqual(
    [user, other].sort(),
  );
  expect((await scim.get(`/Groups?${q(`members[value eq "${user}"]`)}`)).body.totalResults).toBe(1);
  expect((await scim.get(`/Groups?${q(`id eq "${group}" and members eq "${user}"`)}`)).body.totalResults).toBe(1);

  const leaves = { op: 'Remove', path: 'members', value: [{ value: user }, { value: other }] };
  expect((await scim.send('PATCH', `/Groups/${group}`, patch(leaves))).status).toBe(204);
  expect(await groups('Test_User_ab6490ee@contoso.com')).toEqual([]);
});

test('a group is renamed, and counts under its new name for everybody in it', async () => {
  await scim.send('PATCH', `/Groups/${group}`, patch({ op: 'Add', path: 'members', value: [{ value: user }] }));
  const rename = { op: 'Replace', path: 'displayName', value: 'leads' };
  expect((await scim.send('PATCH', `/Groups/${group}`, patch(rename))).status).toBe(204);
  const { groups } = await (await api.as('carol')).person({ name: 'Test_User_ab6490ee@contoso.com' });
  expect(groups).toEqual(['leads']);
});

test('a user is disabled with a boolean that is text, and later deleted', async () => {
  const off = await scim.send('PATCH', `/Users/${user}`, patch({ op: 'Replace', path: 'active', value: 'False' }));
  expect(off).toMatchObject({ status: 200, body: { active: false } });
  const carol = await api.as('carol');
  expect(await carol.person({ name: 'Test_User_ab6490ee@contoso.com' })).toMatchObject({ disabled: true });
  const on = await scim.send('PATCH', `/Users/${user}`, patch({ op: 'Replace', value: { active: 'True' } }));
  expect(on).toMatchObject({ status: 200, body: { active: true } });
  expect(await carol.person({ name: 'Test_User_ab6490ee@contoso.com' })).toMatchObject({ disabled: false });

  expect((await scim.send('DELETE', `/Users/${user}`)).status).toBe(204);
  expect((await scim.get(`/Users/${user}`)).status).toBe(404);
  expect((await scim.send('DELETE', `/Users/${user}`)).status).toBe(404);
  expect(await carol.person({ name: 'Test_User_ab6490ee@contoso.com' })).toMatchObject({ disabled: true, groups: [] });
  expect((await scim.send('DELETE', `/Groups/${group}`)).status).toBe(204);
});

test('each change stands on the record, with the key that made it', async () => {
  const events = (await api.events()).filter(({ kind }) => kind.startsWith('scim.'));
  expect([...new Set(events.map(({ kind }) => kind))].sort()).toEqual([
    'scim.group.changed',
    'scim.group.created',
    'scim.group.deleted',
    'scim.refused',
    'scim.user.changed',
    'scim.user.created',
    'scim.user.deleted',
  ]);
  for (const { data } of events) expect(data).toMatchObject({ by: 'carol', key: expect.stringMatching(/^key_/) });
});
