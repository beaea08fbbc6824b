export { freePort, freePorts } from './ports.ts';
export { binariesOf, type OtherMajor } from './postgres/other-versions.ts';

import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startMariadb } from './mariadb/mariadb.ts';
import { startCluster } from './postgres/cluster.ts';
import { removeCluster, removeMariadb } from './remove.ts';
import { copyMade } from './testing/made.ts';
import type {
  Cluster,
  ClusterOptions,
  Mariadb,
  MariadbOptions,
  RunningServer,
  ServerOptions,
  StopMode,
} from './types.ts';

/** A server for one test file: made in a temp folder, gone with all its files on `stop`. */
type Temporary<T> = T & { readonly dataDir: string };
export type TemporaryCluster = Temporary<Cluster>;
export type TemporaryMariadb = Temporary<Mariadb>;
type TestOptions<O extends ServerOptions> = Omit<O, 'name' | 'dataDir'> & { name?: string };

/**
 * Nothing of it is worth a disk's time: no fsync, no full pages. Everything else is as in earnest.
 * Use with `await using`, or stop it in `afterAll`.
 */
export async function temporaryCluster(options: TestOptions<ClusterOptions> = {}): Promise<TemporaryCluster> {
  const settings = { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off', ...options.settings };
  const start = (dataDir: string) => startCluster({ name: 'test', ...options, dataDir, settings });
  return temporary(async (dataDir) => {
    if (options.binaries === undefined) await copyMade('postgres', dataDir, madeBy(startCluster));
    return start(dataDir);
  }, removeCluster);
}

/** As `temporaryCluster`: no flush at commit. Tests need the server: `describe.skipIf` would hide that it is missing. */
export async function temporaryMariadb(options: TestOptions<MariadbOptions> = {}): Promise<TemporaryMariadb> {
  const quick = { innodb_flush_log_at_trx_commit: '0', innodb_doublewrite: 'OFF', sync_frm: 'OFF' };
  const settings = { ...quick, innodb_fast_shutdown: '2', ...options.settings };
  const start = (dataDir: string) => startMariadb({ name: 'test', ...options, dataDir, settings });
  return temporary(async (dataDir) => {
    await copyMade('mariadb', dataDir, madeBy(startMariadb));
    return start(dataDir);
  }, removeMariadb);
}

/** A server that has made its data and stopped in order leaves a folder to copy. */
const madeBy =
  (start: (options: ServerOptions) => Promise<RunningServer>) =>
  async (dataDir: string): Promise<void> => {
    const server = await start({ name: 'test', dataDir });
    await server.stop('fast');
  };

async function temporary<T extends RunningServer>(
  start: (dataDir: string) => Promise<T>,
  remove: (dataDir: string) => Promise<void>,
): Promise<Temporary<T>> {
  const dataDir = await mkdtemp(join(tmpdir(), 'tidegate-test-'));
  // Started as root, the server's user must be able to enter: else the data would go to a system folder.
  if (process.getuid?.() === 0) await chmod(dataDir, 0o711);
  try {
    const server = await start(dataDir);
    const stop = server.stop.bind(server);
    return Object.assign(server, {
      dataDir,
      async stop(mode: StopMode = 'immediate') {
        await stop(mode);
        await remove(dataDir);
      },
    });
  } catch (error) {
    await remove(dataDir);
    throw error;
  }
}
