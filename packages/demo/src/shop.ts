import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { installedMariadb, type Mariadb, type MariadbOptions, startMariadb } from '@tidegate/embedded';
import { type Connection, createConnection } from 'mysql2/promise';
import { adminPassword, readIfThere, writeWhole } from './admin-password.ts';
import { ADMIN } from './load.ts';

/** What a configuration needs to put the second sample server under Tidegate's control. */
export interface ShopResource {
  readonly name: 'shop';
  readonly engine: 'mysql';
  /** `/path/of/the.sock:port`; the port says nothing there. */
  readonly address: string;
  readonly databases: readonly ['shop'];
  readonly adminUser: string;
  /** Absolute; mode 0600. */
  readonly adminPasswordFile: string;
  /** The durable account: definer of the shop's views and routines. */
  readonly ownerRole: 'shop_app';
}

export interface Shop {
  readonly server: Mariadb;
  readonly resource: ShopResource;
}

export interface ShopOptions extends Pick<MariadbOptions, 'settings' | 'log'> {
  /** `TIDEGATE_HOME`; the server's folder is `shop` in it. */
  readonly home: string;
}

/** Is there a server on this machine to run it with? */
export const canStartShop = async (): Promise<boolean> => (await installedMariadb()) !== null;

/**
 * Starts the second sample server, a MariaDB, and fills it when that has not been done. One killed half-way is emptied and
 * filled anew. Idempotent.
 * @throws EmbeddedError as `startMariadb` does
 */
export async function startShop({ home, settings, log }: ShopOptions): Promise<Shop> {
  const dataDir = join(home, 'shop');
  const server = await startMariadb({
    name: 'shop',
    dataDir,
    ...(settings === undefined ? {} : { settings }),
    ...(log === undefined ? {} : { log }),
  });
  try {
    const adminPasswordFile = join(dataDir, 'admin-password');
    await prepare(server, dataDir, adminPasswordFile, log);
    return {
      server,
      resource: {
        name: 'shop',
        engine: 'mysql',
        address: `${server.socketPath}:3306`,
        databases: ['shop'],
        adminUser: ADMIN,
        adminPasswordFile,
        ownerRole: 'shop_app',
      },
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

async function prepare(server: Mariadb, dataDir: string, passwordFile: string, log: ShopOptions['log']): Promise<void> {
  // Its users may change everything in the database, so the sign that it is filled lies outside.
  const sign = join(dataDir, 'loaded');
  const client = await createConnection({ ...server.connection(), multipleStatements: true });
  try {
    if (server.fresh || (await readIfThere(sign)) === null) {
      const began = performance.now();
      await load(client);
      await writeWhole(sign, 'The sample shop of Tidegate is in the database.\n');
      log?.info({ ms: Math.round(performance.now() - began) }, 'sample data loaded');
    }
    // At each start: the file may have been lost, or the process killed between the file and the account.
    await client.query('ALTER USER ?@? IDENTIFIED BY ?', [ADMIN, 'localhost', await adminPassword(passwordFile)]);
  } finally {
    await client.end();
  }
}

const sql = (name: string) => readFile(new URL(`../sql/shop/${name}.sql`, import.meta.url), 'utf8');

/** Makes accounts, tables and about 100,000 rows, from nothing, in 2 to 3 s. */
async function load(client: Connection): Promise<void> {
  const [accounts = '', schema = '', rows = '', code = ''] = await Promise.all(
    ['1-accounts', '2-schema', '3-rows', '4-code'].map(sql),
  );
  await client.query('DROP DATABASE IF EXISTS shop; CREATE DATABASE shop; USE shop');
  await client.query(accounts);
  await client.query(schema);
  // Nobody reads yet: one commit for all rows, and no look at each key.
  await client.query('SET unique_checks = 0, foreign_key_checks = 0, autocommit = 0');
  await client.query(rows);
  await client.query('COMMIT; SET unique_checks = 1, foreign_key_checks = 1, autocommit = 1');
  await client.query(code);
}
