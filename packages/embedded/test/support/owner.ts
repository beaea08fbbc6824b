/** A process that owns a server: starts it, says so on stdout (one JSON line), and waits to be killed. */
import { startCluster, startMariadb } from '../../src/index.ts';

const given: unknown = JSON.parse(process.argv[2] ?? '');
if (typeof given !== 'object' || given === null || !('dataDir' in given)) throw new Error('no options');
const options = { name: 'owned', databases: ['work'], ...given, dataDir: String(given.dataDir) };
const server = 'mariadb' in given ? await startMariadb(options) : await startCluster(options);
process.once('SIGTERM', () => void server.stop());
const { socketDir, port, pid, password, dataFolder } = server;
console.log(JSON.stringify({ socketDir, port, pid, password, dataFolder }));
