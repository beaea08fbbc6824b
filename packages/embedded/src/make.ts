import { randomBytes } from 'node:crypto';
import { chown, mkdir, readdir, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Account } from './account.ts';
import { EmbeddedError } from './errors.ts';
import { killAllIn } from './leftovers.ts';
import { plainEnvironment, spawnBound } from './lifeline.ts';
import { Output } from './output.ts';
import { files, type Place, readIfThere, syncFolder, writeDurably } from './place.ts';
import type { Product } from './product.ts';

const ATTEMPT = 'making-';

/** Where one attempt at a data folder works; the program that makes it may read both, nobody else. */
export interface Attempt {
  readonly data: string;
  readonly secretFile: string;
}

export interface Making {
  readonly product: Product;
  readonly place: Place;
  readonly account: Account | null;
  /** What the program needs to know of the administrator's password, as its file's text. */
  readonly secret: (password: string) => string;
  readonly program: string;
  readonly args: (attempt: Attempt) => string[];
}

/** Removes what killed attempts left. Call with the lock held. */
export async function clearAttempts(product: Product, place: Place): Promise<void> {
  for (const name of await readdir(place.root)) {
    if (!name.startsWith(ATTEMPT)) continue;
    const path = join(place.root, name);
    if (name.endsWith('.data')) await killAllIn(product, await realpath(path));
    await rm(path, { recursive: true, force: true });
  }
}

/** @throws EmbeddedError `password_lost` where there is data without it */
export async function keptPassword(place: Place): Promise<string> {
  const password = await readIfThere(files.password(place));
  if (password !== null) return password.trim();
  throw new EmbeddedError('password_lost', `The data is there, but its password is not: ${files.password(place)}`);
}

/**
 * Makes the data folder. The program works in a folder of another name, which is given its real one only when the
 * program has written and synced everything: a data folder that is there is whole.
 * @returns the administrator's password
 * @throws EmbeddedError `setup_failed`
 */
export async function makeData({ product, place, account, secret, program, args }: Making): Promise<string> {
  const earlier = (await readIfThere(files.password(place)))?.trim();
  const password = earlier ?? randomBytes(24).toString('base64url');
  if (earlier === undefined) await writeDurably(files.password(place), `${password}\n`, 0o600);
  const path = join(place.root, ATTEMPT + randomBytes(6).toString('hex'));
  const attempt = { data: `${path}.data`, secretFile: `${path}.secret` }; // the server's user cannot read the home's
  await mkdir(attempt.data, { mode: 0o700 });
  await writeFile(attempt.secretFile, secret(password), { mode: 0o600, flag: 'wx' });
  const paths = Object.values(attempt);
  if (account !== null) await Promise.all(paths.map((each) => chown(each, account.uid, account.gid)));
  try {
    await run(product, account, program, args(attempt));
    await rename(attempt.data, files.data(place));
    await syncFolder(place.root);
  } finally {
    await Promise.all(paths.map((each) => rm(each, { recursive: true, force: true })));
  }
  return password;
}

async function run(product: Product, account: Account | null, program: string, args: string[]): Promise<void> {
  const child = spawnBound(program, args, account, plainEnvironment(), product.endings.fast);
  const output = child.stderr ? new Output(child.stderr) : null;
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  child.once('error', reject);
  child.once('close', resolve);
  const code = await promise;
  if (code !== 0) {
    throw new EmbeddedError('setup_failed', `${product.name} could not be set up (${code}): ${output?.tail()}`);
  }
}
