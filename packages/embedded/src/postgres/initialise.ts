import { join } from 'node:path';
import type { Account } from '../account.ts';
import { EmbeddedError } from '../errors.ts';
import { clearAttempts, keptPassword, makeData } from '../make.ts';
import { files, type Place, readIfThere } from '../place.ts';
import type { Binaries } from './binaries.ts';
import { POSTGRESQL } from './product.ts';

export const SUPERUSER = 'postgres';

/**
 * Makes the data folder, unless it is there.
 * @returns the superuser's password, and whether the cluster is new
 * @throws EmbeddedError `setup_failed`, `wrong_version`, `password_lost`
 */
export async function ensureInitialised(
  place: Place,
  binaries: Binaries,
  account: Account | null,
): Promise<{ password: string; fresh: boolean }> {
  await clearAttempts(POSTGRESQL, place);
  const made = await readIfThere(join(files.data(place), 'PG_VERSION'));
  if (made === null) return { password: await initialise(place, binaries, account), fresh: true };
  if (Number(made) !== binaries.major) {
    throw new EmbeddedError(
      'wrong_version',
      `The data in ${files.data(place)} was made by PostgreSQL ${made.trim()}; this is PostgreSQL ${binaries.version}.`,
    );
  }
  return { password: await keptPassword(place), fresh: false };
}

async function initialise(place: Place, binaries: Binaries, account: Account | null): Promise<string> {
  return makeData({
    product: POSTGRESQL,
    place,
    account,
    secret: (password) => `${password}\n`,
    program: join(binaries.bin, 'initdb'),
    args: ({ data, secretFile }) => [
      `--pgdata=${data}`,
      `--username=${SUPERUSER}`,
      `--pwfile=${secretFile}`,
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
    ],
  });
}
