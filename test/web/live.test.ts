/** The live stream as pages have it: a cut network and back, several tabs, a login that ends, signing out. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { people } from '../support/people.ts';
import type { Tidegate } from '../support/tidegate.ts';
import { axeFindings, hold, launch, picture, signedIn, signIn, visitor } from './support/browser.ts';
import { browserAddress, startSite } from './support/site.ts';

let tidegate: Tidegate;
let browser: Browser;
let url: string;

beforeAll(async () => {
  [tidegate, browser] = await Promise.all([startSite(), launch()]);
  url = browserAddress(tidegate);
});
afterAll(async () => {
  await browser.close();
  await tidegate[Symbol.asyncDispose]();
});

test('the network is cut and back: the page says so, then shows what happened meanwhile', async () => {
  const { page, complaints } = await signedIn(browser, url, 'alice');
  const everybody = await people(tidegate.url);
  const { id } = await everybody.alice.createRequest({ resource: 'orders', role: 'reader', reason: 'offline' });
  await page.goto(`/requests/${id}`);
  await page.getByText('waiting for an approval').waitFor();

  await page.context().setOffline(true);
  await page.getByText('No connection to Tidegate.').waitFor();
  await picture(page, 'offline');
  expect(await axeFindings(page)).toEqual([]);
  // A page whose code was never fetched: said in its place, the others stay at hand.
  const pages = page.getByRole('navigation', { name: 'Pages' });
  await pages.getByRole('link', { name: 'Stand-ins' }).click();
  await page.getByText('This page could not be fetched').waitFor();
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByText('This page could not be fetched').waitFor();
  await hold(page, 'unfetched');
  await page.goBack();
  await page.getByText('waiting for an approval').waitFor();
  await everybody.bob.review({ id, decision: 'deny', comment: 'not while you are away' });
  expect(await page.getByText('not while you are away').count()).toBe(0);

  const resumed: (string | undefined)[] = [];
  page.on('request', (request) => {
    if (request.url().endsWith('/v1/stream')) resumed.push(request.headers()['last-event-id']);
  });
  await page.context().setOffline(false);
  await page.getByText('not while you are away').waitFor();
  await expect.poll(() => page.getByText('No connection to Tidegate.').count()).toBe(0);
  // It says what it heard last, and so is told only what it missed.
  expect(resumed.at(-1)).toMatch(/^[0-9a-f]{16}\.\d+$/);

  await pages.getByRole('link', { name: 'Stand-ins' }).click();
  await page.getByRole('heading', { name: 'Stand-ins' }).waitFor();
  await page.context().setOffline(true);
  await pages.getByRole('link', { name: 'My security' }).click();
  await page.getByText('This page could not be fetched').waitFor();
  await page.context().setOffline(false);
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByRole('heading', { name: 'My security' }).waitFor();
  expect(complaints).toEqual([]);
  await page.context().close();
});

test('three tabs, one stream; when its tab is closed, another takes over', async () => {
  const { page } = await visitor(browser, url);
  const context = page.context();
  const streams: string[] = [];
  context.on('request', (request) => {
    if (request.url().endsWith('/v1/stream')) streams.push(request.url());
  });
  await page.goto('/sign-in');
  await signIn(page, 'alice');
  // Asked for once the page is shown.
  await expect.poll(() => streams.length).toBe(1);
  const [second, third] = [await context.newPage(), await context.newPage()];
  await second.goto('/requests');
  await third.goto('/requests');
  await third.getByRole('heading', { name: 'My requests' }).waitFor();
  expect(streams.length).toBe(1);

  await page.close();
  await expect.poll(() => streams.length).toBe(2);
  const { alice } = await people(tidegate.url);
  await alice.createRequest({ resource: 'orders', role: 'editor', reason: 'told to every tab' });
  await second.getByText('told to every tab').waitFor();
  await third.getByText('told to every tab').waitFor();
  expect(streams.length).toBe(2);

  // Each says it, the one that reads and the one that is told.
  await context.setOffline(true);
  for (const tab of [second, third]) await tab.getByText('No connection to Tidegate.').waitFor();
  await context.setOffline(false);
  for (const tab of [second, third]) await tab.getByText('No connection to Tidegate.').waitFor({ state: 'hidden' });
  await context.close();
});

test('a login that is ended elsewhere: the page says so within a beat, and leads back to itself', async () => {
  const { page } = await signedIn(browser, url, 'bob');
  await page.goto('/reviews');
  const { bob } = await people(tidegate.url);
  const { items } = await bob.myLogins();
  for (const { id, kind } of items) if (kind === 'cookie') await bob.endMyLogin({ id });
  await page.getByText('Your login has ended.').waitFor({ timeout: 50_000 });
  await picture(page, 'ended');
  expect(await axeFindings(page)).toEqual([]);
  await page.getByRole('link', { name: 'Sign in again' }).click();
  await page.waitForURL('**/sign-in?to=%2Freviews');
  await page.context().close();
});

test('signing out leaves nothing: back leads to sign in, the stream is closed', async () => {
  const { page } = await signedIn(browser, url, 'alice');
  const closed = page.waitForEvent('requestfailed', (request) => request.url().endsWith('/v1/stream'));
  await page.getByRole('button', { name: 'Signed in as alice' }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await closed;
  expect(await page.context().cookies()).toEqual([]);
  await page.goBack();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await page.context().close();
});
