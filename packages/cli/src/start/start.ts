/**
 * `tidegate start`: everything in one place. A small supervisor that owns the embedded store (and the demo's database),
 * runs the control plane and the gateway as children, starts again what dies, and ends all of it with itself.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { SupervisedChild } from './child.ts';
import { type Home, homeFolder, prepareHome } from './home.ts';
import { KeptCluster } from './kept-cluster.ts';

const controlReady = z.object({ url: z.string(), linkPort: z.int(), setupToken: z.string().nullable() });
const gatewayReady = z.object({ ports: z.array(z.object({ engine: z.string(), host: z.string(), port: z.int() })) });
const choice = z.object({ demo: z.boolean() });

export interface StartOptions {
  /** Only read on an empty home; a used one goes on as it was begun. */
  readonly demo: boolean;
  readonly env: NodeJS.ProcessEnv;
  /** A line for the person at the terminal. */
  readonly say: (line: string) => void;
}

export interface Running {
  /** Where the web app and the API are. */
  readonly url: string;
  /** Ends everything, in order; idempotent. */
  stop(): Promise<void>;
}

/** Starts all parts and resolves when all can be used. What was begun is ended again when a part fails to start. */
export async function start(options: StartOptions): Promise<Running> {
  const { lockFolder } = await import('@tidegate/embedded');
  const home = prepareHome(homeFolder(options.env));
  const lock = lockFolder(home.lock, `${home.home}`);
  const ends: (() => Promise<void> | void)[] = [() => lock.release()];
  let stopping: Promise<void> | null = null;
  const stop = (): Promise<void> => {
    stopping ??= (async () => {
      for (const end of ends.reverse()) await end();
    })();
    return stopping;
  };
  try {
    const url = await startParts(options, home, ends);
    return { url, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startParts(
  { env, demo, say }: StartOptions,
  home: Home,
  ends: (() => Promise<void> | void)[],
): Promise<string> {
  const withDemo = remembered(home, demo);
  const restarted = (name: string, how: string): void => say(`The ${name} ended (${how}) and is being started again.`);
  const keep = async (cluster: Promise<KeptCluster>): Promise<KeptCluster> => {
    const kept = await cluster;
    ends.push(() => kept.stop());
    return kept;
  };

  const demoPart = withDemo ? await import('@tidegate/demo') : null;
  const [storeUrl, orders] = await Promise.all([
    env.TIDEGATE_DATABASE_URL !== undefined
      ? env.TIDEGATE_DATABASE_URL
      : keep(KeptCluster.start(() => openStore(home), 'store', restarted)).then((kept) => kept.cluster.url('tidegate')),
    demoPart === null ? null : demoPart.startOrders({ home: home.home }),
  ]);
  if (orders !== null && demoPart !== null) {
    await keep(
      KeptCluster.adopt(
        orders.cluster,
        async () => (await demoPart.startOrders({ home: home.home })).cluster,
        'orders database',
        restarted,
      ),
    );
  }

  const control = new SupervisedChild({
    name: 'control plane',
    entry: fileURLToPath(import.meta.resolve('@tidegate/control/main')),
    env: () => ({ ...env, TIDEGATE_HOME: home.home, TIDEGATE_DATABASE_URL: storeUrl }),
    logFile: join(home.logs, 'control.log'),
    onRestart: restarted,
  });
  ends.push(() => control.stop());
  const { url, setupToken } = controlReady.parse(await control.start());

  if (setupToken !== null) await firstTime();

  const gateway = new SupervisedChild({
    name: 'gateway',
    entry: fileURLToPath(import.meta.resolve('@tidegate/gateway/main')),
    env: async () => ({ ...env, TIDEGATE_HOME: home.home, TIDEGATE_JOIN_TOKEN: await control.ask('join-token') }),
    logFile: join(home.logs, 'gateway.log'),
    onRestart: restarted,
  });
  ends.push(() => gateway.stop());
  for (const { engine, host, port } of gatewayReady.parse(await gateway.start()).ports) {
    say(`${engine.padEnd(9)} ${host}:${port}`);
  }
  return url;

  async function firstTime(): Promise<void> {
    if (demoPart === null || orders === null) {
      say(`Make the first administrator, once, at ${url}/setup.html#token=${setupToken}`);
      return;
    }
    const given = env.TIDEGATE_DEMO_PASSWORD;
    const password = given ?? randomBytes(9).toString('base64url');
    await demoPart.seedDemo({ baseUrl: url, setupToken: setupToken ?? '', orders, password });
    say(`Demo: alice (engineers), bob (leads), carol (dba, administrators, auditors); resource orders.`);
    if (given === undefined) say(`Their password, shown this once: ${password}`);
  }
}

async function openStore(home: Home) {
  const { startCluster } = await import('@tidegate/embedded');
  return startCluster({ name: 'store', dataDir: home.store, databases: ['tidegate'] });
}

/** A home remembers how it was begun, so that a later plain start brings back the same parts. */
function remembered(home: Home, demo: boolean): boolean {
  if (existsSync(home.choice)) return choice.parse(JSON.parse(readFileSync(home.choice, 'utf8'))).demo;
  writeFileSync(home.choice, `${JSON.stringify({ demo })}\n`, { mode: 0o600 });
  return demo;
}
