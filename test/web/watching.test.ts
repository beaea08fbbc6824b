/** Watching and managing: a session replayed, the record narrowed and verified, the configuration written and compared. */
import { writtenResource } from '@tidegate/config';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { resources as words } from '../../packages/web/src/words/resources.ts';
import { DEMO_PASSWORD } from '../support/tidegate.ts';
import { hold, signedIn } from './support/browser.ts';
import { startWorld, type World } from './support/world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  expect(world.complaints()).toEqual([]);
});

test('a session is replayed: found, jumped to, shown whole with what came of it', async () => {
  const { page } = world.at.carol;
  await page.goto(`/sessions/${world.ids.session}`);
  await page.getByLabel('Search the statements').fill('nonsense');
  await page.getByText('1 of 3 statements').waitFor();
  await page.getByRole('row').filter({ hasText: 'SELECT nonsense' }).click();
  const whole = page.getByRole('region', { name: 'Statement', exact: true });
  await whole.getByText('SELECT nonsense').waitFor();
  await whole.getByText('failed (42703)').waitFor();
  await hold(page, 'session.statement');
});

test('what comes on record after a session’s end is still shown: it is followed until the record has it all', async () => {
  const { page } = world.at.carol;
  const { session: id } = world.ids;
  const { carol } = world.clients;
  const session = await carol.session({ id });
  const [statement] = (await carol.sessionStatements({ id, limit: 1 })).items;
  // As it is just after the end: the session has ended, its last statements are on their way from the gateway.
  const ended = { ...session, endedAt: new Date().toISOString() };
  const at = (path: string) => (address: URL) => address.pathname === `/v1/sessions/${id}${path}`;
  await page.route(at(''), (route) => route.fulfill({ json: ended }));
  await page.route(at('/statements'), (route) => route.fulfill({ json: { items: [], nextCursor: null } }));
  const told = { ...statement, text: 'SELECT the_last_of_them' };
  await page.route(at('/live'), (route) =>
    route.fulfill({
      contentType: 'text/event-stream',
      body: `event: statement\ndata: ${JSON.stringify(told)}\n\nevent: ended\ndata: ${JSON.stringify(ended)}\n\n`,
    }),
  );
  await page.goto(`/sessions/${id}`);
  await page.getByText('SELECT the_last_of_them').first().waitFor();
  // Then it is past, and can be played.
  await page.getByRole('button', { name: 'Play', exact: true }).waitFor();
  await page.unrouteAll();
});

test('the record is narrowed by a facet and a bar, and the address says so', async () => {
  const { page } = world.at.carol;
  await page.goto('/record');
  await page
    .getByRole('region', { name: 'Outcome' })
    .getByRole('button', { name: /Failed/ })
    .click();
  await page.waitForURL('**/record?outcome=error');
  await page.getByRole('row').filter({ hasText: '42703' }).click();
  await page.getByRole('link', { name: 'Open the session' }).click();
  await page.waitForURL(`**/sessions/${world.ids.session}?op=*`);
  await page.goBack();
  await page.waitForURL('**/record?outcome=error');
});

test('the whole record is verified in the browser', async () => {
  const { page } = world.at.carol;
  await page.goto('/record/chain');
  await page.getByRole('button', { name: 'Verify everything' }).click();
  await page.getByText(/^Whole: \d+ entries follow from each other/).waitFor();
  await hold(page, 'chain.verified');
});

test('the configuration: checked as it is written, planned, applied, compared', async () => {
  const { page } = world.at.carol;
  await page.goto('/policies?tab=edit');
  const editor = page.getByRole('textbox', { name: 'Configuration' });
  await editor.click();
  await page.keyboard.press('Control+End');
  await page.keyboard.insertText('\nnonsense: 1\n');
  await page.getByText('1 problem').waitFor();
  await hold(page, 'policies.problem');
  await page.getByRole('button', { name: 'Discard' }).click();
  await page.reload();
  await editor.click();
  await page.keyboard.press('Control+Home');
  await page.keyboard.insertText('# reviewed\n');
  await page.getByText('Nothing would change.').waitFor();
  await page.goto('/policies?tab=versions&version=1');
  await page.getByText('apiVersion: tidegate/v1').waitFor();
  await hold(page, 'policies.versions');
  await page.goto('/policies?tab=explain&resource=orders&role=owner&as=alice');
  await page.getByText('Needs approval').waitFor();
  await hold(page, 'policies.explain');
});

test('a resource is changed in a form: tested through its gateway, planned, and just that applied', async () => {
  const { page } = world.at.carol;
  await page.goto('/resources/orders');
  await page.getByText('takes one of leads, then one of dba').waitFor();
  // Its password is in a file at the gateway: here nobody could set it.
  expect(await page.getByRole('button', { name: words.credential }).count()).toBe(0);
  await page.getByRole('link', { name: 'Change' }).click();
  await page.getByRole('button', { name: 'Test the connection' }).click();
  await page.getByText('All is well: Tidegate can work there.').waitFor();
  await hold(page, 'resource.tested');
  await page.getByLabel('Labels').fill('env=demo\ndata=personal\nteam=shop');
  await page.getByRole('button', { name: 'Show what would change' }).click();
  await page.getByText('labels: env=demo, data=personal → env=demo, data=personal, team=shop').waitFor();
  await hold(page, 'resource.plan');
  await page.getByRole('button', { name: 'Apply this' }).click();
  await page.waitForURL('**/resources/orders');
  await page.getByText('team=shop').waitFor();
  await page.goto('/policies');
  await page.getByText('Version 2').waitFor();
});

test('a resource is added by keyboard alone: what is in the way is said before it is in force', async () => {
  const { page } = world.at.carol;
  await page.goto('/resources');
  await page.getByRole('link', { name: 'Add a resource' }).press('Enter');
  const type = async (label: string, text: string) => {
    await page.getByLabel(label, { exact: true }).focus();
    await page.keyboard.type(text);
  };
  await type('Name', 'billing');
  await type('Address', '127.0.0.1:1');
  await type('Databases', 'billing');
  await type('User', 'tidegate');
  await type('Password', 'of nobody');
  await page.getByRole('button', { name: 'Test the connection' }).press('Enter');
  await page.getByText('Cannot reach 127.0.0.1:1: connection refused.').waitFor();
  await hold(page, 'resource.unreachable');
  await page.getByRole('button', { name: 'Show what would change' }).press('Enter');
  await page.getByText('postgres at 127.0.0.1:1: billing').waitFor();
  await page.getByRole('button', { name: 'Apply this' }).press('Enter');
  await page.waitForURL('**/resources/billing');
  await page.getByText('No rule of the policy speaks of this resource.').waitFor();
  expect((await world.clients.carol.config()).yaml).not.toContain('of nobody');
  await page.getByRole('button', { name: words.credential }).waitFor();
});

test('a resource is called otherwise, then removed: planned first, with what is open there', async () => {
  const { page } = world.at.carol;
  await page.goto('/resources/orders/edit');
  await page.getByRole('button', { name: 'Remove this resource' }).click();
  await page
    .getByText(`Grant ${world.ids.grant} of alice on orders is open: applying this is refused until it is closed.`)
    .waitFor();
  await page.getByText('postgres at').first().waitFor();
  await hold(page, 'resource.remove');
  // What would be refused cannot be asked for.
  expect(await page.getByRole('button', { name: 'Apply this' }).isDisabled()).toBe(true);
  await page.getByText('This cannot be applied while grants are open there.').waitFor();

  await page.goto('/resources/billing/edit');
  await page.getByLabel('Name', { exact: true }).fill('orders');
  await page.getByText('There is a resource of this name.').waitFor();
  await page.getByLabel('Name', { exact: true }).fill('ledger');
  await page.getByRole('button', { name: 'Show what would change' }).click();
  await page.getByText('resource billing').waitFor();
  await page.getByText('resource ledger').waitFor();
  await page.getByText(/stays under that name/).waitFor();
  await page.getByRole('button', { name: 'Apply this' }).click();
  await page.waitForURL('**/resources/ledger');
  await page.goto('/resources/ledger/edit');
  await page.getByRole('button', { name: 'Remove this resource' }).click();
  await page.getByRole('button', { name: 'Apply this' }).click();
  await page.waitForURL('**/resources');
  await page.getByText('ledger is removed.').waitFor();
  expect(writtenResource((await world.clients.carol.config()).yaml, 'ledger')).toBeNull();
});

test('an API key is made, shown once, and revoked', async () => {
  const { page } = world.at.carol;
  await page.goto('/settings');
  await page.getByRole('button', { name: 'Make an API key' }).click();
  const dialog = page.getByRole('dialog', { name: 'Make an API key' });
  await dialog.getByLabel('What it is for').fill('nightly report');
  await dialog.getByLabel('Read the record').check();
  await hold(page, 'settings.key');
  await dialog.getByRole('button', { name: 'Make an API key' }).click();
  const key = await dialog.getByText(/^tdk_/).innerText();
  await hold(page, 'settings.key-made');
  const record = await fetch(new URL('/v1/audit/streams', world.url), {
    headers: { authorization: `Bearer ${key}` },
  });
  expect(record.status).toBe(200);
  await dialog.getByRole('button', { name: 'I have kept it' }).click();
  await page.getByRole('button', { name: 'Revoke nightly report' }).click();
  expect(await page.getByText(key).count()).toBe(0);
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
  await page.getByText('No API key works here').waitFor();
});

test('an owner without another right: sees how theirs is used, who could ask, and takes a grant away', async () => {
  const { carol, alice } = world.clients;
  await carol.createPerson({ name: 'olga', password: DEMO_PASSWORD, groups: ['dba'] });
  const { page, complaints } = await signedIn(world.browser, world.url, 'olga');
  await page.getByRole('link', { name: 'Overview' }).click();
  await page.getByText('Open by resource').waitFor();
  // The record is not theirs to read: nothing leads there.
  expect(await page.getByRole('main').locator('a[href^="/record"]').count()).toBe(0);
  await page.goto('/resources/orders');
  await page.getByText('takes one of leads, then one of dba').waitFor();
  await hold(page, 'resource.owner');
  expect(await page.getByRole('link', { name: 'Change' }).count()).toBe(0);
  await page.getByRole('button', { name: 'Take it away: reader of alice' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Why (they are told)').fill('The invoice is found.');
  await dialog.getByRole('button', { name: 'Take it away' }).click();
  await page.getByText('Nobody has access just now').waitFor();
  expect(await alice.grant({ id: world.ids.grant })).toMatchObject({
    closedBecause: 'revoked',
    closedBy: 'olga',
    comment: 'The invoice is found.',
  });
  expect(complaints).toEqual([]);
  await page.context().close();
});

test('somebody without rights is shown none of it, and told so where they come by address', async () => {
  const { page } = world.at.bob;
  for (const title of ['Record', 'Overview', 'Policies and roles', 'People and groups', 'Gateways', 'Settings']) {
    expect(
      await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: title, exact: true }).count(),
    ).toBe(0);
  }
  await page.goto('/record');
  await page.getByText('Only auditors and administrators may see this.').first().waitFor();
  expect(await page.getByText(/tidegate sessions/).count()).toBe(0);
  await page.goto(`/sessions/${world.ids.session}`);
  await page.getByText(`There is no session ${world.ids.session}.`).waitFor();
  // A page speaks of pages: the server's next step names a command.
  await page.getByText('Look under “Sessions”.').waitFor();
  expect(await page.getByText(/tidegate sessions/).count()).toBe(0);
});

test('who audits some resources finds the record of these, and no more of it', async () => {
  const { page } = world.at.bob;
  const { yaml } = await world.clients.carol.config();
  await world.clients.carol.applyConfig({
    yaml: `${yaml.trimEnd()}\npermissions:\n  - { role: auditor, to: { people: [bob] }, resources: { names: [orders] } }\n`,
  });
  await page.goto('/');
  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Record', exact: true }).click();
  await page.getByText('on the resources that you audit').waitFor();
  await page.getByRole('region', { name: 'Outcome' }).waitFor();
  await page.getByText('config.applied').waitFor({ state: 'detached' });
  expect(await page.getByRole('link', { name: 'Chain' }).count()).toBe(0);
  expect(await page.getByRole('alert').count()).toBe(0);
  await hold(page, 'record.of-some');
});
