/** The whole cycle by two people in two browsers: ask, approve, query, and the end under the person’s eyes. */

import pg from 'pg';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { people } from '../support/people.ts';
import type { Tidegate } from '../support/tidegate.ts';
import { axeFindings, hold, launch, picture, signedIn, type Visitor } from './support/browser.ts';
import { browserAddress, startSite } from './support/site.ts';

let tidegate: Tidegate;
let browser: Browser;
let alice: Visitor;
let bob: Visitor;

beforeAll(async () => {
  [tidegate, browser] = await Promise.all([startSite(), launch()]);
  alice = await signedIn(browser, browserAddress(tidegate), 'alice');
  bob = await signedIn(browser, browserAddress(tidegate), 'bob');
});
afterAll(async () => {
  await browser.close();
  await tidegate[Symbol.asyncDispose]();
});

/** Asks for `role` on orders, from Home on. */
async function ask(page: Page, reason: string): Promise<void> {
  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Request access' }).click();
  await page.getByRole('link', { name: /orders PostgreSQL/ }).click();
  await page.getByText('This takes an approval: one of leads.').waitFor();
  await page.getByLabel('Reason').fill(reason);
  await page.getByRole('button', { name: 'Ask', exact: true }).click();
  await page.getByRole('heading', { name: 'reader on orders' }).waitFor();
}

/** The text that a button copies, without the clipboard. */
async function copied(page: Page, what: string): Promise<string> {
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.getByRole('button', { name: `Copy ${what}`, exact: true }).click();
  return page.evaluate(() => navigator.clipboard.readText());
}

test('alice asks and sees who could agree; bob approves by one key; her page tells her by itself', async () => {
  await ask(alice.page, 'an invoice is wrong');
  await alice.page.getByText('waiting for an approval (bob)').waitFor();
  expect(await axeFindings(alice.page)).toEqual([]);

  // bob’s Home was open before alice asked: the stream told it.
  await bob.page.getByRole('link', { name: 'alice wants reader on orders' }).click();
  await bob.page.getByText('an invoice is wrong').waitFor();
  await picture(bob.page, 'review');
  expect(await axeFindings(bob.page)).toEqual([]);
  await bob.page.locator('body').press('a');
  await bob.page.getByText('Nothing waits for you.').waitFor();

  // Not loaded anew: the state changes where it stands.
  await alice.page.getByText('approved by bob').waitFor();
  await alice.page.getByText('alice.g', { exact: false }).waitFor();
  await picture(alice.page, 'request');
});

test('the lines to connect with let alice in; her connection stands under the request', async () => {
  const { page } = alice;
  await page.getByRole('link', { name: 'Home' }).click();
  await page.getByRole('button', { name: 'Connect' }).click();
  const uri = new URL(await copied(page, 'URI'));
  await picture(page, 'connect');
  expect(await axeFindings(page)).toEqual([]);
  const client = new pg.Client({ connectionString: uri.href.replace('?sslmode=disable', ''), ssl: false });
  await client.connect();
  expect((await client.query('SELECT count(*) > 0 AS some FROM orders')).rows).toEqual([{ some: true }]);

  await page.getByRole('button', { name: 'Close' }).click();
  await page.getByRole('link', { name: 'reader on orders' }).click();
  await page.getByRole('link', { name: /^orders from / }).waitFor();

  // Given back: the connection ends with it, and the page says so.
  // The first says why; that the connection then ends is another, and expected.
  const cut = new Promise<Error>((resolve) => client.on('error', resolve));
  await page.getByRole('link', { name: 'Home' }).click();
  await page.getByRole('button', { name: 'Give back' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Give back' }).click();
  expect(String(await cut)).toMatch(/given back|relinquished|terminat/i);
  await page.getByText('Nothing is open for you.').waitFor();
});

test('two clicks for the usual case: again, ask', async () => {
  const { page } = alice;
  await page.goto('/request');
  await page.getByRole('link', { name: /^reader on orders/ }).click();
  await expect.poll(() => page.getByLabel('Reason').inputValue()).toBe('an invoice is wrong');
  await page.getByRole('button', { name: 'Ask', exact: true }).click();
  await page.getByRole('button', { name: 'Take it back' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Take it back' }).click();
  await page.getByText('taken back').waitFor();
});

test('the end comes under alice’s eyes, without a click', async () => {
  const { page } = alice;
  await page.goto('/');
  await page.getByText('Nothing is open for you.').waitFor();
  const everybody = await people(tidegate.url);
  const { id } = await everybody.alice.createRequest({
    resource: 'orders',
    role: 'reader',
    duration: 'PT6S',
    reason: 'x',
  });
  await everybody.bob.review({ id, decision: 'approve' });
  await page.getByRole('timer').waitFor();
  await page.getByText('Nothing is open for you.').waitFor();
});

test('bob denies with a comment, alice reads it; nobody is asked for a comment in vain', async () => {
  await ask(alice.page, 'just looking');
  await bob.page.goto('/reviews');
  await bob.page.getByText('just looking').waitFor();
  await bob.page.locator('body').press('d');
  await expect.poll(() => bob.page.getByLabel('Comment').evaluate((box) => box === document.activeElement)).toBe(true);
  await bob.page.getByLabel('Comment').fill('Please name the ticket.');
  await bob.page.getByRole('button', { name: 'Deny' }).click();
  await alice.page.getByText('Please name the ticket.').waitFor();
});

test('the inbox by keyboard alone: j, k and ?', async () => {
  const everybody = await people(tidegate.url);
  await everybody.alice.createRequest({ resource: 'orders', role: 'owner', reason: 'a new column' });
  await everybody.alice.createRequest({ resource: 'orders', role: 'editor', reason: 'another one' });
  const { page } = bob;
  await page.goto('/reviews');
  const title = page.getByRole('article').getByRole('heading').first();
  await title.getByText('alice: editor on orders').waitFor();
  await page.locator('body').press('j');
  await title.getByText('alice: owner on orders').waitFor();
  expect(page.url()).toContain('/reviews?id=req_');
  await page.locator('body').press('k');
  await title.getByText('alice: editor on orders').waitFor();
  await page.locator('body').press('?');
  await page.getByRole('dialog', { name: 'Keys' }).waitFor();
  await hold(page, 'reviews.keys');
  await page.keyboard.press('Escape');
});

test('no script failed, and the policy had nothing to stop', () => {
  expect([...alice.complaints, ...bob.complaints]).toEqual([]);
});
