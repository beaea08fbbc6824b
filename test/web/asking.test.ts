/** Asking and reviewing beyond the usual case: windows, tables, break-glass and what comes after it, stand-ins, notices, outgrown grants. */
import type { Client } from '@tidegate/contract';
import { TOTP } from 'otpauth';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type People, people } from '../support/people.ts';
import { DEMO_PASSWORD, type Tidegate } from '../support/tidegate.ts';
import { hold, launch, refuse, signedIn, type Visitor } from './support/browser.ts';
import { browserAddress, startSite } from './support/site.ts';

const BREAK_GLASS = `
  - name: emergency
    resources: { names: [orders] }
    roles: [owner]
    who: { groups: [engineers] }
    breakGlass: { notify: { groups: [leads] }, reviewWithin: 1s }
`;

let tidegate: Tidegate;
let browser: Browser;
let clients: People;
let alice: Visitor;
let bob: Visitor;
let carol: Visitor;

beforeAll(async () => {
  [tidegate, browser] = await Promise.all([startSite(), launch()]);
  clients = await people(tidegate.url);
  const { yaml } = await clients.carol.config();
  await clients.carol.applyConfig({ yaml: `${yaml.trimEnd()}\n${BREAK_GLASS}` });
  const url = browserAddress(tidegate);
  [alice, bob, carol] = (await Promise.all(
    ['alice', 'bob', 'carol'].map((name) => signedIn(browser, url, name, { timezoneId: 'Europe/Berlin' })),
  )) as [Visitor, Visitor, Visitor];
});
afterAll(async () => {
  await browser.close();
  await tidegate[Symbol.asyncDispose]();
  expect([...alice.complaints, ...bob.complaints, ...carol.complaints]).toEqual([]);
});

/** Answers of `path` are refused while it is looked at. */
async function refusing(page: Page, path: string, look: () => Promise<void>): Promise<void> {
  await page.route(path, refuse);
  await look();
  await page.unrouteAll({ behavior: 'wait' });
}

test('windows that come again: shown as they are chosen, by the clocks of their zone, and on the request', async () => {
  const { page } = alice;
  await page.goto('/request?resource=orders&role=reader&for=PT2H');
  await page.getByRole('button', { name: 'Narrow it, start later, or again and again' }).click();
  await page.getByRole('radio', { name: 'Again and again' }).check();
  await page.getByText('Choose at least one day, a time and the last day.').first().waitFor();
  expect(await page.getByRole('button', { name: 'Ask', exact: true }).isDisabled()).toBe(true);
  await page.getByRole('checkbox', { name: 'Tuesday' }).check();
  await page.getByLabel(/^At( \*)?$/).fill('22:00');
  await page.getByRole('combobox', { name: 'By the clocks of' }).fill('New_York');
  await page.getByRole('option', { name: 'America/New_York' }).click();
  const happens = page.getByRole('complementary');
  // Beside the zone that was chosen stands the reader's own.
  await happens.getByText(/^It opens 4 times, first Tue.* 22:00 in America\/New_York \(Wed.* for you\)\./).waitFor();
  await happens.getByText('This takes an approval: one of leads.').waitFor();
  await page.getByLabel('Reason').fill('the nightly import');
  await hold(page, 'ask-form.windows');
  await page.getByRole('button', { name: 'Ask', exact: true }).click();
  await page.getByText('Every Tuesday at 22:00 for 2 h, by the clocks of America/New_York').waitFor();

  await bob.page.goto('/reviews');
  await bob.page.getByText('Every Tuesday at 22:00 for 2 h, by the clocks of America/New_York').waitFor();
  await bob.page.locator('body').press('a');
  await page.getByText('opens again').waitFor();
  expect(await page.locator('dt', { hasText: 'Opens next' }).count()).toBe(1);
  await hold(page, 'request.windows');

  // Again means again: the same windows, not the whole time.
  await page.getByRole('link', { name: 'Ask again' }).click();
  await page.getByRole('checkbox', { name: 'Tuesday', checked: true }).waitFor();
  expect(await page.getByRole('combobox', { name: 'By the clocks of' }).inputValue()).toBe('America/New_York');
});

test('tables are picked from those that are there, and shown as what they give; typed where nobody can look', async () => {
  const { page } = alice;
  await page.goto('/request?resource=orders&role=reader');
  await page.getByRole('button', { name: 'Narrow it, start later, or again and again' }).click();
  const tables = page.getByRole('combobox', { name: 'Only these tables' });
  await tables.fill('addr');
  await page.getByRole('option', { name: /addresses/ }).click();
  await page.getByText('It would give exactly:').waitFor();
  await page
    .getByRole('complementary')
    .getByText(/addresses/)
    .first()
    .waitFor();
  await tables.fill('ord');
  await page.getByRole('option').first().waitFor();
  await hold(page, 'ask-form.tables');

  await refusing(page, '**/v1/resources/orders/objects', async () => {
    await page.reload();
    await page.getByRole('button', { name: 'Narrow it, start later, or again and again' }).click();
    await page.getByText('Something broke on our side. Type names with their schema').waitFor();
    await tables.fill('public.customers');
    await tables.press('Enter');
    await page
      .getByRole('complementary')
      .getByText(/customers/)
      .first()
      .waitFor();
    await hold(page, 'ask-form.tables.typed');
  });
});

test('break-glass is offered where a rule could give it, and nowhere else', async () => {
  const { page } = alice;
  await page.goto('/request?resource=orders&role=owner');
  await page.getByText('one of leads, then one of dba').waitFor();
  await page.getByLabel('Break glass').click();
  await page.getByText('It is opened at once. Nobody has to agree.').waitFor();
  await hold(page, 'ask-form.break-glass');
  await page.getByRole('radio', { name: /reader/ }).check();
  await page.getByText('This takes an approval: one of leads.').waitFor();
  await expect.poll(() => page.getByLabel('Break glass').count()).toBe(0);
});

/** alice breaks the glass and runs two statements; both are on record. */
async function breakTheGlass(): Promise<void> {
  const { secret } = await clients.alice.enrolTotp({ password: DEMO_PASSWORD });
  const totp = new TOTP({ secret });
  await clients.alice.confirmTotp({ code: totp.generate() });
  const { id } = await clients.alice.createRequest({
    resource: 'orders',
    role: 'owner',
    reason: 'the shop is down',
    breakGlass: true,
    mfaCode: totp.generate({ timestamp: Date.now() + 30_000 }),
  });
  const { grant } = await clients.alice.request({ id, wait: 30 });
  const query = await clients.alice.openQuery({ resource: 'orders', grant: grant?.id });
  for (const sql of ['SELECT count(*) FROM orders', 'SELECT nonsense']) {
    await new Response(await clients.alice.runQuery({ id: query.id, sql })).text();
  }
  await clients.alice.closeQuery({ id: query.id });
  const [session] = (await clients.alice.sessions({ grant: grant?.id, state: 'all' })).items;
  await expect
    .poll(
      async () => (await statementsOf(clients.alice, session?.id)).filter(({ outcome }) => outcome !== null).length,
      {
        timeout: 30_000,
      },
    )
    .toBe(2);
}
const statementsOf = async (client: Client, id: string | undefined) =>
  id === undefined ? [] : (await client.sessionStatements({ id })).items;

test('whoever was told of a break-glass finds it in the inbox, overdue, with every statement, and says what they found', async () => {
  await bob.page.goto('/reviews');
  await bob.page.getByText('Nothing waits for you.').waitFor();
  await breakTheGlass();
  // By the stream: the page was not loaded anew.
  const one = bob.page.getByRole('article');
  await one.getByText('alice broke the glass: owner on orders').waitFor();
  await one.getByText('the shop is down').waitFor();
  await one.getByText('SELECT nonsense').waitFor();
  await one.getByText('failed (42703)').waitFor();
  await bob.page.getByRole('navigation', { name: 'What waits for you' }).getByText('overdue').waitFor();
  await hold(bob.page, 'reviews.after');
  // Without a word of what was found, the key leads to where it is typed.
  await bob.page.locator('body').press('a');
  await expect
    .poll(() => one.getByLabel('What you found').evaluate((box) => box === document.activeElement))
    .toBe(true);
  await one.getByLabel('What you found').fill('The outage of Sunday.');
  await one.getByRole('button', { name: 'It was justified' }).click();
  await bob.page.getByText('Nothing waits for you.').waitFor();
  await bob.page.getByRole('link', { name: 'All break-glass' }).click();
  await bob.page.getByText('Nothing waits to be looked at.').waitFor();
  await bob.page.getByText('All', { exact: true }).click();
  await bob.page.getByText('The outage of Sunday.').waitFor();
  await hold(bob.page, 'after-reviews');
  await bob.page.getByRole('link', { name: 'owner on orders' }).click();
  await bob.page.getByText('justified, says bob').waitFor();
});

test('notices: counted in the navigation as they come, read where they are looked at', async () => {
  const { page } = bob;
  await page.goto('/notices');
  await page.getByText('alice broke the glass: owner on orders').waitFor();
  const link = page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: /^Notices/ });
  await expect.poll(() => link.innerText()).toBe('Notices');
  await page.goto('/');
  await clients.alice.createRequest({ resource: 'orders', role: 'editor', reason: 'a wrong address' });
  await expect.poll(() => link.innerText(), { timeout: 15_000 }).toMatch(/^Notices\s*1\s*new$/);
  await link.click();
  await page.getByRole('listitem').filter({ hasText: 'a wrong address' }).getByText('new', { exact: true }).waitFor();
  await hold(page, 'notices');
  await expect.poll(() => link.innerText()).toBe('Notices');
  await page.getByRole('link', { name: /a wrong address/ }).click();
  await page.getByRole('link', { name: 'Review it' }).click();
  await page.waitForURL('**/reviews?id=req_*');
});

test('a stand-in is named, reviews at once in the other’s stead, and is no stand-in any more', async () => {
  const { page } = bob;
  await page.goto('/reviews');
  await page.getByRole('link', { name: 'Away? Have somebody stand in' }).click();
  await page.getByText('Nobody stands in for anybody.').waitFor();
  await hold(page, 'stand-ins.empty');
  await page.getByRole('combobox', { name: 'Who stands in' }).fill('nobody.at.all');
  await page.getByLabel(/^Until/).fill(localTime(5));
  await page.getByRole('button', { name: 'Have them stand in' }).click();
  await page.getByRole('alert').waitFor();
  await carol.page.goto('/reviews');
  await carol.page.getByText('Nothing waits for you.').waitFor();
  const [newest] = (await clients.carol.notices({})).items;
  if (newest !== undefined) await clients.carol.readNotices({ upTo: newest.id });
  await page.getByRole('combobox', { name: 'Who stands in' }).fill('carol');
  await page.getByLabel('Why').fill('on leave');
  await page.getByRole('button', { name: 'Have them stand in' }).click();
  await page.getByText('carol for bob').waitFor();
  await hold(page, 'stand-ins');

  // By the stream: what waits for bob waits for carol now.
  await carol.page.getByText('a wrong address').waitFor();
  await carol.page.getByText(/^You stand in for bob until/).waitFor();
  // Told so as well: counted in the navigation, and led from there to what it is about.
  const link = carol.page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: /^Notices/ });
  await expect.poll(() => link.innerText(), { timeout: 15_000 }).toMatch(/^Notices\s*\d+\s*new$/);
  await link.click();
  await carol.page.getByRole('link', { name: /^You stand in for bob until .* UTC\.$/ }).click();
  await carol.page.getByText('carol for bob').waitFor();
  await carol.page.goto('/reviews');
  await carol.page.getByText('a wrong address').waitFor();
  await carol.page.locator('body').press('a');
  await carol.page.getByText('Nothing waits for you.').waitFor();
  await page.getByRole('button', { name: 'End it: carol for bob' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'End it' }).click();
  await page.getByText('Nobody stands in for anybody.').waitFor();
  await page.getByText('Past ones too').click();
  await page.getByText('ended early').waitFor();
});

/** As a `datetime-local` takes it. */
const localTime = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 16);

test('open grants that today’s policy would not give: kept with a reason, or taken away', async () => {
  const { page } = carol;
  await page.goto('/policies/outgrown');
  await page.getByText('Every open grant is one that today’s policy would give.').waitFor();
  await hold(page, 'outgrown.empty');
  const { yaml } = await clients.carol.config();
  await clients.carol.applyConfig({
    yaml: yaml.replace('who: { groups: [engineers, leads, dba] }', 'who: { groups: [leads, dba] }'),
  });
  // By the stream: a configuration is everything.
  const one = page.getByRole('listitem').filter({ hasText: 'alice: editor on orders' });
  await one.getByText('to be decided').waitFor();
  await page.goto('/policies');
  await page.getByRole('link', { name: '1 outgrown grant' }).click();
  await hold(page, 'outgrown');
  await one.getByRole('button', { name: 'Keep' }).click();
  await page.getByRole('dialog').getByLabel('Why it goes on').fill('until the import is through');
  await page.getByRole('dialog').getByRole('button', { name: 'Keep' }).click();
  await one.getByText('by carol: until the import is through').waitFor();
  await one.getByRole('button', { name: 'Take it away' }).click();
  await page.getByRole('dialog').getByLabel('Why (they are told)').fill('it is through');
  await page.getByRole('dialog').getByRole('button', { name: 'Take it away' }).click();
  await page.getByText('Every open grant is one that today’s policy would give.').waitFor();
});
