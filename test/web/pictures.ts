/**
 * `npm run pictures`: the tour of the web app in the README, made anew in docs/pictures. A Tidegate of its own, the demo’s
 * three people, and one afternoon of theirs.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { GrantId } from '@tidegate/core';
import type { Browser, Page } from 'playwright-core';
import { type People, people } from '../support/people.ts';
import { root, type Tidegate } from '../support/tidegate.ts';
import { launch, signedIn } from './support/browser.ts';
import { ranOnRecord } from './support/on-record.ts';
import { browserAddress, startSite } from './support/site.ts';
import { askTooMuch } from './support/world.ts';

const folder = join(root, 'docs/pictures');

/** Of a laptop’s window; small enough to stand in a README. */
const WINDOW = { viewport: { width: 1180, height: 740 }, colorScheme: 'light', reducedMotion: 'reduce' } as const;

async function taken(page: Page, name: string): Promise<void> {
  // Where the pointer rests, nothing shall be lit up.
  await page.mouse.move(0, 0);
  const path = join(folder, `${name}.png`);
  await page.screenshot({ path, animations: 'disabled', caret: 'hide' });
  console.log(path);
}

/** A grant of alice’s or carol’s that bob agreed to; its id. */
async function opened(clients: People, who: 'alice' | 'carol', role: string, reason: string): Promise<GrantId> {
  const { id } = await clients[who].createRequest({ resource: 'orders', role, reason, duration: 'PT45M' });
  await clients.bob.review({ id, decision: 'approve', comment: 'Go ahead.' });
  const { grant } = await clients[who].request({ id, wait: 30 });
  if (grant === null) throw new Error(`${id} was approved, and nothing was opened.`);
  return grant.id;
}

const INVOICE = [
  'SELECT id, number, status, placed_at FROM orders WHERE customer_id = 17 ORDER BY placed_at DESC',
  'SELECT line_no, product_id, quantity, unit_price, line_total FROM order_lines WHERE order_id = 4711',
  'SELECT sum(line_total) FROM order_lines WHERE order_id = 4711',
  'SELECT goods_total, shipping_fee, totl FROM orders WHERE id = 4711',
  'SELECT goods_total, shipping_fee, total FROM orders WHERE id = 4711',
  'SELECT status, count(*) FROM orders GROUP BY status ORDER BY count(*) DESC',
];

async function afternoon({ url }: Tidegate, clients: People) {
  const { alice, bob, carol } = clients;
  const grant = await opened(clients, 'alice', 'reader', 'Customer 17 says that the invoice of 3 November is wrong');
  const session = await ranOnRecord({ alice, url, grant }, INVOICE);
  const given = await opened(clients, 'carol', 'editor', 'Addresses of the closed shop in Kiel');
  await carol.relinquishGrant({ id: given });
  const denied = await alice.createRequest({ resource: 'orders', role: 'editor', reason: 'Just looking' });
  await bob.review({ id: denied.id, decision: 'deny', comment: 'Reading is enough for that.' });
  await askTooMuch(alice);
  await alice.createRequest({
    resource: 'orders',
    role: 'editor',
    reason: 'Order 4711 was shipped to the old address',
    ticket: 'SHOP-482',
  });
  await carol.createRequest({ resource: 'orders', role: 'reader', reason: 'How large is the index on placed_at?' });
  return { grant, session };
}

async function asAlice(browser: Browser, url: string, grant: string): Promise<void> {
  const { page } = await signedIn(browser, url, 'alice', WINDOW);
  await page.getByRole('button', { name: 'Connect' }).waitFor();
  await taken(page, 'home');
  await page.goto('/request?resource=orders&role=owner');
  await page.getByText('one of leads, then one of dba').waitFor();
  await page.getByLabel('Reason').fill('A new column for the courier’s number');
  await taken(page, 'ask');
  await page.goto(`/query?grant=${grant}`);
  await page.getByRole('button', { name: 'Connect' }).click();
  await page.getByRole('textbox', { name: 'SQL' }).click();
  await page.keyboard.insertText(
    'SELECT o.number, o.status, c.first_name, c.last_name, o.total, o.placed_at\nFROM orders o JOIN customers c ON c.id = o.customer_id\nORDER BY o.placed_at DESC LIMIT 50',
  );
  await page.keyboard.press('Control+Enter');
  await page.getByText('50 rows').waitFor();
  await taken(page, 'query');
}

async function asBob(browser: Browser, url: string): Promise<void> {
  const { page } = await signedIn(browser, url, 'bob', WINDOW);
  await page.goto('/reviews');
  await page.getByRole('article').waitFor();
  await taken(page, 'review');
}

async function asCarol(browser: Browser, url: string, session: string): Promise<void> {
  const { page } = await signedIn(browser, url, 'carol', WINDOW);
  await page.goto(`/sessions/${session}`);
  await page.getByRole('row').filter({ hasText: 'totl' }).click();
  await page.getByRole('region', { name: 'Statement', exact: true }).waitFor();
  await taken(page, 'session');
  await page.goto('/record');
  await page.getByText('statement.outcome').first().waitFor();
  await taken(page, 'record');
  await page.goto('/overview');
  await page.getByText('Open by resource').waitFor();
  await taken(page, 'overview');
}

mkdirSync(folder, { recursive: true });
const [tidegate, browser] = await Promise.all([startSite(), launch()]);
try {
  const url = browserAddress(tidegate);
  const { grant, session } = await afternoon(tidegate, await people(tidegate.url));
  await asAlice(browser, url, grant);
  await asBob(browser, url);
  await asCarol(browser, url, session);
} finally {
  await browser.close();
  await tidegate[Symbol.asyncDispose]();
}
