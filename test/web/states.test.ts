/** Every page in every state: being read, refused, as it is, out of reach, and when the login has ended. */
import type { BrowserContext, Page, Route } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { held, hold, REFUSED, refuse } from './support/browser.ts';
import { EVERY_PAGE } from './support/every-page.ts';
import { startWorld, type World } from './support/world.ts';

/** Over every page: what is said of the connection and the login. */
const STRIP = 'main > [role=status]';
/** It is the same on all of them: its colours, width and pictures are held on one. */
const STRIP_HELD_ON = 'home';
/**
 * What pages show for a moment is much alike: pictures of it are for the long run, and so is what stands around it, which
 * is held with the page as it is.
 */
const holdPassing = (page: Page, name: string): Promise<void> =>
  process.env.TIDEGATE_LONG === '1' ? hold(page, name) : held(page, name, 'main');

let world: World;
const cookies = new Map<Page, Awaited<ReturnType<BrowserContext['cookies']>>>();
beforeAll(async () => {
  world = await startWorld();
  for (const { page } of Object.values(world.at)) cookies.set(page, await page.context().cookies());
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  expect(world.complaints()).toEqual([]);
});

/** Each begins as somebody who is signed in and online, whatever came of the one before. */
beforeEach(async () => {
  for (const { page } of Object.values(world.at)) {
    await page.unrouteAll({ behavior: 'ignoreErrors' });
    await page.context().setOffline(false);
    await page.context().addCookies(cookies.get(page) ?? []);
  }
});

test.each(EVERY_PAGE)('$name', async ({ name, who, at, shows, asks }) => {
  const { page } = world.at[who];
  const context = page.context();
  const address = at(world.ids);
  const shown = page.getByText(shows).first();

  const { asked, answer } = await heldBack(page, asks(world.ids));
  await page.goto(address);
  await asked;
  await page.getByText('Loading …').first().waitFor();
  expect(await shown.count()).toBe(0);
  await holdPassing(page, `${name}.loading`);

  answer(refuse);
  await page.getByText(REFUSED).first().waitFor();
  await holdPassing(page, `${name}.refused`);

  await page.unrouteAll({ behavior: 'wait' });
  await page.getByRole('button', { name: 'Try again' }).first().click();
  await shown.waitFor();
  await hold(page, name);

  await context.setOffline(true);
  await saidOverThePage(page, 'No connection to Tidegate.');
  expect(await shown.isVisible()).toBe(true);
  if (name === STRIP_HELD_ON) await hold(page, `${name}.offline`, STRIP);

  // Back, but with a login that is over.
  await context.clearCookies();
  await context.setOffline(false);
  await saidOverThePage(page, 'Your login has ended.');
  if (name === STRIP_HELD_ON) await hold(page, `${name}.ended`, STRIP);
  await page.getByRole('link', { name: 'Sign in again' }).click();
  await page.waitForURL((url) => url.pathname === '/sign-in' && url.searchParams.get('to') === address);
  expect(world.at[who].complaints.splice(0)).toEqual([]);
});

test('no such page, and no such request', async () => {
  const { page } = world.at.alice;
  await page.goto('/nowhere');
  await page.getByText('There is nothing at this address.').waitFor();
  await hold(page, 'not-found');
  await page.goto('/requests/req_0000000000000000');
  await page.getByRole('alert').waitFor();
  await hold(page, 'request.unknown');
});

test('more contrast: chosen once, kept', async () => {
  const { page } = world.at.alice;
  await page.goto('/');
  await page.getByRole('button', { name: 'Signed in as alice' }).click();
  await page.getByRole('menuitem', { name: 'More contrast' }).click();
  await page.locator('html[data-contrast="more"]').waitFor();
  await page.reload();
  await page.locator('html[data-contrast="more"]').waitFor();
  await hold(page, 'home.contrast');
});

/** Throws with what there is to know of the page's stream, where it is not said in time. */
async function saidOverThePage(page: Page, words: string): Promise<void> {
  try {
    await page.getByText(words).waitFor();
  } catch (error) {
    const [strip, locks, online] = await Promise.all([
      page.locator(STRIP).innerText(),
      page.evaluate(() => navigator.locks.query()),
      page.evaluate(() => navigator.onLine),
    ]);
    throw new Error(`“${words}” was not said. ${JSON.stringify({ strip, locks, online })}`, { cause: error });
  }
}

/** Answers of that path wait, from the first that is `asked` for, until `answer` says what comes of them. */
async function heldBack(page: Page, path: string) {
  const asked = Promise.withResolvers<void>();
  const told = Promise.withResolvers<(route: Route) => Promise<void>>();
  await page.route(
    ({ pathname }) => pathname === path,
    async (route) => {
      asked.resolve();
      await (await told.promise)(route);
    },
  );
  return { asked: asked.promise, answer: told.resolve };
}
