/**
 * `node test/web/speed.ts SECONDS`: how quick the web app is, for the bench (`npm run bench -- --only web`). Home with a
 * cold cache, moving between pages, scrolling through 100,000 rows, and what 200 open browsers cost the control plane. One
 * figure a line, as JSON.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { createClient } from '@tidegate/contract';
import type { Browser } from 'playwright-core';
import { pidsOf } from '../support/processes.ts';
import { DEMO_PASSWORD, type Tidegate } from '../support/tidegate.ts';
import { launch, signedIn } from './support/browser.ts';
import { scrolling } from './support/scrolling.ts';
import { browserAddress, startSite } from './support/site.ts';

const OPEN_BROWSERS = 200;
/** One login is held by at most so many streams here. */
const LOGINS_EACH = 6;
const TURNS = 7;

const told = (what: string, unit: string, value: number): void => console.log(JSON.stringify({ what, unit, value }));

/** Of Home, what comes last: its grants were read. */
const ALL_OF_HOME = 'Nothing is open for you.';

/**
 * In the page: resolves once a frame was painted that shows `text` within `within`, with the milliseconds since the page
 * was asked for, or since `link` was followed. Looked for from outside, it would be found up to half a second late.
 */
function shown({ text, within, link }: { text: string; within: string; link?: string }): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const begun = link === undefined ? 0 : performance.now();
  const look = (): void => {
    if (document.querySelector(within)?.textContent.includes(text) !== true) return;
    changes.disconnect();
    requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - begun)));
  };
  const changes = new MutationObserver(look);
  changes.observe(document.body, { subtree: true, childList: true, characterData: true });
  if (link === undefined) {
    look();
    return promise;
  }
  const way = document.querySelector<HTMLAnchorElement>(`nav a[href="${link}"]`);
  if (way === null) throw new Error(`The navigation has no link to ${link}.`);
  way.click();
  return promise;
}

/** From the address bar to all of Home, in a browser that has nothing of it. */
async function homeCold(browser: Browser, url: string): Promise<void> {
  const { page } = await signedIn(browser, url, 'alice');
  const storageState = await page.context().storageState();
  await page.context().close();
  for (let turn = 0; turn < TURNS; turn += 1) {
    const context = await browser.newContext({ baseURL: url, storageState });
    const fresh = await context.newPage();
    await fresh.goto('/', { waitUntil: 'domcontentloaded' });
    told('web.home.cold', 'ms', await fresh.evaluate(shown, { text: ALL_OF_HOME, within: 'body' }));
    await context.close();
  }
}

/** Pages that were seen before, by the navigation. */
async function betweenPages(browser: Browser, url: string): Promise<void> {
  const { page } = await signedIn(browser, url, 'alice');
  const requests = { text: 'My requests', link: '/requests', within: 'h1' };
  const home = { text: 'Home', link: '/', within: 'h1' };
  for (const place of [requests, home]) await page.evaluate(shown, place);
  for (let turn = 0; turn < TURNS; turn += 1) {
    for (const place of [requests, home]) told('web.between-pages', 'ms', await page.evaluate(shown, place));
  }
  await page.context().close();
}

/** What their streams cost the control plane while nothing happens. */
async function openBrowsers(tidegate: Tidegate, seconds: number): Promise<void> {
  const tokens: string[] = [];
  for (const user of ['alice', 'bob', 'carol']) {
    for (let count = 0; count < LOGINS_EACH; count += 1) {
      const { token } = await createClient({ url: tidegate.url }).login({ user, password: DEMO_PASSWORD });
      if (token !== null) tokens.push(token);
    }
  }
  const gone = new AbortController();
  try {
    // Kept: what is collected is closed.
    const held: Response[] = [];
    while (held.length < OPEN_BROWSERS) {
      const authorization = `Bearer ${tokens[held.length % tokens.length] ?? ''}`;
      const answer = await fetch(`${tidegate.url}/v1/stream`, { headers: { authorization }, signal: gone.signal });
      if (!answer.ok) throw new Error(`a stream was answered ${answer.status}`);
      held.push(answer);
    }
    await delay(3_000);
    const before = cpuSeconds(tidegate);
    await delay(seconds * 1_000);
    told('web.open-browsers.cpu', '%', ((cpuSeconds(tidegate) - before) / seconds) * 100);
  } finally {
    gone.abort();
  }
}

/** Of the control plane, so far. */
function cpuSeconds(tidegate: Tidegate): number {
  const [pid = 0] = pidsOf(tidegate.process.pid ?? 0, 'control plane');
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

const [tidegate, browser] = await Promise.all([startSite(), launch()]);
try {
  const url = browserAddress(tidegate);
  await homeCold(browser, url);
  await betweenPages(browser, url);
  await openBrowsers(tidegate, Number(process.argv[2] ?? 60));
  // Last: what it leaves to be uploaded and kept is no idle control plane.
  const { ofGrid, ofRecord } = await scrolling(tidegate, browser, url);
  for (const [name, { p95, longest }] of Object.entries({ grid: ofGrid, record: ofRecord })) {
    told(`web.scroll.${name}.p95`, 'ms', p95);
    told(`web.scroll.${name}.longest`, 'ms', longest);
  }
} finally {
  await browser.close();
  await tidegate[Symbol.asyncDispose]();
}
