/** How smoothly long tables scroll, in the page: the time between its frames while it is scrolled through. */
import { setTimeout as delay } from 'node:timers/promises';
import type { GrantView } from '@tidegate/contract';
import pg from 'pg';
import type { Browser, Locator, Page } from 'playwright-core';
import { granted, type People, people, wayIn } from '../../support/people.ts';
import type { Tidegate } from '../../support/tidegate.ts';
import { signedIn } from './browser.ts';

const ROWS = 100_000;
/** Each is on record with its outcome: two rows. */
const STATEMENTS = ROWS / 2;
const AT_ONCE = 8;
/** Pixels a frame: forty rows, as by a hard flick. */
const STEP = 1_440;
const FRAMES = 180;
/** Two minutes: the record is read from the store as it is scrolled through. */
const FRAMES_MOST = 7_200;
/** From the last statement until all are on record. */
const ON_RECORD_MS = 300_000;

export interface Scrolled {
  /** Milliseconds from a frame to the next: of twenty the slowest, and the slowest of all. */
  readonly p95: number;
  readonly longest: number;
}

/**
 * The results of a query, all there, from the top for three seconds; and the record, read on as it is scrolled through.
 *
 * @throws when the record does not have as many rows, or they do not come
 */
export async function scrolling(
  tidegate: Tidegate,
  browser: Browser,
  url: string,
): Promise<{ ofGrid: Scrolled; ofRecord: Scrolled }> {
  const clients = await people(tidegate.url);
  const grant = await granted(clients, 'PT2H');
  const { page } = await signedIn(browser, url, 'alice');
  await page.goto('/query');
  await page.getByRole('button', { name: 'Connect' }).click();
  const grid = await results(page);
  const ofGrid = await grid.evaluate(scroll, { step: STEP, frames: FRAMES });
  await page.context().close();

  await fillRecord(clients, grant);
  return { ofGrid, ofRecord: await ofRecord(browser, url) };
}

async function results(page: Page): Promise<Locator> {
  await page.getByRole('combobox', { name: 'Rows at most' }).click();
  await page.getByRole('option', { name: '100,000 rows' }).click();
  await page.getByRole('textbox', { name: 'SQL' }).click();
  await page.keyboard.insertText(`SELECT n, md5(n::text) AS hash, now() AS at FROM generate_series(1, ${ROWS}) AS n`);
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+Enter');
  await page.locator(`[role=table][aria-rowcount="${ROWS + 1}"]`).waitFor();
  return page.getByRole('table', { name: 'Results' });
}

/** Through the gateway, as every client goes; waited for until all of it is there to be found. */
async function fillRecord(clients: People, grant: GrantView): Promise<void> {
  const way = await wayIn(clients, grant);
  const { host, port, user, password, database } = way;
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      const client = new pg.Client({ host, port, user, password, database, ssl: false });
      await client.connect();
      for (let count = 0; count < STATEMENTS / AT_ONCE; count += 1) await client.query('SELECT 1');
      await client.end();
    }),
  );
  // Told last of each; the page’s own session stays open for a while.
  const ended = { grant: grant.id, kind: 'session.ended', limit: AT_ONCE };
  const until = Date.now() + ON_RECORD_MS;
  while ((await clients.carol.searchRecord(ended)).items.length < AT_ONCE) {
    if (Date.now() > until) throw new Error('The statements did not come on record in time.');
    await delay(500);
  }
}

/** Scrolled to its end as fast as it can be read on: every page of it comes while frames are counted. */
async function ofRecord(browser: Browser, url: string): Promise<Scrolled> {
  const { page } = await signedIn(browser, url, 'carol');
  await page.goto('/record');
  const table = page.getByRole('table', { name: 'Entries' });
  await table.waitFor();
  const seen = await table.evaluate(scroll, { step: STEP, frames: FRAMES_MOST, rows: ROWS });
  const rows = Number(await table.getAttribute('aria-rowcount')) - 1;
  await page.context().close();
  if (rows < ROWS) throw new Error(`Only ${rows} rows of the record were scrolled through.`);
  return seen;
}

/** In the page: moves on in each frame, for so many of them or until so many rows were read. */
function scroll(
  element: Element,
  { step, frames, rows = 0 }: { step: number; frames: number; rows?: number },
): Promise<Scrolled> {
  const { promise, resolve } = Promise.withResolvers<Scrolled>();
  const between: number[] = [];
  const frame = (before: number) => (now: number) => {
    between.push(now - before);
    element.scrollBy({ top: step, behavior: 'instant' });
    const read = Number(element.getAttribute('aria-rowcount')) - 1;
    if (between.length < frames && (rows === 0 || read < rows)) {
      requestAnimationFrame(frame(now));
      return;
    }
    const sorted = between.toSorted((a, b) => a - b);
    resolve({ p95: sorted[Math.floor(sorted.length * 0.95)] ?? 0, longest: sorted.at(-1) ?? 0 });
  };
  requestAnimationFrame((now) => requestAnimationFrame(frame(now)));
  return promise;
}
