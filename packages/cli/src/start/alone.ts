/** One part alone, for running many: `tidegate control` behind a load balancer, `tidegate gateway` near the databases. */
import { homeFolder, prepareHome } from './home.ts';
import { KeptCluster } from './kept-cluster.ts';
import { forgetLibpq } from './libpq.ts';
import { controlPlane, controlReady, Ends, gateway, gatewayReady, listenerLine, openStore } from './parts.ts';

type Say = (line: string) => void;

/** A control plane until `until`; on `TIDEGATE_DATABASE_URL`, or on an embedded store of its own home. */
export async function runControl(env: NodeJS.ProcessEnv, until: Promise<void>, say: Say): Promise<void> {
  forgetLibpq();
  const home = prepareHome(homeFolder(env));
  const ends = new Ends();
  const restarted = (name: string, how: string): void => say(`The ${name} ended (${how}) and is being started again.`);
  try {
    let storeUrl = env.TIDEGATE_DATABASE_URL;
    if (storeUrl === undefined) {
      const kept = await KeptCluster.start(() => openStore(home), 'store', restarted);
      ends.add(() => kept.stop());
      storeUrl = kept.cluster.url('tidegate');
    }
    const url = storeUrl;
    const control = controlPlane(
      home,
      env,
      async () => url,
      () => undefined,
      restarted,
    );
    ends.add(() => control.stop());
    const ready = await Promise.race([control.start(), until]);
    if (ready === undefined) return;
    const { url: web, setupToken } = controlReady.parse(ready);
    if (setupToken !== null) say(`Make the first administrator, once, at ${web}/setup.html#token=${setupToken}`);
    say(`ready ${web}`);
    await until;
  } finally {
    await ends.run();
  }
}

/** A gateway until `until`. */
export async function runGateway(env: NodeJS.ProcessEnv, until: Promise<void>, say: Say): Promise<void> {
  const home = prepareHome(homeFolder(env));
  const restarted = (name: string, how: string): void => say(`The ${name} ended (${how}) and is being started again.`);
  const gate = gateway(home, async () => env, restarted);
  try {
    const ready = await Promise.race([gate.start(), until]);
    if (ready === undefined) return;
    for (const line of listenerLine(gatewayReady.parse(ready))) say(line);
    say('ready gateway');
    await until;
  } finally {
    await gate.stop();
  }
}
