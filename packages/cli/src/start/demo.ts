/** The demo's part of a start: its sample databases, and what is set up with them on an empty home. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Orders, Shop } from '@tidegate/demo';
import type { RunningServer } from '@tidegate/embedded';
import type { Home } from './home.ts';

export interface DemoOptions {
  readonly home: Home;
  readonly env: NodeJS.ProcessEnv;
  /** Starts a server, keeps it running, and ends it with all the rest. */
  readonly keep: <T extends RunningServer>(name: string, open: () => Promise<T>) => Promise<unknown>;
  readonly say: (line: string) => void;
}

export interface Demo {
  /** `orders` can be used; rejects when it does not start. */
  readonly orders: Promise<unknown>;
  /** `shop` can be used, or will not be: never rejects, for all the rest goes without it. */
  readonly shop: Promise<unknown>;
  /** People and configuration, on a control plane that has none yet. */
  seed(baseUrl: string, setupToken: string): Promise<void>;
}

/** Begins to start both databases, at the same time. */
export async function startDemo({ home: { home }, env, keep, say }: DemoOptions): Promise<Demo> {
  const { canStartShop, demoPassword, seedDemo, startOrders, startShop } = await import('@tidegate/demo');
  const { password, generated } = demoPassword(env);
  let orders: Orders | null = null;
  let shop: Shop | null = null;

  const openOrders = async () => {
    orders = await startOrders({ home });
    return orders.cluster;
  };
  const openShop = async () => {
    shop = await startShop({ home });
    return shop.server;
  };
  const shopWhereItCan = async (): Promise<void> => {
    if (await canStartShop()) await keep('shop database', openShop);
    else if (existsSync(join(home, 'shop')))
      say('The demo’s shop stays closed: no MariaDB server is installed any more.');
  };
  const starting = {
    orders: keep('orders database', openOrders),
    shop: shopWhereItCan().catch((error: unknown) => {
      say(`The demo’s shop stays closed: ${error instanceof Error ? error.message : String(error)}`);
    }),
  };
  return {
    ...starting,
    async seed(baseUrl, setupToken) {
      await Promise.all([starting.orders, starting.shop]);
      if (orders === null) throw new Error('orders did not start');
      await seedDemo({ baseUrl, setupToken, orders, shop, password });
      const resources = shop === null ? 'resource orders' : 'resources orders and shop';
      say(`Demo: alice (engineers), bob (leads), carol (dba, administrators, auditors); ${resources}.`);
      if (generated) say(`Their password, shown this once: ${password}`);
    },
  };
}
