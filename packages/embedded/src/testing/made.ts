/**
 * Data folders of tests, made once a run and copied: making one takes seconds of processor and disk, copying it a tenth.
 * The run says where (`TIDEGATE_TEST_MADE`, a folder that goes with it); without that each is made anew.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** What a home is, apart from what only a running server has: the data, and the administrator's password. */
const PARTS = ['data', 'password'];

const run = promisify(execFile);

/** Copies what `make` makes in an empty home, made now if nobody has yet, into `home`. */
export async function copyMade(kind: string, home: string, make: (home: string) => Promise<void>): Promise<void> {
  const folder = process.env.TIDEGATE_TEST_MADE;
  if (folder === undefined) return;
  const made = join(folder, kind);
  if (!existsSync(made)) await makeOnce(folder, made, make);
  const parts = PARTS.map((part) => join(made, part));
  await run('cp', ['--archive', '--reflink=auto', ...parts, home]);
}

/** Several may make it at once: the first that is done stays, under a name that it has only when it is whole. */
async function makeOnce(folder: string, made: string, make: (home: string) => Promise<void>): Promise<void> {
  const home = await mkdtemp(join(folder, 'making-'));
  await chmod(home, 0o711);
  await make(home);
  try {
    await rename(home, made);
  } catch (error) {
    await rm(home, { recursive: true, force: true });
    if (!existsSync(made)) throw error;
  }
}
