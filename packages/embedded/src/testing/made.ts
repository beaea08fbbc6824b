/**
 * Data folders of tests, made once a run and copied: making one takes seconds of processor and disk, copying it a tenth.
 * The run says where (`TIDEGATE_TEST_MADE`, a folder that goes with it); without that each is made anew.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/**
 * What a server's folder is, apart from what only a running server has: the data, the administrator's password, and
 * what says that a sample server is filled, and for whom.
 */
const PARTS = ['data', 'password', 'admin-password', 'loaded'];

const run = promisify(execFile);

/** The folder that `make` made under this name, now if nobody has yet; null where the run keeps none. */
export async function made(kind: string, make: (folder: string) => Promise<void>): Promise<string | null> {
  const run = process.env.TIDEGATE_TEST_MADE;
  if (run === undefined) return null;
  const folder = join(run, kind);
  if (!existsSync(folder)) await makeOnce(run, folder, make);
  return folder;
}

/**
 * Copies the folder of a server that has stopped in order. False, and nothing copied, where its data had to go elsewhere
 * (`place.ts`): then a new one is made.
 */
export async function copyServer(from: string, to: string): Promise<boolean> {
  if (!existsSync(join(from, 'data'))) return false;
  await mkdir(to, { recursive: true, mode: 0o711 });
  const parts = PARTS.map((part) => join(from, part)).filter((part) => existsSync(part));
  await run('cp', ['--archive', '--reflink=auto', ...parts, to]);
  return true;
}

/** Several may make it at once: the first that is done stays, under a name that it has only when it is whole. */
async function makeOnce(run: string, folder: string, make: (folder: string) => Promise<void>): Promise<void> {
  const making = await mkdtemp(join(run, 'making-'));
  await chmod(making, 0o711);
  await make(making);
  try {
    await rename(making, folder);
  } catch (error) {
    await rm(making, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
}
