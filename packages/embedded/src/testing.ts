export { freePort, freePorts } from './ports.ts';
export { binariesOf, type OtherMajor } from './postgres/other-versions.ts';
export { leftAlone } from './testing/left-alone.ts';
export { copyServer, made } from './testing/made.ts';

import { createHash } from 'node:crypto';
import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startMariadb } from './mariadb/mariadb.ts';
import { startCluster } from './postgres/cluster.ts';
import { removeCluster, removeMariadb } from './remove.ts';
import { leftAlone } from './testing/left-alone.ts';
import { copyServer, made } from './testing/made.ts';
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

/** What nothing of a test's is worth a disk's time for: no fsync, no full pages. */
export const QUICK = {
  postgres: { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off' },
  mariadb: { innodb_flush_log_at_trx_commit: '0', innodb_doublewrite: 'OFF', sync_frm: 'OFF' },
} as const;

/** What a cluster holds when a test gets it. */
export interface Prepared {
  /** Names it in a run: two that differ have different names. */
  readonly kind: string;
  /** Done once a run, on a new cluster, whose data all tests then get a copy of: nothing in it may be for one test alone. */
  readonly prepare: (cluster: Cluster) => Promise<void>;
}

type ClusterTestOptions = TestOptions<ClusterOptions> & { readonly prepared?: Prepared };

/**
 * Without fsync; everything else is as in earnest.
 * Use with `await using`, or stop it in `afterAll`.
 */
export async function temporaryCluster({ prepared, ...options }: ClusterTestOptions = {}): Promise<TemporaryCluster> {
  const { binaries } = options;
  const settings = { ...QUICK.postgres, ...options.settings };
  const kind = ['postgres', ...(binaries ? [digest(binaries.dir)] : []), ...(prepared ? [prepared.kind] : [])].join(
    '-',
  );
  return temporary(async (dataDir) => {
    const copied = await copyMade(kind, dataDir, async (folder) => {
      await using cluster = await startCluster({
        name: 'test',
        dataDir: folder,
        settings: QUICK.postgres,
        ...(binaries ? { binaries } : {}),
      });
      await prepared?.prepare(cluster);
      await leftAlone(cluster);
    });
    const cluster = await startCluster({ name: 'test', ...options, dataDir, settings });
    if (!copied) await prepared?.prepare(cluster);
    return cluster;
  }, removeCluster);
}

/** As `temporaryCluster`: no flush at commit. Tests need the server: `describe.skipIf` would hide that it is missing. */
export async function temporaryMariadb(options: TestOptions<MariadbOptions> = {}): Promise<TemporaryMariadb> {
  const settings = { ...QUICK.mariadb, innodb_fast_shutdown: '2', ...options.settings };
  return temporary(async (dataDir) => {
    await copyMade('mariadb', dataDir, async (folder) => {
      const server = await startMariadb({ name: 'test', dataDir: folder, settings: QUICK.mariadb });
      await server.stop();
    });
    return startMariadb({ name: 'test', ...options, dataDir, settings });
  }, removeMariadb);
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 12);

/** Whether there was something to copy, or is now. */
async function copyMade(kind: string, dataDir: string, make: (folder: string) => Promise<void>): Promise<boolean> {
  const folder = await made(kind, make);
  return folder !== null && (await copyServer(folder, dataDir));
}

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
