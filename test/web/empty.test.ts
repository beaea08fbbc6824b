/** An empty Tidegate: the one-time link makes the first administrator, whose pages are all empty and say so. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DEMO_PASSWORD, type Tidegate } from '../support/tidegate.ts';
import { hold, launch, signIn, type Visitor, visitor } from './support/browser.ts';
import { browserAddress, startSite } from './support/site.ts';

let tidegate: Tidegate;
let browser: Browser;
let root: Visitor;

beforeAll(async () => {
  [tidegate, browser] = await Promise.all([startSite({ args: ['--no-demo'] }), launch()]);
  root = await visitor(browser, browserAddress(tidegate));
});
afterAll(async () => {
  await browser.close();
  await tidegate[Symbol.asyncDispose]();
  expect(root.complaints).toEqual([]);
});

test('the one-time link makes the first administrator, once', async () => {
  const { page } = root;
  const line = tidegate.lines.find((each) => each.includes('/setup.html#token=')) ?? '';
  const link = new URL(/\S*\/setup\.html#token=\S+/.exec(line)?.[0] ?? '');
  await page.goto(`/setup.html${link.hash}`);
  await page.getByLabel('Name').fill('root');
  expect(page.url()).not.toContain('token');
  await hold(page, 'set-up');
  await page.getByRole('textbox', { name: 'Password', exact: true }).fill(DEMO_PASSWORD);
  await page.getByRole('textbox', { name: 'Password again' }).fill('another');
  await page.getByText('The two passwords differ.').waitFor();
  await page.getByRole('textbox', { name: 'Password again' }).fill(DEMO_PASSWORD);
  await page.getByRole('button', { name: 'Make administrator' }).click();
  await page.getByText('root is the first administrator.').waitFor();
  await page.getByRole('link', { name: 'Sign in' }).click();
  await signIn(page, 'root');
  await page.goto('/setup.html');
  await page.getByText('needs the one-time link').waitFor();
});

test.each([
  ['home', '/', 'Nothing is open for you.'],
  ['ask', '/request', 'No database is under control yet.'],
  ['requests', '/requests', 'You have asked for nothing yet.'],
  ['reviews', '/reviews', 'Nothing waits for you.'],
  ['after-reviews', '/reviews/after', 'Nothing waits to be looked at.'],
  ['stand-ins', '/stand-ins', 'Nobody stands in for anybody.'],
  ['notices', '/notices', 'You have been told nothing yet.'],
  ['query', '/query', 'You have no open grant'],
  ['resources', '/resources', 'No resources yet'],
  ['overview', '/overview', 'Nothing in this time'],
  ['sessions', '/sessions', 'No session is open'],
  ['record', '/record?outcome=error', 'Nothing matches'],
  ['policies', '/policies', 'Nothing is in force yet'],
  ['policies-versions', '/policies?tab=versions', 'Nothing is in force yet'],
  ['outgrown', '/policies/outgrown', 'Every open grant is one that today’s policy would give.'],
  ['people', '/people?find=nobody', 'Nobody matches'],
  ['settings', '/settings', 'Nothing is in force yet'],
])('%s, with nothing in it', async (name, at, shows) => {
  await root.page.goto(at);
  await root.page.getByText(shows).first().waitFor();
  expect(await root.page.getByRole('alert').count()).toBe(0);
  await hold(root.page, `${name}.empty`);
});
