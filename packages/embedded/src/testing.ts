export { binariesOf, type OtherMajor } from './other-versions.ts';

import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCluster } from './cluster.ts';
import { removeCluster } from './remove.ts';
import type { Cluster, ClusterOptions, StopMode } from './types.ts';

/** A cluster for one test file: made in a temp folder, gone with all its files on `stop`. */
export type TemporaryCluster = Cluster & { readonly dataDir: string };

/**
 * Nothing of it is worth a disk's time: no fsync, no full pages. Everything else is as in earnest.
 * Use with `await using`, or stop it in `afterAll`.
 */
export async function temporaryCluster(
  options: Omit<ClusterOptions, 'name' | 'dataDir'> & { name?: string } = {},
): Promise<TemporaryCluster> {
  const dataDir = await mkdtemp(join(tmpdir(), 'tidegate-test-'));
  // Started as root, the server's user must be able to enter: else the data would go to a system folder.
  if (process.getuid?.() === 0) await chmod(dataDir, 0o711);
  try {
    const settings = { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off', ...options.settings };
    const cluster = await startCluster({ name: 'test', ...options, dataDir, settings });
    const stop = cluster.stop.bind(cluster);
    return Object.assign(cluster, {
      dataDir,
      async stop(mode: StopMode = 'immediate') {
        await stop(mode);
        await removeCluster(dataDir);
      },
    });
  } catch (error) {
    await removeCluster(dataDir);
    throw error;
  }
}
