/** The two servers as supervised children, and what they say when they are ready. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { SupervisedChild } from './child.ts';
import type { Home } from './home.ts';
import { withoutLibpq } from './libpq.ts';

export const controlReady = z.object({ url: z.string(), linkPort: z.int(), setupToken: z.string().nullable() });
export const gatewayReady = z.object({
  ports: z.array(z.object({ engine: z.string(), host: z.string(), port: z.int() })),
});

type OnRestart = (name: string, how: string) => void;

/** @param linkPort asked at each start of the process: one that is started again keeps the port its gateways know */
export function controlPlane(
  home: Home,
  env: NodeJS.ProcessEnv,
  storeUrl: () => Promise<string>,
  linkPort: () => number | undefined,
  onRestart: OnRestart,
): SupervisedChild {
  return new SupervisedChild({
    name: 'control plane',
    entry: fileURLToPath(import.meta.resolve('@tidegate/control/main')),
    env: async () => {
      const port = env.TIDEGATE_LINK_PORT ?? linkPort()?.toString();
      return {
        // With a store of your own they may be meant: certificates that are not in the URL.
        ...(env.TIDEGATE_DATABASE_URL === undefined ? withoutLibpq(env) : env),
        TIDEGATE_HOME: home.home,
        TIDEGATE_DATABASE_URL: await storeUrl(),
        ...(port === undefined ? {} : { TIDEGATE_LINK_PORT: port }),
      };
    },
    logFile: join(home.logs, 'control.log'),
    onRestart,
  });
}

export function gateway(home: Home, env: () => Promise<NodeJS.ProcessEnv>, onRestart: OnRestart): SupervisedChild {
  return new SupervisedChild({
    name: 'gateway',
    entry: fileURLToPath(import.meta.resolve('@tidegate/gateway/main')),
    env: async () => ({ ...withoutLibpq(await env()), TIDEGATE_HOME: home.home }),
    logFile: join(home.logs, 'gateway.log'),
    onRestart,
  });
}

/** The embedded store of a home. */
export async function openStore(home: Home) {
  const { startCluster } = await import('@tidegate/embedded');
  return startCluster({ name: 'store', dataDir: home.store, databases: ['tidegate'] });
}

/** What has been begun and must be ended, last first; each end runs once. */
export class Ends {
  readonly #ends: (() => Promise<void> | void)[] = [];
  #running: Promise<void> | null = null;

  add(end: () => Promise<void> | void): void {
    this.#ends.push(end);
  }

  run(): Promise<void> {
    this.#running ??= (async () => {
      for (const end of this.#ends.reverse()) await end();
    })();
    return this.#running;
  }
}

export const listenerLine = (ready: z.infer<typeof gatewayReady>): string[] =>
  ready.ports.map(({ engine, host, port }) => `${engine.padEnd(9)} ${host}:${port}`);
