import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { EmbeddedError, hasCode } from './errors.ts';
import type { Product } from './product.ts';

const run = promisify(execFile);

/** Another user that the server runs as, because database servers refuse to run as root. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Whom the server runs as; null means as ourselves, which is so for every user but root. Data that already has an
 * owner keeps it: the home of an ordinary user, started once as root, stays that user's.
 */
export async function serverAccount(product: Product, dataFolder: string): Promise<Account | null> {
  if (process.getuid?.() !== 0) return null;
  return (await ownerOf(dataFolder)) ?? (await firstCandidate(product));
}

async function ownerOf(folder: string): Promise<Account | null> {
  try {
    const { uid, gid } = await stat(folder);
    return uid === 0 ? null : { uid, gid };
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return null;
    throw error;
  }
}

/** In order: an account of our own where an administrator made one, the packaged server's, the one always there. */
async function firstCandidate({ name: server, accounts }: Product): Promise<Account> {
  for (const name of accounts) {
    const [uid, gid] = await Promise.all([idOf('-u', name), idOf('-g', name)]);
    if (uid !== null && gid !== null && uid !== 0) return { uid, gid };
  }
  throw new EmbeddedError(
    'unreachable',
    `${server} does not run as root, and there is no user ${accounts.join(', ')} to run it as. Make one of them, or start as an ordinary user.`,
  );
}

/** `id` knows every source of users (files, LDAP, …); reading /etc/passwd would not. */
async function idOf(flag: '-u' | '-g', name: string): Promise<number | null> {
  try {
    const { stdout } = await run('id', [flag, name]);
    const id = Number(stdout.trim());
    return Number.isInteger(id) ? id : null;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) throw error; // no `id` at all: that is not "no such user"
    return null;
  }
}

/** Whether the account can enter this folder, through all folders above it. Asked of the kernel, not computed. */
export async function canEnter(folder: string, account: Account | null): Promise<boolean> {
  try {
    await run('/bin/sh', ['-c', 'cd -- "$1"', 'sh', folder], { cwd: '/', ...account });
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) throw error;
    return false;
  }
}
