/**
 * The installation's key: `TIDEGATE_KEY` (base64, 32 bytes) where several control planes share a store, else a file in
 * the home folder that the first start makes.
 */
import { randomBytes } from 'node:crypto';
import { link, open, readFile, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { TidegateError } from '@tidegate/core';
import { KEY_BYTES } from './seal.ts';

export const KEY_FILE = 'key';

/** Where the key comes from: the environment's value wins over the home folder's file. */
export interface KeySource {
  /** The value of `TIDEGATE_KEY`, if set. */
  readonly env: string | undefined;
  /** The home folder; must exist. */
  readonly home: string;
}

/** The installation's key, 32 bytes. Throws `invalid_config` with what to do when it is unusable or readable by others. */
export async function loadKey(source: KeySource): Promise<Uint8Array> {
  if (source.env !== undefined && source.env !== '') return decode(source.env, 'TIDEGATE_KEY');
  const file = join(source.home, KEY_FILE);
  const found = await readKeyFile(file);
  if (found !== null) return found;
  await makeKeyFile(file, source.home);
  // Read back, not returned: another process may have made the file first.
  const made = await readKeyFile(file);
  if (made === null) throw new TidegateError('internal', `The key file ${file} vanished while it was made.`);
  return made;
}

async function readKeyFile(file: string): Promise<Uint8Array | null> {
  try {
    const { mode } = await stat(file);
    if ((mode & 0o077) !== 0) {
      throw new TidegateError(
        'invalid_config',
        `The key file ${file} can be read by other users.`,
        `Run: chmod 600 ${file}`,
      );
    }
    return decode(await readFile(file, 'utf8'), file);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

/**
 * Written whole and flushed under a name of its own, then linked: whoever reads the key file finds a whole key, and of
 * two processes that start at once the first one's stays.
 */
async function makeKeyFile(file: string, home: string): Promise<void> {
  const draft = join(home, `.${KEY_FILE}.${randomBytes(8).toString('hex')}`);
  const handle = await open(draft, 'wx', 0o600);
  try {
    await handle.writeFile(`${randomBytes(KEY_BYTES).toString('base64')}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  try {
    await link(draft, file);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    await unlink(draft);
  }
  const folder = await open(home, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function decode(text: string, from: string): Uint8Array {
  const trimmed = text.trim();
  const bytes = Buffer.from(trimmed, 'base64');
  // Node skips what is not base64; encoding it again shows whether anything was skipped.
  if (bytes.length !== KEY_BYTES || bytes.toString('base64') !== trimmed) {
    throw new TidegateError(
      'invalid_config',
      `The key in ${from} is not ${KEY_BYTES} bytes of base64.`,
      'Make one with: openssl rand -base64 32',
    );
  }
  return bytes;
}
