import { readdir, readlink, realpath, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { EmbeddedError, hasCode } from './errors.ts';
import { readIfThere } from './place.ts';
import type { Product } from './product.ts';

/** How long a server that lost its owner may take to end by itself before it is killed. */
const GRACE_MS = 20_000;

/**
 * Ends what an earlier owner left running on this data folder, and clears its pid file. Call with the lock held: only
 * then is it sure that nobody owns what runs. Two cases: the owner was killed, and its server is just being ended by
 * the lifeline; or the server itself was killed, and processes of it are still at work and hold its shared memory.
 */
export async function endLeftovers(product: Product, dataFolder: string): Promise<void> {
  const pidFile = join(dataFolder, product.pidFile);
  const text = await readIfThere(pidFile);
  if (text === null) return;
  const server = Number.parseInt(text, 10);
  // Without /proc nothing tells our server from another program with its old id. The server's own checks of its
  // folder then decide, once the lifeline has had its time.
  if (process.platform !== 'linux') return void (await ended(async () => !isAlive(server)));
  const folder = await realpath(dataFolder);
  const running = await processesIn(product, folder);
  if (running.includes(server)) {
    signal(server, product.endings.fast);
    await ended(async () => !(await processesIn(product, folder)).includes(server));
  }
  await killAllIn(product, folder);
  // Nobody is there, says the kernel; that another program has the id in the file by now means nothing.
  await rm(pidFile, { force: true });
}

/** Orphans of a dead server (a recovery follows anyway, and until they are gone it is refused), or of a killed set-up. */
export async function killAllIn(product: Product, folder: string): Promise<void> {
  if (process.platform !== 'linux') return;
  for (const pid of await processesIn(product, folder)) signal(pid, 'SIGKILL');
  if (!(await ended(async () => (await processesIn(product, folder)).length === 0))) {
    throw new EmbeddedError('start_failed', `Processes of an earlier ${product.name} on ${folder} do not end.`);
  }
}

/** Every process of a server works in its data folder; an administrator's shell may stand there too, and is left alone. */
async function processesIn({ program }: Product, folder: string): Promise<number[]> {
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    ids.map(async (id) => {
      if ((await linkOf(id, 'cwd')) !== folder) return null;
      // A reinstall while it ran adds " (deleted)".
      const exe = (await linkOf(id, 'exe'))?.replace(/ \(deleted\)$/, '');
      return exe !== undefined && basename(exe) === program ? Number(id) : null;
    }),
  );
  return found.filter((id) => id !== null);
}

async function linkOf(id: string, name: 'cwd' | 'exe'): Promise<string | null> {
  try {
    return await readlink(`/proc/${id}/${name}`);
  } catch (error) {
    // Another user's process is not ours to see, and not ours to end; one that ended is gone.
    if (['EACCES', 'EPERM', 'ENOENT', 'ESRCH'].some((code) => hasCode(error, code))) return null;
    throw error;
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (!hasCode(error, 'ESRCH')) throw error;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    if (hasCode(error, 'ESRCH')) return false;
    if (hasCode(error, 'EPERM')) return true;
    throw error;
  }
}

/** Nothing announces the end of a process that is not our child: we look, often, for a bounded time. */
async function ended(isOver: () => Promise<boolean>): Promise<boolean> {
  const deadline = performance.now() + GRACE_MS;
  while (!(await isOver())) {
    if (performance.now() > deadline) return false;
    await pause(20);
  }
  return true;
}
