import { realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from './errors.ts';
import { endLeftovers } from './leftovers.ts';
import { lockFolder } from './lock.ts';
import { outlyingRoot } from './place.ts';

/**
 * Deletes a cluster: its folder, and its data where that lies elsewhere. A server that lost its owner is ended first.
 * @throws EmbeddedError `in_use` when it runs
 */
export async function removeCluster(dataDir: string): Promise<void> {
  let home: string;
  try {
    home = await realpath(dataDir);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return;
    throw error;
  }
  const lock = lockFolder(join(home, 'lock'), `The database in ${home}`);
  try {
    const root = await outlyingRoot(home);
    await endLeftovers(join(root ?? home, 'data'));
    if (root !== null) await rm(root, { recursive: true, force: true });
    await rm(home, { recursive: true, force: true });
  } finally {
    lock.release();
  }
}
