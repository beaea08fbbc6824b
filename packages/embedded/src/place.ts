import { createHash } from 'node:crypto';
import { access, chmod, constants, mkdir, open, readFile, realpath, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type Account, canEnter } from './account.ts';
import { EmbeddedError, hasCode } from './errors.ts';
import type { Product } from './product.ts';

/**
 * Where one server's files are. `home` is the folder the caller named and is always ours: password, log, lock.
 * `root` holds what the server itself opens (data, socket). The two are one folder, unless the server runs as another
 * user who cannot enter the home; then `root` lies under `OUTLYING`, and `home/place.json` says where.
 */
export interface Place {
  readonly home: string;
  readonly root: string;
}

/** Everyone can enter it; only root can write it; it lasts across restarts of the machine. */
const OUTLYING = '/var/lib/tidegate';

export const files = {
  data: (place: Place) => join(place.root, 'data'),
  run: (place: Place) => join(place.root, 'run'),
  password: (place: Place) => join(place.home, 'password'),
  log: (place: Place, { logFile }: Product) => join(place.home, logFile),
} as const;

/** Makes the home folder. Others may pass through it but not look: its files say for themselves who may read them. */
export async function prepareHome(dataDir: string): Promise<string> {
  await mkdir(dataDir, { recursive: true, mode: 0o711 });
  return await realpath(dataDir);
}

/** Where the cluster of this home is, or null when it has none yet that lies outside. */
async function knownRoot(home: string): Promise<string | null> {
  const text = await readIfThere(join(home, 'place.json'));
  if (text === null) return null;
  const value: unknown = JSON.parse(text);
  if (typeof value === 'object' && value !== null && 'root' in value && typeof value.root === 'string')
    return value.root;
  throw new EmbeddedError('data_missing', `${join(home, 'place.json')} does not say where the data is.`);
}

/** A data folder outside this home, where it has one that says so itself; for its removal. */
export async function outlyingRoot(home: string): Promise<string | null> {
  const root = await knownRoot(home);
  return root !== null && (await readIfThere(join(root, 'home')))?.trim() === home ? root : null;
}

/** The place of a cluster that was started before; the home itself otherwise. Changes nothing. */
export async function knownPlace(home: string): Promise<Place> {
  const root = (await knownRoot(home)) ?? home;
  if (root !== home) await checkOutlying(home, root);
  return { home, root };
}

/**
 * A home that says its data is elsewhere, while nothing is there, is refused: starting empty would look like a loss of
 * everything. So is one copied from a home that still exists: two stores would share one data folder.
 */
async function checkOutlying(home: string, root: string): Promise<void> {
  const owner = await readIfThere(join(root, 'home'));
  const told = join(home, 'place.json');
  if (owner === null) {
    throw new EmbeddedError(
      'data_missing',
      `${told} says that the data is in ${root}, but it is not there. Bring it back, or remove ${told} to start empty.`,
    );
  }
  const original = owner.trim();
  if (original === home) return;
  if ((await readIfThere(join(original, 'place.json'))) !== null) {
    throw new EmbeddedError(
      'in_use',
      `${home} is a copy of ${original}, whose data is in ${root}. Remove ${told} to start this one empty.`,
    );
  }
  await writeDurably(join(root, 'home'), `${home}\n`); // the home was moved
}

/** Chooses where a new cluster goes, and writes it down. Call with the home's lock held. */
export async function choosePlace(
  product: Product,
  home: string,
  name: string,
  account: Account | null,
): Promise<Place> {
  const known = await knownPlace(home);
  if (known.root !== home || (await canEnter(home, account))) return known;
  if (await isThere(files.data(known))) {
    // Somebody closed a folder above it since: to begin elsewhere would look like a loss of everything.
    throw new EmbeddedError('unreachable', `${product.name}'s user can no longer enter ${home}, where the data is.`);
  }
  const root = join(OUTLYING, `${name}-${createHash('sha256').update(home).digest('hex').slice(0, 12)}`);
  await setAside(root);
  await mkdir(root, { recursive: true });
  for (const folder of [OUTLYING, root]) await chmod(folder, 0o755); // whatever our umask
  if (!(await canEnter(root, account))) {
    throw new EmbeddedError('unreachable', `${product.name}'s user can enter neither ${home} nor ${root}.`);
  }
  await writeDurably(join(root, 'home'), `${home}\n`);
  await writeDurably(join(home, 'place.json'), `${JSON.stringify({ root }, null, 2)}\n`);
  return { home, root };
}

/**
 * A home that was emptied and is started anew finds its old data folder still there. Without its password that data is
 * of no use, but we delete nothing that nobody told us to: the last one is kept.
 */
async function setAside(root: string): Promise<void> {
  const previous = `${root}.previous`;
  if ((await readIfThere(join(root, 'home'))) === null) return;
  await rm(previous, { recursive: true, force: true });
  await rename(root, previous);
}

/**
 * Where binaries that had to be copied go, once for all clusters: for root where every user can read them, else the
 * user's cache; a user without a home folder keeps them in the cluster's own.
 */
export async function copiesFolder(home: string): Promise<string> {
  const root = process.getuid?.() === 0;
  const shared = root ? OUTLYING : join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'tidegate');
  try {
    await mkdir(shared, { recursive: true });
    if (root) await chmod(shared, 0o755);
    await access(shared, constants.W_OK);
    return shared;
  } catch (error) {
    if (['EACCES', 'EPERM', 'EROFS', 'ENOENT', 'ENOTDIR'].some((code) => hasCode(error, code))) return home;
    throw error;
  }
}

/** Writes a small file so that after a power cut it is there whole, or not at all. */
export async function writeDurably(path: string, text: string, mode = 0o644): Promise<void> {
  const partial = `${path}.partial`;
  await rm(partial, { force: true });
  const file = await open(partial, 'wx', mode);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(partial, path);
  await syncFolder(join(path, '..'));
}

async function isThere(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false;
    throw error;
  }
}

/** Makes a rename in this folder durable. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

export async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return null;
    throw error;
  }
}
