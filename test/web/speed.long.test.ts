/** How quick it is: Home with a cold cache, moving between pages, and what 200 open browsers cost the control plane. */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { createClient } from '@tidegate/contract';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pidsOf } from '../support/processes.ts';
import { DEMO_PASSWORD, type Tidegate } from '../support/tidegate.ts';
import { launch, signedIn } from './support/browser.ts';
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

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

test('Home can be used within 1.5 s, cold', async () => {
  const { page } = await signedIn(browser, url, 'alice');
  const storageState = await page.context().storageState();
  await page.context().close();
  const times: number[] = [];
  for (let turn = 0; turn < 7; turn += 1) {
    const context = await browser.newContext({ baseURL: url, storageState });
    const fresh = await context.newPage();
    const begun = performance.now();
    await fresh.goto('/', { waitUntil: 'commit' });
    await fresh.getByText('Nothing is open for you.').waitFor();
    times.push(performance.now() - begun);
    await context.close();
  }
  console.info(`Home, cold: ${times.map(Math.round).join(', ')} ms`);
  expect(median(times)).toBeLessThan(1_500);
});

test('a page that was seen before is there within 100 ms', async () => {
  const { page } = await signedIn(browser, url, 'alice');
  const go = async (name: string): Promise<number> => {
    const begun = await page.evaluate(() => performance.now());
    await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name }).click();
    await page.getByRole('heading', { name, level: 1 }).waitFor();
    return (await page.evaluate(() => performance.now())) - begun;
  };
  for (const name of ['My requests', 'My security', 'Home']) await go(name);
  const times: number[] = [];
  for (let turn = 0; turn < 5; turn += 1) for (const name of ['My requests', 'Home']) times.push(await go(name));
  console.info(`between pages: ${times.map(Math.round).join(', ')} ms`);
  expect(median(times)).toBeLessThan(100);
  await page.context().close();
});

test('200 open browsers cost the control plane under a tenth of a core', { timeout: 240_000 }, async () => {
  const tokens: string[] = [];
  for (const user of ['alice', 'bob', 'carol']) {
    for (let count = 0; count < 6; count += 1) {
      const { token } = await createClient({ url: tidegate.url }).login({ user, password: DEMO_PASSWORD });
      if (token !== null) tokens.push(token);
    }
  }
  const gone = new AbortController();
  const held: Response[] = [];
  while (held.length < 200) {
    const authorization = `Bearer ${tokens[held.length % tokens.length] ?? ''}`;
    const answer = await fetch(`${tidegate.url}/v1/stream`, { headers: { authorization }, signal: gone.signal });
    expect(answer.status).toBe(200);
    held.push(answer);
  }
  await delay(3_000);
  const before = cpuSeconds();
  await delay(60_000);
  const share = (cpuSeconds() - before) / 60;
  console.info(`200 idle streams: ${(share * 100).toFixed(2)} % of a core`);
  expect(share).toBeLessThan(0.1);
  gone.abort();
});

/** Of the control plane, so far. */
function cpuSeconds(): number {
  const [pid = 0] = pidsOf(tidegate.process.pid ?? 0, 'control plane');
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
