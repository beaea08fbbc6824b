import { readdir, readlink, realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { EmbeddedError, hasCode } from './errors.ts';
import { readIfThere } from './place.ts';

/** How long a server that lost its owner may take to end by itself before it is killed. */
const GRACE_MS = 20_000;

/**
 * Ends what an earlier owner left running on this data folder, and clears its pid file. Call with the lock held: only
 * then is it sure that nobody owns what runs. Two cases: the owner was killed, and its server is just being ended by
 * the lifeline; or the server itself was killed, and backends of it are still at work and hold the shared memory.
 */
export async function endLeftovers(dataFolder: string): Promise<void> {
  const pidFile = join(dataFolder, 'postmaster.pid');
  const text = await readIfThere(pidFile);
  if (text === null) return;
  const postmaster = Number.parseInt(text, 10);
  // Without /proc nothing tells our server from another program with its old id. PostgreSQL's own check of the file
  // then decides, once the lifeline has had its time.
  if (process.platform !== 'linux') return void (await ended(async () => !isAlive(postmaster)));
  const folder = await realpath(dataFolder);
  const running = await processesIn(folder);
  if (running.includes(postmaster)) {
    signal(postmaster, 'SIGINT');
    await ended(async () => !(await processesIn(folder)).includes(postmaster));
  }
  // Orphans of a dead postmaster: crash recovery follows anyway, and until they are gone it is refused.
  for (const pid of await processesIn(folder)) signal(pid, 'SIGKILL');
  if (!(await ended(async () => (await processesIn(folder)).length === 0))) {
    throw new EmbeddedError('start_failed', `Processes of an earlier PostgreSQL on ${folder} do not end.`);
  }
  // Nobody is there, says the kernel; that another program has the id in the file by now means nothing.
  await rm(pidFile, { force: true });
}

/** Every PostgreSQL process works in its data folder; an administrator's shell may stand there too, and is left alone. */
async function processesIn(folder: string): Promise<number[]> {
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    ids.map(async (id) => {
      if ((await linkOf(id, 'cwd')) !== folder) return null;
      // A reinstall while it ran adds " (deleted)".
      return /\/postgres( \(deleted\))?$/.test((await linkOf(id, 'exe')) ?? '') ? Number(id) : null;
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
