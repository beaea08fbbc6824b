import { chmod, chown, lstat, mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Account, canEnter } from './account.ts';
import { EmbeddedError, hasCode } from './errors.ts';
import { files, type Place, readIfThere, writeDurably } from './place.ts';
import type { Product } from './product.ts';

/** `sun_path` holds this many bytes with its closing zero: 108 on Linux, 104 on macOS. */
const LONGEST_PATH = process.platform === 'linux' ? 107 : 103;

/**
 * The folder of the server's socket, entered by its owner (and root) alone. Default: `run` beside the data. Where that
 * makes the socket's path too long for the kernel, a temp folder. The home remembers which, so that a server started
 * again after a crash has the address that its clients know.
 */
export async function socketFolder(
  product: Product,
  wanted: string | undefined,
  place: Place,
  port: number,
  account: Account | null,
): Promise<string> {
  const file = product.socketFile(port);
  const entered = (folder: string) => enterable(product, folder, account);
  if (wanted !== undefined) {
    if (!fits(wanted, file)) {
      throw new EmbeddedError(
        'bad_option',
        `The socket's path in ${wanted} would be longer than ${LONGEST_PATH} bytes.`,
      );
    }
    await mkdir(wanted, { recursive: true });
    return await entered(wanted); // the caller's folder: nothing about it is changed
  }
  const folder = files.run(place);
  if (!fits(folder, file)) return await entered(await temporaryFolder(place, file, account));
  await mkdir(folder, { recursive: true });
  return await entered(await handOver(folder, account));
}

/** mkdtemp: a guessable name in /tmp could be somebody else's. For the same reason a remembered one is looked at. */
async function temporaryFolder(place: Place, file: string, account: Account | null): Promise<string> {
  const known = (await readIfThere(noteOf(place)))?.trim();
  if (known !== undefined && (await isPrivateTo(known, account?.uid ?? process.getuid?.()))) return known;
  const parent = fits(join(tmpdir(), 'tidegate-XXXXXX'), file) ? tmpdir() : '/tmp';
  const folder = await mkdtemp(join(parent, 'tidegate-'));
  await writeDurably(noteOf(place), `${folder}\n`, 0o600);
  return await handOver(folder, account);
}

async function isPrivateTo(folder: string, uid: number | undefined): Promise<boolean> {
  try {
    const found = await lstat(folder);
    return found.isDirectory() && found.uid === uid && (found.mode & 0o777) === 0o700;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false;
    throw error;
  }
}

/** Removes the temp folder of a stopped server, where it had one. */
export async function removeTemporaryFolder(place: Place): Promise<void> {
  const folder = await readIfThere(noteOf(place));
  if (folder === null) return;
  await rm(folder.trim(), { recursive: true, force: true });
  await rm(noteOf(place), { force: true });
}

const noteOf = (place: Place) => join(place.home, 'socket-folder');

function fits(folder: string, file: string): boolean {
  return Buffer.byteLength(join(folder, file)) <= LONGEST_PATH;
}

async function handOver(folder: string, account: Account | null): Promise<string> {
  await chmod(folder, 0o700);
  if (account !== null && (await stat(folder)).uid !== account.uid) await chown(folder, account.uid, account.gid);
  return folder;
}

async function enterable(product: Product, folder: string, account: Account | null): Promise<string> {
  if (await canEnter(folder, account)) return folder;
  throw new EmbeddedError('unreachable', `${product.name}'s user cannot enter the socket folder ${folder}.`);
}
