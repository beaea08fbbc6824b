/** Every page of asking and deciding, in every state: what axe finds, what it looks like, and that a phone can show it. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { people } from '../support/people.ts';
import type { Tidegate } from '../support/tidegate.ts';
import { axeFindings, launch, picture, signedIn, type Visitor, visitor } from './support/browser.ts';
import { browserAddress, startSite } from './support/site.ts';

let tidegate: Tidegate;
let browser: Browser;
let url: string;
let alice: Visitor;
const complaints: string[] = [];

beforeAll(async () => {
  [tidegate, browser] = await Promise.all([startSite(), launch()]);
  url = browserAddress(tidegate);
  alice = await signedIn(browser, url, 'alice');
  const { alice: asking, bob } = await people(tidegate.url);
  const open = await asking.createRequest({ resource: 'orders', role: 'reader', reason: 'the invoice of 3 November' });
  await bob.review({ id: open.id, decision: 'approve', comment: 'Fine.' });
  await asking.createRequest({ resource: 'orders', role: 'owner', reason: 'a new column', ticket: 'INC-12' });
});
afterAll(async () => {
  expect(complaints).toEqual([]);
  await browser.close();
  await tidegate[Symbol.asyncDispose]();
});

/** No part of a page is wider than a phone. */
async function fitsAPhone(page: Page): Promise<void> {
  const size = page.viewportSize();
  await page.setViewportSize({ width: 360, height: 740 });
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
  if (size !== null) await page.setViewportSize(size);
}

/** What is held against every page in every state. */
async function hold(page: Page, name: string): Promise<void> {
  await picture(page, name);
  await fitsAPhone(page);
  expect(await axeFindings(page), name).toEqual([]);
}

const PAGES = [
  { name: 'home', at: '/', shows: 'reader on orders', asks: '/v1/grants' },
  { name: 'ask', at: '/request', shows: 'PostgreSQL', asks: '/v1/resources' },
  { name: 'ask-form', at: '/request?resource=orders&role=owner', shows: 'This takes an approval', asks: '/v1/explain' },
  { name: 'requests', at: '/requests', shows: 'owner on orders', asks: '/v1/requests' },
  { name: 'security', at: '/security', shows: 'Where you are signed in', asks: '/v1/me/logins' },
] as const;

describe.each(PAGES)('$name', ({ name, at, shows, asks }) => {
  test('as it is, in light and dark, on a phone', async () => {
    await alice.page.goto(at);
    await alice.page.getByText(shows).first().waitFor();
    await hold(alice.page, name);
  });

  test('while it is loading', async () => {
    const held = Promise.withResolvers<void>();
    await alice.page.route(`**${asks}*`, async (route) => {
      await held.promise;
      await route.continue();
    });
    await alice.page.goto(at);
    await alice.page.getByText('Loading …').first().waitFor();
    await hold(alice.page, `${name}.loading`);
    held.resolve();
    await alice.page.getByText(shows).first().waitFor();
    await alice.page.unrouteAll({ behavior: 'wait' });
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
    await alice.page.route(`**${asks}*`, (route) =>
      route.fulfill({ status: 500, contentType: 'application/problem+json', body: JSON.stringify(problem) }),
    );
    await alice.page.goto(at);
    await alice.page.getByText('Something broke on our side.').first().waitFor();
    await hold(alice.page, `${name}.refused`);
    await alice.page.unrouteAll({ behavior: 'wait' });
  });
});

test('with nothing in them: home, requests and reviews of somebody new', async () => {
  const { page } = await signedIn(browser, url, 'carol');
  for (const [name, at, shows] of [
    ['home.empty', '/', 'Nothing is open for you.'],
    ['requests.empty', '/requests', 'You have asked for nothing yet.'],
  ] as const) {
    await page.goto(at);
    await page.getByText(shows).waitFor();
    await hold(page, name);
  }
  await page.context().close();
});

test('signing in: as it is, refused, and back to where one wanted to go', async () => {
  const { page, complaints: own } = await visitor(browser, url);
  await page.goto('/requests?of=all');
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await hold(page, 'sign-in');
  await page.getByLabel('Name').fill('alice');
  await page.getByRole('textbox', { name: 'Password' }).fill('not the password');
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByRole('alert').waitFor();
  await hold(page, 'sign-in.refused');
  await page.getByRole('textbox', { name: 'Password' }).fill('correct horse battery');
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.waitForURL('**/requests?of=all');
  complaints.push(...own);
  await page.context().close();
});

test('a sign-in page that was given another house’s address leads home', async () => {
  const { page } = await visitor(browser, url);
  await page.goto('/sign-in?to=%2F%2Fevil.example%2F');
  await page.getByLabel('Name').fill('alice');
  await page.getByRole('textbox', { name: 'Password' }).fill('correct horse battery');
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByRole('heading', { name: 'Home' }).waitFor();
  expect(page.url()).toBe(`${url}/`);
  await page.context().close();
});

test('no such page, and no such request', async () => {
  await alice.page.goto('/nowhere');
  await alice.page.getByText('There is nothing at this address.').waitFor();
  await hold(alice.page, 'not-found');
  await alice.page.goto('/requests/req_0000000000000000');
  await alice.page.getByRole('alert').waitFor();
  await hold(alice.page, 'request.unknown');
});

test('the inbox by keyboard alone: j, k, a, d and ?', async () => {
  const { alice: asking } = await people(tidegate.url);
  await asking.createRequest({ resource: 'orders', role: 'editor', reason: 'another one' });
  const { page } = await signedIn(browser, url, 'bob');
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
  await hold(page, 'reviews');
  await page.context().close();
});

test('more contrast: chosen once, kept', async () => {
  await alice.page.goto('/');
  await alice.page.getByRole('button', { name: 'Signed in as alice' }).click();
  await alice.page.getByRole('menuitem', { name: 'More contrast' }).click();
  await alice.page.locator('html[data-contrast="more"]').waitFor();
  await alice.page.reload();
  await alice.page.locator('html[data-contrast="more"]').waitFor();
  await hold(alice.page, 'home.contrast');
  complaints.push(...alice.complaints);
});
