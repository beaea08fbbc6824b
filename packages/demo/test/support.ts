import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeCluster } from '@tidegate/embedded';
import { binariesOf, type OtherMajor } from '@tidegate/embedded/testing';
import { Client } from 'pg';
import { type Orders, startOrders } from '../src/index.ts';

/** A home of its own, where the server's user can enter when the tests run as root. */
export async function temporaryHome(): Promise<{ home: string; remove: () => Promise<void> }> {
  const home = await mkdtemp(join(tmpdir(), 'tidegate-test-'));
  await chmod(home, 0o711);
  return {
    home,
    async remove() {
      await removeCluster(join(home, 'orders'));
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** Nothing of it is worth a disk's time. */
const FAST = { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off' };

export async function sampleServer(home: string, major: OtherMajor | 18 = 18): Promise<Orders> {
  return await startOrders({ home, settings: FAST, ...(major === 18 ? {} : { binaries: await binariesOf(major) }) });
}

export interface Login {
  readonly user: string;
  readonly password: string;
  readonly database?: string;
}

export async function connect({ cluster }: Orders, login: Login): Promise<Client> {
  const client = new Client({ host: cluster.socketDir, port: cluster.port, database: 'orders', ...login });
  client.on('error', () => undefined); // sessions are ended here on purpose
  await client.connect();
  return client;
}

/** The SQLSTATE a promise was rejected with; null when it was not. */
export async function stateOf(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    () => null,
    (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error),
  );
}

/** One number for all rows of all tables: a changed row changes it. */
export const FINGERPRINT = `
  SELECT sum(hashtextextended(row::text, 0)::numeric) AS fingerprint FROM (
    SELECT t::text FROM categories AS t UNION ALL SELECT t::text FROM products AS t UNION ALL SELECT t::text FROM customers AS t
    UNION ALL SELECT t::text FROM addresses AS t UNION ALL SELECT t::text FROM orders AS t
    UNION ALL SELECT t::text FROM order_lines AS t UNION ALL SELECT t::text FROM payments AS t
    UNION ALL SELECT t::text FROM shipments AS t UNION ALL SELECT t::text FROM refunds AS t) AS row`;
