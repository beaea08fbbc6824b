/**
 * Homes that are begun already: the store with its tables, and the demo's databases with their data, made once a run by
 * what `start` makes them with, and copied. Nobody is in such a store, nothing in it is sealed or signed, and no file
 * says where it lies: keys, people, configuration and one-time links are made by the start that each test does itself.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { copyServer, leftAlone, made, QUICK } from '@tidegate/embedded/testing';
import type { Account } from './tidegate.ts';

/** Begins `home`, or leaves it empty where the run keeps nothing made (`npm run pictures`, benchmarks). */
export async function beginHome(home: string, demo: boolean, account?: Account): Promise<void> {
  const from = await made('home', makeHome);
  if (from === null) return;
  mkdirSync(home, { recursive: true, mode: 0o711 });
  const servers = demo ? ['store', 'orders', 'shop'] : ['store'];
  await Promise.all(servers.map((server) => copyServer(join(from, server), join(home, server))));
  if (account !== undefined) execFileSync('chown', ['-R', `${account.uid}:${account.gid}`, home]);
}

async function makeHome(home: string): Promise<void> {
  await Promise.all([makeStore(home), makeOrders(home), makeShop(home)]);
}

async function makeStore(home: string): Promise<void> {
  const [{ startCluster }, { openStore }, { runMigrations }] = await Promise.all([
    import('@tidegate/embedded'),
    import('../../packages/control/src/store/store.ts'),
    import('graphile-worker'),
  ]);
  await using cluster = await startCluster({
    name: 'store',
    dataDir: join(home, 'store'),
    databases: ['tidegate'],
    settings: QUICK.postgres,
  });
  const url = cluster.url('tidegate');
  const store = await openStore({ url });
  await store.close();
  await runMigrations({ connectionString: url });
  await leftAlone(cluster);
}

async function makeOrders(home: string): Promise<void> {
  const { startOrders } = await import('@tidegate/demo');
  const { cluster } = await startOrders({ home, settings: QUICK.postgres });
  await cluster.stop();
}

async function makeShop(home: string): Promise<void> {
  const { canStartShop, startShop } = await import('@tidegate/demo');
  if (!(await canStartShop())) return;
  const { server } = await startShop({ home, settings: QUICK.mariadb });
  await server.stop();
}
