/** SQL in the browser: through the gateway as oneself, on record, and over when the grant is. */
import { readFileSync } from 'node:fs';
import { withResource } from '@tidegate/config';
import type { GrantId } from '@tidegate/core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { people } from '../support/people.ts';
import type { Tidegate } from '../support/tidegate.ts';
import { axeFindings, launch, picture, signedIn, type Visitor } from './support/browser.ts';
import { browserAddress, startSite } from './support/site.ts';

let tidegate: Tidegate;
let browser: Browser;
let url: string;
let alice: Visitor;
let clients: Awaited<ReturnType<typeof people>>;
let grant: GrantId;

beforeAll(async () => {
  [tidegate, browser] = await Promise.all([startSite(), launch()]);
  url = browserAddress(tidegate);
  clients = await people(tidegate.url);
  const ask = { resource: 'orders', role: 'reader', reason: 'looking', duration: 'PT1H' };
  const { id } = await clients.alice.createRequest(ask);
  await clients.bob.review({ id, decision: 'approve' });
  grant = (await clients.alice.request({ id, wait: 30 })).grant?.id ?? ('' as GrantId);
  alice = await signedIn(browser, url, 'alice');
  await alice.page.goto('/query');
  await alice.page.getByRole('button', { name: 'Connect' }).click();
  await editorOf(alice.page).waitFor();
});
afterAll(async () => {
  expect(alice.complaints).toEqual([]);
  await browser.close();
  await tidegate[Symbol.asyncDispose]();
});

const editorOf = (page: Page) => page.getByRole('textbox', { name: 'SQL' });

async function run(page: Page, sql: string): Promise<void> {
  await editorOf(page).click();
  // Emptied first: over a selection Chrome's own editing would try an inline style, which the policy stops.
  await page.keyboard.press('Control+a');
  await page.keyboard.press('Delete');
  await page.keyboard.insertText(sql);
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+Enter');
}

test('rows come into the grid, and the page is as it should be', async () => {
  const { page } = alice;
  await run(page, 'SELECT n, repeat(chr(65 + n % 26), 8) AS letters, NULL AS nothing FROM generate_series(1, 60) AS n');
  await page.getByText('60 rows').waitFor();
  await page.getByText('CCCCCCCC').first().waitFor();
  await picture(page, 'query');
  expect(await axeFindings(page)).toEqual([]);
  await page.setViewportSize({ width: 360, height: 740 });
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
  await page.setViewportSize({ width: 1280, height: 800 });
});

test('more rows than asked for are not sent; as many as asked for scroll', async () => {
  const { page } = alice;
  await page.getByRole('combobox', { name: 'Rows at most' }).click();
  await page.getByRole('option', { name: '100,000 rows' }).click();
  await run(page, 'SELECT n FROM generate_series(1, 200000) AS n');
  await page.getByText('Stopped: there are more rows than are shown here').waitFor();
  const grid = page.getByRole('table', { name: 'Results' });
  await grid.evaluate((element) => element.scrollTo({ top: element.scrollHeight }));
  await grid.getByText('100000', { exact: true }).first().waitFor();
  // Only what is in sight is in the document.
  expect(await grid.getByRole('row').count()).toBeLessThan(80);
});

test('what the database refuses is said in its words, with the code', async () => {
  const { page } = alice;
  await run(page, 'SELECT nonsense FROM addresses');
  await page.getByRole('alert').getByText('42703').waitFor();
  await picture(page, 'query.error');
  expect(await axeFindings(page)).toEqual([]);
});

test('what runs too long is cancelled, and the session goes on', async () => {
  const { page } = alice;
  await run(page, 'SELECT pg_sleep(600)');
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.getByText('Cancelled', { exact: true }).waitFor();
  await run(page, 'SELECT 41 + 1 AS answer');
  await page.getByRole('table', { name: 'Results' }).getByText('42').waitFor();
});

test('results are saved where rule or resource allows it, and that stands on record', async () => {
  const { page } = alice;
  await page.getByText('Results cannot be saved here').waitFor();
  const { id } = await clients.alice.openQuery({ resource: 'orders' });
  const taken = () => clients.alice.exportQuery({ id, format: 'json', rows: 1 });
  await expect(taken()).rejects.toMatchObject({ code: 'forbidden' });
  await expect(clients.bob.exportQuery({ id, format: 'json', rows: 1 })).rejects.toMatchObject({ code: 'not_found' });
  const { yaml } = await clients.carol.config();
  await clients.carol.applyConfig({ yaml: withResource(yaml, { name: 'orders', allow: { export: true } }) });
  await taken();
  await clients.alice.closeQuery({ id });
  const another = await page.context().newPage();
  await another.goto('/query');
  await another.getByRole('button', { name: 'Connect' }).click();
  await editorOf(another).waitFor();
  await run(another, `SELECT n, 'a,"b"' AS text FROM generate_series(1, 2) AS n`);
  await another.getByText('2 rows').first().waitFor();
  const download = another.waitForEvent('download');
  await another.getByRole('button', { name: 'Save as CSV' }).click();
  const file = await download;
  expect(file.suggestedFilename()).toBe('result.csv');
  expect(readFileSync(await file.path(), 'utf8')).toBe(['n,text', '1,"a,""b"""', '2,"a,""b"""', ''].join('\r\n'));
  expect(await axeFindings(another)).toEqual([]);
  const told = await clients.carol.searchRecord({ grant, kind: 'query.exported' });
  expect(told.items.map(({ data }) => data)).toMatchObject([
    { person: 'alice', resource: 'orders', format: 'csv', rows: 2 },
    { person: 'alice', resource: 'orders', format: 'json', rows: 1 },
  ]);
  await another.goto('/request?resource=orders&role=reader');
  await another.getByText('Results may be saved as files.').waitFor();

  // A rule's word goes before the resource's: by one that forbids it more time is given, and with that its word.
  const rule = 'who: { groups: [engineers, leads, dba] }';
  const allowing = (await clients.carol.config()).yaml;
  expect(allowing).toContain(rule);
  await clients.carol.applyConfig({ yaml: allowing.replace(rule, `${rule}\n    allow: { export: false }`) });
  const more = await clients.alice.extendGrant({ id: grant, duration: 'PT10M' });
  await clients.bob.review({ id: more.id, decision: 'approve' });
  const refused = await clients.alice.openQuery({ resource: 'orders' });
  expect(refused.mayExport).toBe(false);
  const saving = clients.alice.exportQuery({ id: refused.id, format: 'json', rows: 1 });
  await expect(saving).rejects.toMatchObject({ code: 'forbidden' });
  await clients.alice.closeQuery({ id: refused.id });
  await another.close();
});

test('a revoke ends it under the person’s eyes, and says why; all of it is on record', async () => {
  const { page } = alice;
  await run(page, 'SELECT pg_sleep(600)');
  await page.getByText('Running …').waitFor();
  await clients.carol.revokeGrant({ id: grant, reason: 'the incident is over' });
  await page
    .getByText(/was revoked by carol: the incident is over/)
    .first()
    .waitFor();
  await page.getByText('The session has ended', { exact: true }).first().waitFor();
  await picture(page, 'query.ended');
  expect(await axeFindings(page)).toEqual([]);
  await expect
    .poll(async () =>
      (await clients.carol.searchRecord({ grant, table: 'pg_sleep' })).items.map(({ data }) => data.person),
    )
    .toEqual(['alice', 'alice']);
});
