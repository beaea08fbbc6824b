/**
 * `tidegate start`: everything in one place. A small supervisor that owns the embedded store (and the demo's database),
 * runs the control plane and the gateway as children, starts again what dies, and ends all of it with itself.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { RunningServer } from '@tidegate/embedded';
import { z } from 'zod';
import { startDemo } from './demo.ts';
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
  const keep = <T extends RunningServer>(name: string, open: () => Promise<T>): Promise<KeptCluster<T>> => {
    const starting = KeptCluster.start(open, name, restarted);
    // At once, so that also one that is still starting is ended; one that failed to start needs no end.
    ends.add(() =>
      starting.then(
        (kept) => kept.stop(),
        () => undefined,
      ),
    );
    return starting;
  };

  progress(existsSync(home.store) ? 'Starting the store …' : `Setting up ${home.home} …`);
  // Both are awaited whatever happens, so that what did start is among the ends when the other fails.
  const demoPart = remembered(home, demo) ? await startDemo({ home, env, keep, say }) : null;
  const starting = Promise.allSettled([
    env.TIDEGATE_DATABASE_URL ?? keep('store', () => openStore(home)).then(({ cluster }) => cluster.url('tidegate')),
    demoPart?.orders,
  ]);

  // The one gateway here is told the link's port at each start, so any free one will do (TIDEGATE_LINK_PORT fixes it).
  let linkPort = 0;
  const storeUrl = Promise.withResolvers<string>();
  const askStoreUrl = () => storeUrl.promise;
  const control = controlPlane(home, env, askStoreUrl, () => linkPort, restarted);
  ends.add(() => control.stop());
  const gate = gateway(home, async () => ({ ...env, TIDEGATE_JOIN_TOKEN: await control.ask('join-token') }), restarted);
  ends.add(() => gate.stop());
  // Their programs are loaded while the stores start.
  control.warmUp();
  gate.warmUp();

  const [store, orders] = await starting;
  if (store.status === 'rejected') throw store.reason;
  if (orders.status === 'rejected') throw orders.reason;
  signal.throwIfAborted();

  storeUrl.resolve(store.value);
  progress('Starting the control plane …');
  const controlPlaneReady = controlReady.parse(await Promise.race([control.start(), aborted]));
  const { url, setupToken } = controlPlaneReady;
  linkPort = controlPlaneReady.linkPort;

  const seed = async (): Promise<void> => {
    if (setupToken === null) return;
    if (demoPart !== null) await demoPart.seed(url, setupToken);
    else say(`Make the first administrator, once, at ${url}/setup.html#token=${setupToken}`);
  };
  progress('Starting the gateway …');
  const [ready] = await Promise.race([Promise.all([gate.start(), seed(), demoPart?.shop]), aborted]);
  for (const line of listenerLine(gatewayReady.parse(ready))) say(line);
  return url;
}

/** A home remembers how it was begun, so that a later plain start brings back the same parts. */
function remembered(home: Home, demo: boolean): boolean {
  if (existsSync(home.choice)) return choice.parse(JSON.parse(readFileSync(home.choice, 'utf8'))).demo;
  writeFileSync(home.choice, `${JSON.stringify({ demo })}\n`, { mode: 0o600 });
  return demo;
}
