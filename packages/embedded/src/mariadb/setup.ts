import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Account } from '../account.ts';
import { EmbeddedError } from '../errors.ts';
import { clearAttempts, keptPassword, makeData } from '../make.ts';
import { files, type Place, readIfThere } from '../place.ts';
import type { MariadbBinaries } from './binaries.ts';
import { MARIADB } from './product.ts';

export const ROOT = 'root';

/**
 * Makes the data folder, unless it is there.
 * @returns root's password, and whether the data is new
 * @throws EmbeddedError `setup_failed`, `wrong_version`, `password_lost`
 */
export async function ensureSetUp(
  place: Place,
  binaries: MariadbBinaries,
  account: Account | null,
): Promise<{ password: string; fresh: boolean }> {
  await clearAttempts(MARIADB, place);
  const made = await readIfThere(join(files.data(place), 'mysql_upgrade_info'));
  if (made === null) return { password: await setUp(place, binaries, account), fresh: true };
  if (!made.startsWith(`${binaries.series}.`)) {
    throw new EmbeddedError(
      'wrong_version',
      `The data in ${files.data(place)} was made by MariaDB ${made.trim()}; this is MariaDB ${binaries.version}.`,
    );
  }
  return { password: await keptPassword(place), fresh: false };
}

async function setUp(place: Place, binaries: MariadbBinaries, account: Account | null): Promise<string> {
  return makeData({
    product: MARIADB,
    place,
    account,
    secret: rootSql,
    program: binaries.setup,
    args: ({ data, secretFile }) => [
      '--no-defaults',
      `--datadir=${data}`,
      `--tmpdir=${data}`,
      '--auth-root-authentication-method=normal',
      '--skip-test-db',
      '--skip-name-resolve',
      `--extra-file=${secretFile}`,
      '--innodb-log-file-size=33554432',
    ],
  });
}

/** One administrator, by password, through the socket. As a hash, so that the password is in no file but its own. */
function rootSql(password: string): string {
  const sha1 = (data: string | Buffer) => createHash('sha1').update(data).digest();
  const hash = `*${sha1(sha1(password)).toString('hex').toUpperCase()}`;
  return [
    `DELETE FROM mysql.global_priv WHERE User IN ('', '${ROOT}') AND NOT (User = '${ROOT}' AND Host = 'localhost');`,
    `UPDATE mysql.global_priv SET Priv = JSON_SET(Priv, '$.plugin', 'mysql_native_password', '$.authentication_string', '${hash}') WHERE User = '${ROOT}';`,
    '',
  ].join('\n');
}
