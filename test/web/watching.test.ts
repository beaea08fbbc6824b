/** Watching and managing: every page of it in its states, what axe finds, what it looks like, and that a phone can show it. */
import type { GrantId } from '@tidegate/core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { people } from '../support/people.ts';
import { DEMO_PASSWORD, type Tidegate } from '../support/tidegate.ts';
import { axeFindings, launch, picture, signedIn, type Visitor } from './support/browser.ts';
import { browserAddress, startSite } from './support/site.ts';

let tidegate: Tidegate;
let browser: Browser;
let url: string;
let carol: Visitor;
let grant: string;
let session: string;

beforeAll(async () => {
  [tidegate, browser] = await Promise.all([startSite(), launch()]);
  url = browserAddress(tidegate);
  const { alice, bob } = await people(tidegate.url);
  const { id } = await alice.createRequest({ resource: 'orders', role: 'reader', reason: 'the invoice of 3 November' });
  await bob.review({ id, decision: 'approve' });
  const opened = await alice.request({ id, wait: 30 });
  grant = opened.grant?.id ?? '';
  await alice.createRequest({ resource: 'orders', role: 'owner', reason: 'x', duration: 'P2D' }).catch(() => undefined); // refused, and on record
  const query = await alice.openQuery({ resource: 'orders' });
  for (const sql of ['SELECT id, city FROM addresses ORDER BY id LIMIT 20', 'SELECT nonsense', 'SELECT 1 AS one']) {
    await new Response(await alice.runQuery({ id: query.id, sql })).text();
  }
  await alice.closeQuery({ id: query.id });
  await expectOnRecord(alice);
  carol = await signedIn(browser, url, 'carol');
});
afterAll(async () => {
  expect(carol.complaints).toEqual([]);
  await browser.close();
  await tidegate[Symbol.asyncDispose]();
});

/** The gateway uploads in the background: the session, its statements and their outcomes are there in a moment. */
async function expectOnRecord(alice: Awaited<ReturnType<typeof people>>['alice']): Promise<void> {
  for (const until = Date.now() + 30_000; Date.now() < until; ) {
    const [first] = (await alice.sessions({ state: 'all' })).items;
    const statements = first === undefined ? [] : (await alice.sessionStatements({ id: first.id })).items;
    if (first?.endedAt != null && statements.length === 3 && statements.every(({ outcome }) => outcome !== null)) {
      session = first.id;
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error('The session did not come on record.');
}

async function fitsAPhone(page: Page): Promise<void> {
  const size = page.viewportSize();
  await page.setViewportSize({ width: 360, height: 740 });
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
  if (size !== null) await page.setViewportSize(size);
}
async function hold(page: Page, name: string): Promise<void> {
  await picture(page, name);
  await fitsAPhone(page);
  expect(await axeFindings(page), name).toEqual([]);
}

interface Case {
  readonly name: string;
  readonly at: () => string;
  readonly shows: string;
  readonly asks: string;
}
const PAGES: readonly Case[] = [
  { name: 'resources', at: () => '/resources', shows: 'PostgreSQL', asks: '/v1/resources' },
  { name: 'resource', at: () => '/resources/orders', shows: 'Read every table', asks: '/v1/resources/orders' },
  { name: 'resource-add', at: () => '/add-resource', shows: 'Its administrator', asks: '/v1/config' },
  { name: 'sessions', at: () => '/sessions?show=all', shows: 'The client said goodbye', asks: '/v1/sessions?**' },
  { name: 'session', at: () => `/sessions/${session}`, shows: 'SELECT nonsense', asks: '/v1/sessions/*' },
  { name: 'record', at: () => '/record', shows: 'statement.outcome', asks: '/v1/audit/se*' },
  { name: 'chain', at: () => '/record/chain', shows: 'Public key', asks: '/v1/audit/streams*' },
  { name: 'story', at: () => `/record/grants/${grant}`, shows: 'bob approved', asks: '/v1/grants/*/story*' },
  { name: 'overview', at: () => '/overview', shows: 'Open by resource', asks: '/v1/overview*' },
  { name: 'policies', at: () => '/policies', shows: 'Version 1', asks: '/v1/config' },
  { name: 'people', at: () => '/people', shows: 'engineers', asks: '/v1/people*' },
  { name: 'person', at: () => '/people/alice', shows: 'Where they are signed in', asks: '/v1/people/alice' },
  { name: 'gateways', at: () => '/gateways', shows: 'Connected', asks: '/v1/gateways*' },
  { name: 'settings', at: () => '/settings', shows: 'Version 1, in force', asks: '/v1/config' },
];

describe.each(PAGES)('$name', ({ name, at, shows, asks }) => {
  test('as it is, in light and dark, on a phone', async () => {
    await carol.page.goto(at());
    await carol.page.getByText(shows).first().waitFor();
    await hold(carol.page, name);
  });

  test('when the control plane refuses', async () => {
    const problem = {
      type: 'about:blank',
      title: 'A fault of ours',
      status: 500,
      code: 'internal',
      detail: 'Something broke on our side.',
      next: 'Try again.',
      traceId: 't_0000',
    };
    await carol.page.route(`**${asks}`, (route) =>
      route.fulfill({ status: 500, contentType: 'application/problem+json', body: JSON.stringify(problem) }),
    );
    await carol.page.goto(at());
    await carol.page.getByText('Something broke on our side.').first().waitFor();
    await hold(carol.page, `${name}.refused`);
    await carol.page.unrouteAll({ behavior: 'wait' });
  });
});

test('a session is replayed: found, jumped to, shown whole with what came of it', async () => {
  const { page } = carol;
  await page.goto(`/sessions/${session}`);
  await page.getByLabel('Search the statements').fill('nonsense');
  await page.getByText('1 of 3 statements').waitFor();
  await page.getByRole('row').filter({ hasText: 'SELECT nonsense' }).click();
  const whole = page.getByRole('region', { name: 'Statement', exact: true });
  await whole.getByText('SELECT nonsense').waitFor();
  await whole.getByText('failed (42703)').waitFor();
  await hold(page, 'session.statement');
});

test('the record is narrowed by a facet and a bar, and the address says so', async () => {
  const { page } = carol;
  await page.goto('/record');
  await page
    .getByRole('region', { name: 'Outcome' })
    .getByRole('button', { name: /Failed/ })
    .click();
  await page.waitForURL('**/record?outcome=error');
  await page.getByRole('row').filter({ hasText: '42703' }).click();
  await page.getByRole('link', { name: 'Open the session' }).click();
  await page.waitForURL(`**/sessions/${session}?op=*`);
  await page.goBack();
  await page.waitForURL('**/record?outcome=error');
});

test('the whole record is verified in the browser', async () => {
  const { page } = carol;
  await page.goto('/record/chain');
  await page.getByRole('button', { name: 'Verify everything' }).click();
  await page.getByText(/^Whole: \d+ entries follow from each other/).waitFor();
  await hold(page, 'chain.verified');
});

test('the configuration: checked as it is written, planned, applied, compared', async () => {
  const { page } = carol;
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
  const { page } = carol;
  await page.goto('/resources/orders');
  await page.getByText('takes one of leads, then one of dba').waitFor();
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
  const { page } = carol;
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
  expect((await (await people(tidegate.url)).carol.config()).yaml).not.toContain('of nobody');
});

test('an API key is made, shown once, and revoked', async () => {
  const { page } = carol;
  await page.goto('/settings');
  await page.getByRole('button', { name: 'Make an API key' }).click();
  const dialog = page.getByRole('dialog', { name: 'Make an API key' });
  await dialog.getByLabel('What it is for').fill('nightly report');
  await dialog.getByLabel('Read the record').check();
  await hold(page, 'settings.key');
  await dialog.getByRole('button', { name: 'Make an API key' }).click();
  const key = await dialog.getByText(/^tdk_/).innerText();
  await hold(page, 'settings.key-made');
  const record = await fetch(new URL('/v1/audit/streams', tidegate.url), {
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
  const everybody = await people(tidegate.url);
  await everybody.carol.createPerson({ name: 'olga', password: DEMO_PASSWORD, groups: ['dba'] });
  const { page, complaints } = await signedIn(browser, url, 'olga');
  await page.getByRole('link', { name: 'Overview' }).click();
  await page.getByText('Open by resource').waitFor();
  await page.goto('/resources/orders');
  await page.getByText('takes one of leads, then one of dba').waitFor();
  await hold(page, 'resource.owner');
  expect(await page.getByRole('link', { name: 'Change' }).count()).toBe(0);
  await page.getByRole('button', { name: 'Take it away: reader of alice' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Why (they are told)').fill('The invoice is found.');
  await dialog.getByRole('button', { name: 'Take it away' }).click();
  await page.getByText('Nobody has access just now').waitFor();
  expect(await everybody.alice.grant({ id: grant as GrantId })).toMatchObject({
    closedBecause: 'revoked',
    closedBy: 'olga',
    comment: 'The invoice is found.',
  });
  expect(complaints).toEqual([]);
  await page.context().close();
});

test('somebody without rights is shown none of it, and told so where they come by address', async () => {
  const { page } = await signedIn(browser, url, 'bob');
  for (const title of ['Record', 'Overview', 'Policies and roles', 'People and groups', 'Gateways', 'Settings']) {
    expect(
      await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: title, exact: true }).count(),
    ).toBe(0);
  }
  await page.goto('/record');
  await page.getByText('Only auditors and administrators may see this.').first().waitFor();
  await page.goto(`/sessions/${session}`);
  await page.getByText(`There is no session ${session}.`).waitFor();
  await page.context().close();
});

test('with nothing in them', async () => {
  const { page } = await signedIn(browser, url, 'bob');
  for (const [name, at, shows] of [
    ['sessions.empty', '/sessions', 'No session is open'],
    ['query.empty', '/query', 'You have no open grant'],
  ] as const) {
    await page.goto(at);
    await page.getByText(shows).waitFor();
    await hold(page, name);
  }
  await page.context().close();
});
