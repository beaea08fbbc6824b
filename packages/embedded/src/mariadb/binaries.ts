import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Account } from '../account.ts';
import { EmbeddedError } from '../errors.ts';

const run = promisify(execFile);

/** Where distributions and the vendor's packages put servers; PATH of an ordinary user often lacks the sbin folders. */
const FOLDERS = ['/usr/sbin', '/usr/bin', '/usr/libexec', '/usr/local/sbin', '/usr/local/bin', '/opt/homebrew/bin'];

/** A MariaDB server that is installed on this machine. */
export interface MariadbBinaries {
  readonly server: string;
  /** Makes a data folder. */
  readonly setup: string;
  /** `10.11.19-MariaDB` */
  readonly version: string;
  /** `10.11`: data made by one is not touched by another. */
  readonly series: string;
}

/** The installed MariaDB; null where there is none that `account` can run. */
export async function installedMariadb(account: Account | null = null): Promise<MariadbBinaries | null> {
  const server = await programIn('mariadbd');
  const setup = await programIn('mariadb-install-db');
  if (server === null || setup === null) return null;
  try {
    const { stdout } = await run(server, ['--no-defaults', '--version'], { cwd: '/', ...account });
    const version = /Ver ((\d+\.\d+)\.\d+-MariaDB)/.exec(stdout);
    if (version?.[1] === undefined || version[2] === undefined) return null;
    return { server, setup, version: version[1], series: version[2] };
  } catch (error) {
    if (error instanceof Error) return null; // it does not run on this machine
    throw error;
  }
}

/** @throws EmbeddedError `no_binaries` */
export async function usableMariadb(account: Account | null): Promise<MariadbBinaries> {
  const found = await installedMariadb(account);
  if (found !== null) return found;
  throw new EmbeddedError(
    'no_binaries',
    'There is no MariaDB server on this machine. On Debian: apt-get install mariadb-server.',
  );
}

async function programIn(name: string): Promise<string | null> {
  for (const folder of [...FOLDERS, ...(process.env.PATH ?? '').split(':')]) {
    if (folder === '') continue;
    const path = join(folder, name);
    if (await canRun(path)) return path;
  }
  return null;
}

const canRun = (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
