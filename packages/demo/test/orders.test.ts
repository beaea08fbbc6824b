import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Orders } from '../src/index.ts';
import { connect, FINGERPRINT, sampleServer, temporaryHome } from './support.ts';

describe('the sample database', () => {
  let place: Awaited<ReturnType<typeof temporaryHome>>;
  let orders: Orders;
  let client: Client;
  const one = async (sql: string) => (await client.query(sql)).rows[0];

  beforeAll(async () => {
    place = await temporaryHome();
    orders = await sampleServer(place.home);
    client = await connect(orders, orders.cluster);
  });
  afterAll(async () => {
    await client?.end();
    await orders?.cluster.stop();
    await place?.remove();
  });

  test('has some hundred thousand rows, in tables that psql shows at once', async () => {
    const { rows } = await client.query<{ name: string }>(
      "SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND pg_table_is_visible(oid) AND relnamespace = 'public'::regnamespace",
    );
    const counts = new Map<string, number>();
    for (const { name } of rows) counts.set(name, (await one(`SELECT count(*)::int AS n FROM ${name}`)).n);
    expect(Object.fromEntries(counts)).toMatchObject({
      categories: 40,
      products: 1280,
      customers: 16_000,
      orders: 50_000,
    });
    expect([...counts.values()].every((n) => n > 0)).toBe(true);
    expect([...counts.values()].reduce((sum, n) => sum + n)).toBeGreaterThan(250_000);
  });

  test('is consistent: nobody buys before joining, totals are their lines’, money and parcels match the status', async () => {
    const wrong = {
      early:
        'SELECT count(*)::int AS n FROM orders o JOIN customers c ON c.id = customer_id WHERE placed_at < created_at',
      total: `SELECT count(*)::int AS n FROM orders o JOIN (SELECT order_id, sum(line_total) AS lines FROM order_lines GROUP BY 1) l
        ON order_id = id WHERE goods_total <> lines`,
      empty: 'SELECT count(*)::int AS n FROM orders o WHERE NOT EXISTS (SELECT FROM order_lines WHERE order_id = o.id)',
      address:
        'SELECT count(*)::int AS n FROM orders o JOIN addresses a ON a.id = shipping_address_id WHERE a.customer_id <> o.customer_id',
      unpaid: `SELECT count(*)::int AS n FROM orders o WHERE status IN ('paid', 'shipped', 'delivered', 'returned')
        AND (SELECT coalesce(sum(amount), 0) FROM payments p WHERE p.order_id = o.id AND p.status = 'captured') <> o.total`,
      unshipped: `SELECT count(*)::int AS n FROM orders o LEFT JOIN shipments s ON s.order_id = o.id
        WHERE (status IN ('delivered', 'returned')) <> (s.delivered_at IS NOT NULL)`,
      refunded: `SELECT count(*)::int AS n FROM payments p JOIN refunds r ON r.payment_id = p.id WHERE r.amount > p.amount OR p.status <> 'captured'`,
      future: "SELECT count(*)::int AS n FROM orders WHERE placed_at > '2026-10-31 20:00+00'",
    };
    for (const [what, sql] of Object.entries(wrong)) expect([what, (await one(sql)).n]).toEqual([what, 0]);
  });

  test('looks like a shop: it grows, December is full, few customers buy much', async () => {
    const { early, late, december, october } = await one(`SELECT
      count(*) FILTER (WHERE date_trunc('month', placed_at) = '2023-06-01')::int AS early,
      count(*) FILTER (WHERE date_trunc('month', placed_at) = '2026-06-01')::int AS late,
      count(*) FILTER (WHERE date_trunc('month', placed_at) = '2025-12-01')::int AS december,
      count(*) FILTER (WHERE date_trunc('month', placed_at) = '2025-10-01')::int AS october FROM orders`);
    expect(late / early).toBeGreaterThan(2);
    expect(december / october).toBeGreaterThan(1.5);
    const { share } = await one(`SELECT sum(n) FILTER (WHERE place <= 160)::float / sum(n) AS share
      FROM (SELECT count(*) AS n, row_number() OVER (ORDER BY count(*) DESC) AS place FROM orders GROUP BY customer_id) AS c`);
    expect(share).toBeGreaterThan(0.05);
  });

  test('has views and a function that answer', async () => {
    expect(await one('SELECT customer, items FROM order_overview WHERE id = 100')).toMatchObject({
      items: expect.anything(),
    });
    expect(
      (await one("SELECT orders FROM monthly_sales WHERE month = '2025-05-01' AND currency = 'EUR'")).orders,
    ).toMatch(/^\d+$/);
    expect((await client.query('SELECT * FROM customer_value(1)')).rows.length).toBeGreaterThan(0);
  });

  test('can be worked with: new rows get the next numbers', async () => {
    await client.query('BEGIN');
    const { id } = await one(`INSERT INTO customers (first_name, last_name, email, country)
      VALUES ('Ada', 'Quay', 'ada@example.com', 'DE') RETURNING id`);
    await client.query('ROLLBACK');
    expect(id).toBe(16_001);
  });

  test('belongs to a role nobody logs in as', async () => {
    expect(
      (await client.query('SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = $1', ['public'])).rows,
    ).toEqual([{ tableowner: 'orders_app' }]);
    expect(await one("SELECT rolcanlogin FROM pg_roles WHERE rolname = 'orders_app'")).toEqual({ rolcanlogin: false });
  });

  test('a second start finds it all there, and the same administrator', async () => {
    const before = await one(FINGERPRINT);
    const password = await readFile(orders.resource.adminPasswordFile, 'utf8');
    await client.end();
    await orders.cluster.stop();
    orders = await sampleServer(place.home);
    client = await connect(orders, orders.cluster);
    expect(orders.cluster.fresh).toBe(false);
    expect(await one(FINGERPRINT)).toEqual(before);
    expect(await readFile(orders.resource.adminPasswordFile, 'utf8')).toBe(password);
    expect((await stat(orders.resource.adminPasswordFile)).mode & 0o777).toBe(0o600);
  });

  test('a load that was killed left nothing, and the next start makes the same rows', async () => {
    const before = await one(FINGERPRINT);
    const other = await temporaryHome();
    const child = spawn(process.execPath, [fileURLToPath(new URL('./support-owner.ts', import.meta.url)), other.home], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await saidBy(child, 'started');
    await loadBegun(other.home);
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
    const again = await sampleServer(other.home);
    const after = await connect(again, again.cluster);
    try {
      expect(again.cluster.fresh).toBe(false);
      expect((await after.query(FINGERPRINT)).rows[0]).toEqual(before);
    } finally {
      await after.end();
      await again.cluster.stop();
      await other.remove();
    }
  });
});

async function saidBy(child: ChildProcess, word: string): Promise<void> {
  if (child.stdout === null) throw new Error('no stdout');
  for await (const line of createInterface({ input: child.stdout })) if (line === word) return;
  throw new Error(`the child ended and never said ${word}`);
}

/** Waits until the statement that makes tables and rows is at work. */
async function loadBegun(home: string): Promise<void> {
  const password = (await readFile(join(home, 'orders', 'password'), 'utf8')).trim();
  const client = new Client({
    host: join(home, 'orders', 'run'),
    port: 5432,
    user: 'postgres',
    database: 'postgres',
    password,
  });
  client.on('error', () => undefined); // its server is about to be ended
  await client.connect();
  for (let working = 0; working === 0; ) {
    const { rows } = await client.query<{ working: number }>(
      "SELECT count(*)::int AS working FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SET LOCAL ROLE orders_app%'",
    );
    working = rows[0]?.working ?? 0;
  }
  void client.end();
}
