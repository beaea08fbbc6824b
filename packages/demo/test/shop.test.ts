/** The second sample database, as `npm start` makes it. */
import { chmod, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeMariadb } from '@tidegate/embedded';
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { canStartShop, type Shop, startShop } from '../src/index.ts';

/** Nothing of it is worth a disk's time. */
const FAST = { innodb_flush_log_at_trx_commit: '0', innodb_doublewrite: 'OFF', sync_frm: 'OFF' };

let home: string;
let shop: Shop;
let client: Connection;
async function open(): Promise<void> {
  shop = await startShop({ home, settings: FAST });
  client = await createConnection(shop.server.connection('shop'));
}
const ask = async (text: string) => {
  const [rows] = await client.query<RowDataPacket[]>(text);
  return rows.map((row) => ({ ...row }));
};
const count = async (text: string) => Number((await ask(`SELECT COUNT(*) AS n FROM ${text}`))[0]?.n);

beforeAll(async () => {
  expect(await canStartShop()).toBe(true);
  home = await mkdtemp(join(tmpdir(), 'tidegate-test-'));
  await chmod(home, 0o711);
  await open();
});
afterAll(async () => {
  await client?.end();
  await shop?.server.stop();
  await removeMariadb(join(home, 'shop'));
  await rm(home, { recursive: true, force: true });
});

test('has some ten thousand rows, the same in every home', async () => {
  expect(await count('products')).toBe(120);
  expect(await count('customers')).toBe(6_000);
  expect(await count('baskets')).toBe(18_000);
  for (const table of ['basket_items', 'payments', 'reviews', 'vouchers'])
    expect(await count(table)).toBeGreaterThan(300);
  const [sums] =
    await ask(`SELECT (SELECT SUM(CRC32(CONCAT_WS('|', id, email, name, joined_at))) FROM customers) AS customers,
    (SELECT SUM(CRC32(CONCAT_WS('|', basket_id, product_id, quantity, unit_price))) FROM basket_items) AS items`);
  expect(sums).toEqual({ customers: CUSTOMERS, items: ITEMS });
});
/** A changed row changes them. */
const CUSTOMERS = '12901040388236';
const ITEMS = '74992408386537';

test('is consistent: nobody buys before joining, what was ordered was paid for, and as much as it cost', async () => {
  expect(await count('baskets b JOIN customers c ON c.id = b.customer_id WHERE b.started_at < c.joined_at')).toBe(0);
  expect(await count("baskets WHERE (status = 'ordered') <> (ordered_at IS NOT NULL)")).toBe(0);
  expect(await count('baskets b WHERE NOT EXISTS (SELECT 1 FROM basket_items i WHERE i.basket_id = b.id)')).toBe(0);
  expect(await count('payments WHERE amount <> basket_total(basket_id)')).toBe(0);
  const paid = `SELECT 1 FROM payments p WHERE p.basket_id = b.id AND p.status <> 'failed'`;
  expect(await count(`baskets b WHERE b.status = 'ordered' AND NOT EXISTS (${paid})`)).toBe(0);
  expect(await count('revenue_by_month')).toBeGreaterThan(40);
  expect(await count('best_sellers')).toBeGreaterThan(100);
});

test('its code runs as the shop’s own account, which nobody can log in as', async () => {
  const definers = await ask(`SELECT DISTINCT DEFINER AS d FROM information_schema.VIEWS WHERE TABLE_SCHEMA = 'shop'
    UNION SELECT DEFINER FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = 'shop'
    UNION SELECT DEFINER FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = 'shop'`);
  expect(definers).toEqual([{ d: 'shop_app@%' }]);
  const { socketPath } = shop.server;
  await expect(createConnection({ socketPath, user: 'shop_app', password: '' })).rejects.toThrow();
  const [basket] = await ask("SELECT basket_id AS id FROM payments WHERE status = 'captured' LIMIT 1");
  await client.query('CALL refund(?)', [basket?.id]);
  await expect(client.query('CALL refund(?)', [basket?.id])).rejects.toThrow('nothing was paid');
});

test('its administrator is no superuser, and has its password from a file of mode 0600', async () => {
  const { adminUser, adminPasswordFile } = shop.resource;
  expect((await stat(adminPasswordFile)).mode & 0o777).toBe(0o600);
  const password = (await readFile(adminPasswordFile, 'utf8')).trim();
  const admin = await createConnection({ socketPath: shop.server.socketPath, user: adminUser, password });
  await expect(admin.query('SET GLOBAL general_log = 1')).rejects.toThrow('Access denied');
  await expect(admin.query("INSERT INTO mysql.global_priv VALUES ('%', 'x', '{}')")).rejects.toThrow('denied');
  await admin.end();
});

test('comes back with what its users made of it; one whose loading was cut short is loaded anew', async () => {
  await client.query("UPDATE products SET name = 'Changed' WHERE id = 1");
  await client.end();
  await shop.server.stop();
  await open();
  expect(await ask('SELECT name FROM products WHERE id = 1')).toEqual([{ name: 'Changed' }]);
  await client.end();
  await shop.server.stop();
  await rm(join(home, 'shop', 'loaded'));
  await open();
  expect(await count("products WHERE name = 'Changed'")).toBe(0);
  expect(await count('customers')).toBe(6_000);
});
