/**
 * `tidegate start`: everything in one place. A small supervisor that owns the embedded store (and the demo's database),
 * runs the control plane and the gateway as children, starts again what dies, and ends all of it with itself.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { type Home, homeFolder, prepareHome } from './home.ts';
import { KeptCluster } from './kept-cluster.ts';
import { forgetLibpq } from './libpq.ts';
import { controlPlane, controlReady, Ends, gateway, gatewayReady, listenerLine, openStore } from './parts.ts';

const choice = z.object({ demo: z.boolean() });

export interface StartOptions {
  /** Only read on an empty home; a used one goes on as it was begun. */
  readonly demo: boolean;
  readonly env: NodeJS.ProcessEnv;
  /** A line for the person at the terminal. */
  readonly say: (line: string) => void;
  /** What is being done just now. */
  readonly progress: (text: string) => void;
  /** Gives up a start that is under way: what was begun is ended again. */
  readonly signal: AbortSignal;
}

export interface Running {
  /** Where the web app and the API are. */
  readonly url: string;
  /** Ends everything, in order; idempotent. */
  stop(): Promise<void>;
}

/**
 * Starts all parts and resolves when all can be used. What was begun is ended again when a part fails to start, or when
 * the signal aborts: then it rejects with the signal's reason.
 */
export async function start(options: StartOptions): Promise<Running> {
  forgetLibpq();
  const { lockFolder } = await import('@tidegate/embedded');
  const home = prepareHome(homeFolder(options.env));
  const lock = lockFolder(home.lock, home.home);
  const ends = new Ends();
  ends.add(() => lock.release());
  try {
    const url = await startParts(options, home, ends);
    return { url, stop: () => ends.run() };
  } catch (error) {
    await ends.run();
    throw error;
  }
}

async function startParts({ env, demo, say, progress, signal }: StartOptions, home: Home, ends: Ends): Promise<string> {
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  aborted.catch(() => undefined); // also when nobody is waiting just then
  const restarted = (name: string, how: string): void => say(`The ${name} ended (${how}) and is being started again.`);
  const keep = async (name: string, open: () => ReturnType<typeof openStore>): Promise<KeptCluster> => {
    const kept = await KeptCluster.start(open, name, restarted);
    ends.add(() => kept.stop());
    return kept;
  };

  const demoPart = remembered(home, demo) ? await import('@tidegate/demo') : null;
  const { password, generated } = demoPart?.demoPassword(env) ?? { password: '', generated: false };
  let orders: Awaited<ReturnType<NonNullable<typeof demoPart>['startOrders']>> | null = null;
  const openOrders = async () => {
    if (demoPart === null) throw new Error('this home has no demo');
    orders = await demoPart.startOrders({ home: home.home });
    return orders.cluster;
  };
  progress(existsSync(home.store) ? 'Starting the store …' : `Setting up ${home.home} …`);
  // Both are awaited whatever happens, so that what did start is among the ends when the other fails.
  const [store, demoDatabase] = await Promise.allSettled([
    env.TIDEGATE_DATABASE_URL ?? keep('store', () => openStore(home)).then(({ cluster }) => cluster.url('tidegate')),
    demoPart === null ? null : keep('orders database', openOrders),
  ]);
  if (store.status === 'rejected') throw store.reason;
  if (demoDatabase.status === 'rejected') throw demoDatabase.reason;
  signal.throwIfAborted();

  // The one gateway here is told the link's port at each start, so any free one will do (TIDEGATE_LINK_PORT fixes it).
  let linkPort = 0;
  const control = controlPlane(home, env, store.value, () => linkPort, restarted);
  ends.add(() => control.stop());
  progress('Starting the control plane …');
  const controlPlaneReady = controlReady.parse(await Promise.race([control.start(), aborted]));
  const { url, setupToken } = controlPlaneReady;
  linkPort = controlPlaneReady.linkPort;

  const gate = gateway(home, async () => ({ ...env, TIDEGATE_JOIN_TOKEN: await control.ask('join-token') }), restarted);
  ends.add(() => gate.stop());
  const seed = async (): Promise<void> => {
    if (setupToken === null) return;
    if (demoPart === null || orders === null) {
      say(`Make the first administrator, once, at ${url}/setup.html#token=${setupToken}`);
      return;
    }
    await demoPart.seedDemo({ baseUrl: url, setupToken, orders, password });
    say('Demo: alice (engineers), bob (leads), carol (dba, administrators, auditors); resource orders.');
    if (generated) say(`Their password, shown this once: ${password}`);
  };
  progress('Starting the gateway …');
  const [ready] = await Promise.race([Promise.all([gate.start(), seed()]), aborted]);
  for (const line of listenerLine(gatewayReady.parse(ready))) say(line);
  return url;
}

/** A home remembers how it was begun, so that a later plain start brings back the same parts. */
function remembered(home: Home, demo: boolean): boolean {
  if (existsSync(home.choice)) return choice.parse(JSON.parse(readFileSync(home.choice, 'utf8'))).demo;
  writeFileSync(home.choice, `${JSON.stringify({ demo })}\n`, { mode: 0o600 });
  return demo;
}
