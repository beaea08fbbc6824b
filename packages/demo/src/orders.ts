import { join } from 'node:path';
import { type Cluster, type ClusterLog, type ClusterOptions, startCluster } from '@tidegate/embedded';
import { Client } from 'pg';
import { adminPassword } from './admin-password.ts';
import { ADMIN, isLoaded, load, setAdminPassword } from './load.ts';

/** What a configuration needs to put the sample server under Tidegate's control. */
export interface OrdersResource {
  readonly name: 'orders';
  readonly engine: 'postgres';
  /** `/folder/of/socket:port` */
  readonly address: string;
  readonly databases: readonly ['orders'];
  readonly adminUser: string;
  /** Absolute; mode 0600. */
  readonly adminPasswordFile: string;
  /** The durable role that owns the tables. */
  readonly ownerRole: 'orders_app';
}

export interface Orders {
  readonly cluster: Cluster;
  readonly resource: OrdersResource;
}

export interface OrdersOptions extends Pick<ClusterOptions, 'binaries' | 'settings'> {
  /** `TIDEGATE_HOME`; the cluster goes to `orders` in it. */
  readonly home: string;
  readonly log?: ClusterLog;
}

/**
 * Starts the sample server, and fills it when that has not been done: in one transaction, so that one killed half-way
 * is empty and filled anew. Idempotent.
 * @throws EmbeddedError as `startCluster` does
 */
export async function startOrders({ home, log, settings, binaries }: OrdersOptions): Promise<Orders> {
  const dataDir = join(home, 'orders');
  const cluster = await startCluster({
    name: 'orders',
    dataDir,
    databases: ['orders'],
    settings: { max_connections: '300', ...settings },
    ...(log ? { log } : {}),
    ...(binaries ? { binaries } : {}),
  });
  try {
    const adminPasswordFile = join(dataDir, 'admin-password');
    await prepare(cluster, adminPasswordFile, log);
    return {
      cluster,
      resource: {
        name: 'orders',
        engine: 'postgres',
        address: `${cluster.socketDir}:${cluster.port}`,
        databases: ['orders'],
        adminUser: ADMIN,
        adminPasswordFile,
        ownerRole: 'orders_app',
      },
    };
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

async function prepare(cluster: Cluster, passwordFile: string, log: ClusterLog | undefined): Promise<void> {
  const client = new Client(cluster.connection('orders'));
  await client.connect();
  try {
    if (!(await isLoaded(client))) {
      const began = performance.now();
      await load(client);
      log?.info({ ms: Math.round(performance.now() - began) }, 'sample data loaded');
    }
    // At each start: the file may have been lost, or the process killed between the file and the role.
    await setAdminPassword(client, await adminPassword(passwordFile));
  } finally {
    await client.end();
  }
}
