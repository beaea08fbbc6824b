import { randomBytes } from 'node:crypto';
import { chown, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Account } from './account.ts';
import type { Binaries } from './binaries.ts';
import { EmbeddedError } from './errors.ts';
import { plainEnvironment, spawnBound } from './lifeline.ts';
import { Output } from './output.ts';
import { files, type Place, readIfThere, syncFolder, writeDurably } from './place.ts';

export const SUPERUSER = 'postgres';

/**
 * Makes the data folder, unless it is there. initdb works in a folder of another name, which is given its real one only
 * when initdb has written and synced everything: a data folder that is there is whole. What a killed attempt left is
 * removed first.
 * @returns the superuser's password, and whether the cluster is new
 * @throws EmbeddedError `setup_failed`, `wrong_version`, `password_lost`
 */
export async function ensureInitialised(
  place: Place,
  binaries: Binaries,
  account: Account | null,
): Promise<{ password: string; fresh: boolean }> {
  for (const name of await readdir(place.root)) {
    if (name.startsWith('initdb-')) await rm(join(place.root, name), { recursive: true, force: true });
  }
  const made = await readIfThere(join(files.data(place), 'PG_VERSION'));
  const password = await readIfThere(files.password(place));
  if (made === null) return { password: await initialise(place, binaries, account, password), fresh: true };
  if (Number(made) !== binaries.major) {
    throw new EmbeddedError(
      'wrong_version',
      `The data in ${files.data(place)} was made by PostgreSQL ${made.trim()}; this is PostgreSQL ${binaries.version}.`,
    );
  }
  if (password === null) {
    throw new EmbeddedError('password_lost', `The data is there, but its password is not: ${files.password(place)}`);
  }
  return { password: password.trim(), fresh: false };
}

async function initialise(
  place: Place,
  binaries: Binaries,
  account: Account | null,
  earlier: string | null,
): Promise<string> {
  const password = earlier?.trim() ?? randomBytes(24).toString('base64url');
  if (earlier === null) await writeDurably(files.password(place), `${password}\n`, 0o600);
  const attempt = join(place.root, `initdb-${randomBytes(6).toString('hex')}`);
  const data = `${attempt}.data`;
  const passwordFile = `${attempt}.password`; // a second one: the server's user cannot read the home's
  await mkdir(data, { mode: 0o700 });
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600, flag: 'wx' });
  if (account !== null) {
    await Promise.all([data, passwordFile].map((path) => chown(path, account.uid, account.gid)));
  }
  try {
    await runInitdb(binaries, account, [
      `--pgdata=${data}`,
      `--username=${SUPERUSER}`,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      // One collation everywhere, whatever the machine's: results do not change when a home moves. From 17 on
      // PostgreSQL brings its own C.UTF-8, which knows upper and lower case of all letters.
      ...(binaries.major >= 17
        ? ['--locale-provider=builtin', '--locale=C.UTF-8', '--lc-collate=C', '--lc-ctype=C']
        : ['--locale=C']),
      ...(binaries.major >= 17 ? ['--lc-messages=C', '--lc-monetary=C', '--lc-numeric=C', '--lc-time=C'] : []),
      '--no-instructions',
      '--data-checksums',
    ]);
    await rename(data, files.data(place));
    await syncFolder(place.root);
  } finally {
    await Promise.all([data, passwordFile].map((path) => rm(path, { recursive: true, force: true })));
  }
  return password;
}

async function runInitdb(binaries: Binaries, account: Account | null, args: string[]): Promise<void> {
  const child = spawnBound(join(binaries.bin, 'initdb'), args, account, plainEnvironment());
  const output = child.stderr ? new Output(child.stderr) : null;
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  child.once('error', reject);
  child.once('close', resolve);
  const code = await promise;
  if (code !== 0) throw new EmbeddedError('setup_failed', `initdb failed (${code}): ${output?.tail()}`);
}
