/** The calls of Okta's provisioning, as its documentation shows them (SCIM protocol, version 2.0). */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Api, startApi, withCluster } from '../support/api.ts';
import { GROUP, idOf, patch, type Scim, scimClient, USER } from './client.ts';

withCluster();
let api: Api;
let scim: Scim;
let user: string;
beforeAll(async () => {
  api = await startApi();
  scim = await scimClient(api);
});
afterAll(() => api.close());

const sent = {
  schemas: [USER],
  userName: 'test.user@okta.local',
  name: { givenName: 'Test', familyName: 'User' },
  emails: [{ primary: true, value: 'test.user@okta.local', type: 'work' }],
  displayName: 'Test User',
  locale: 'en-US',
  externalId: '00ujl29u0le5T6Aj10h7',
  groups: [],
  password: '1mz050nq',
  active: true,
};

test('a user is looked for, then created; the password is not kept', async () => {
  const query = `filter=${encodeURIComponent('userName eq "test.user@okta.local"')}&startIndex=1&count=100`;
  expect((await scim.get(`/Users?${query}`)).body).toMatchObject({ totalResults: 0 });
  const answer = await scim.send('POST', '/Users', sent, { 'content-type': 'application/scim+json; charset=utf-8' });
  expect(answer.status).toBe(201);
  user = idOf(answer);
  expect(JSON.stringify(answer.body)).not.toContain(sent.password);
  expect(JSON.stringify(await api.context.store.db.selectFrom('scimUsers').selectAll().execute())).not.toContain(
    sent.password,
  );
  expect((await scim.send('POST', '/Users', sent)).body).toMatchObject({ status: '409', scimType: 'uniqueness' });
});

test('a user is read, and replaced as a whole', async () => {
  const { body } = await scim.get(`/Users/${user}`);
  const next = { ...body, name: { givenName: 'Another', familyName: 'User' }, displayName: undefined };
  const answer = await scim.send('PUT', `/Users/${user}`, next);
  expect(answer).toMatchObject({ status: 200, body: { name: { givenName: 'Another' }, active: true } });
  expect(answer.body).not.toHaveProperty('displayName');
});

test('deactivating is a PATCH without a path', async () => {
  const answer = await scim.send('PATCH', `/Users/${user}`, patch({ op: 'replace', value: { active: false } }));
  expect(answer).toMatchObject({ status: 200, body: { active: false } });
  // A replacement that does not say so brings nobody back.
  const { active: _, ...rest } = answer.body;
  expect((await scim.send('PUT', `/Users/${user}`, rest)).body).toMatchObject({ active: false });
  const back = await scim.send('PUT', `/Users/${user}`, { ...rest, active: true });
  expect(back.body).toMatchObject({ active: true });
});

test('a group is pushed, its members replaced, added and removed', async () => {
  const other = await scim.user('second.user@okta.local');
  const made = await scim.send('POST', '/Groups', {
    schemas: [GROUP],
    displayName: 'dba',
    members: [{ value: user, display: 'x' }],
  });
  expect(made).toMatchObject({ status: 201, body: { members: [{ value: user, display: 'test.user@okta.local' }] } });
  const group = idOf(made);
  const members = async () => (await scim.get(`/Groups/${group}`)).body.members?.map(({ display }) => display);

  await scim.send('PATCH', `/Groups/${group}`, patch({ op: 'replace', value: { id: group, displayName: 'dba' } }));
  await scim.send(
    'PATCH',
    `/Groups/${group}`,
    patch(
      { op: 'remove', path: `members[value eq "${user}"]` },
      { op: 'add', path: 'members', value: [{ value: other, display: 'second' }] },
    ),
  );
  expect(await members()).toEqual(['second.user@okta.local']);
  await scim.send('PATCH', `/Groups/${group}`, patch({ op: 'replace', path: 'members', value: [{ value: user }] }));
  expect(await members()).toEqual(['test.user@okta.local']);
  await scim.send('PUT', `/Groups/${group}`, {
    schemas: [GROUP],
    displayName: 'dba',
    members: [{ value: other }, { value: user }],
  });
  expect(await members()).toHaveLength(2);
  await scim.send('PATCH', `/Groups/${group}`, patch({ op: 'remove', path: 'members' }));
  expect(await members()).toEqual([]);
  expect((await scim.send('DELETE', `/Groups/${group}`)).status).toBe(204);
});

test('lists are paged from 1', async () => {
  for (let count = 0; count < 5; count += 1) await scim.user(`page${count}@okta.local`);
  const page = async (startIndex: number, count: number) =>
    (
      await scim.get(
        `/Users?startIndex=${startIndex}&count=${count}&${`filter=${encodeURIComponent('userName sw "page"')}`}`,
      )
    ).body;
  const first = await page(1, 2);
  expect(first).toMatchObject({ totalResults: 5, startIndex: 1, itemsPerPage: 2 });
  const names = [first, await page(3, 2), await page(5, 2)].flatMap(({ Resources = [] }) => Resources);
  expect(new Set(names.map(({ userName }) => userName)).size).toBe(5);
  expect(await page(0, -1)).toMatchObject({ totalResults: 5, startIndex: 1, itemsPerPage: 0, Resources: [] });
});
