import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import type { ClusterOptions } from '../../src/index.ts';

export interface Owned {
  readonly socketDir: string;
  readonly port: number;
  readonly pid: number;
  readonly password: string;
  readonly dataFolder: string;
}

const OWNER = fileURLToPath(new URL('./owner.ts', import.meta.url));

/** Starts `owner.ts` as a process of its own, as another user where asked. */
export function spawnOwner(
  options: Partial<ClusterOptions> & { dataDir: string; mariadb?: boolean },
  as: { uid?: number; gid?: number } = {},
) {
  const child = spawn(process.execPath, [OWNER, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH },
    ...as,
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  return { child, ready: readyLine(child, () => errors) };
}

async function readyLine(child: ChildProcess, errors: () => string): Promise<Owned> {
  if (child.stdout === null) throw new Error('no stdout');
  for await (const line of createInterface({ input: child.stdout })) return JSON.parse(line);
  throw new Error(`the owner ended: ${errors()}`);
}

/** kill -9, and wait until the kernel has done it. */
export async function killHard(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

export function clientOf(owned: Owned, database = 'work'): Client {
  const { socketDir: host, port, password } = owned;
  const client = new Client({ host, port, password, user: 'postgres', database });
  client.on('error', () => undefined); // the end of the server is what these tests are about
  return client;
}

/** False for a process that has ended, though nobody may have asked for its exit code yet (a zombie has no command line). */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return process.platform !== 'linux' || readFileSync(`/proc/${pid}/cmdline`).length > 0;
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ESRCH' || error.code === 'ENOENT')) return false;
    throw error;
  }
}

/** How many sockets a process of Linux has, and how many of them are TCP's. */
export async function socketsOf(pid: number): Promise<{ all: number; tcp: number }> {
  const tables = await Promise.all(['/proc/net/tcp', '/proc/net/tcp6'].map((path) => readFile(path, 'utf8')));
  const tcp = new Set(
    tables.flatMap((table) => table.split('\n').slice(1)).map((line) => line.trim().split(/\s+/)[9] ?? ''),
  );
  const links = await Promise.all((await readdir(`/proc/${pid}/fd`)).map((fd) => readlink(`/proc/${pid}/fd/${fd}`)));
  const own = links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []);
  return { all: own.length, tcp: own.filter((inode) => tcp.has(inode)).length };
}
