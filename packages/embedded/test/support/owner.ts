/** A process that owns a cluster: starts it, says so on stdout (one JSON line), and waits to be killed. */
import { startCluster } from '../../src/index.ts';

const options: unknown = JSON.parse(process.argv[2] ?? '');
if (typeof options !== 'object' || options === null || !('dataDir' in options)) throw new Error('no options');
const cluster = await startCluster({
  name: 'owned',
  databases: ['work'],
  ...options,
  dataDir: String(options.dataDir),
});
process.once('SIGTERM', () => void cluster.stop());
const { socketDir, port, pid, password, dataFolder } = cluster;
console.log(JSON.stringify({ socketDir, port, pid, password, dataFolder }));
