import { realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from './errors.ts';
import { endLeftovers } from './leftovers.ts';
import { lockFolder } from './lock.ts';
import { MARIADB } from './mariadb/product.ts';
import { outlyingRoot } from './place.ts';
import { POSTGRESQL } from './postgres/product.ts';
import type { Product } from './product.ts';

/**
 * Deletes a cluster: its folder, and its data where that lies elsewhere. A server that lost its owner is ended first.
 * @throws EmbeddedError `in_use` when it runs
 */
export const removeCluster = (dataDir: string): Promise<void> => remove(POSTGRESQL, dataDir);

/** As `removeCluster`, for a private MariaDB. */
export const removeMariadb = (dataDir: string): Promise<void> => remove(MARIADB, dataDir);

async function remove(product: Product, dataDir: string): Promise<void> {
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
    await endLeftovers(product, join(root ?? home, 'data'));
    if (root !== null) await rm(root, { recursive: true, force: true });
    await rm(home, { recursive: true, force: true });
  } finally {
    lock.release();
  }
}
