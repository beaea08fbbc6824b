/** One gateway a home: two would read each other's spools as those of the dead. */
import { closeSync, linkSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { isRunning, thisProcess, writerProcess } from './record/writer-process.ts';

export interface HomeLock {
  release(): void;
}

/** Takes the lock file, also over from a process that is gone. Throws with words for an operator when it is held. */
export function lockHome(file: string): HomeLock {
  for (let tries = 0; tries < 5; tries++) {
    if (create(file)) return { release: () => rmSync(file, { force: true }) };
    const holder = holderOf(file);
    if (holder !== null && isRunning(holder)) {
      throw new Error(`a gateway is already running on this home (process ${holder.pid}, ${file})`);
    }
    // Only one of those who see the same dead holder gets to rename its file; all try again.
    moveAway(file);
  }
  throw new Error(`the lock ${file} cannot be taken`);
}

function create(file: string): boolean {
  let fd: number;
  try {
    fd = openSync(file, 'wx', 0o600);
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false;
    throw error;
  }
  try {
    writeSync(fd, JSON.stringify(thisProcess()));
  } finally {
    closeSync(fd);
  }
  return true;
}

function holderOf(file: string) {
  try {
    const parsed = writerProcess.safeParse(JSON.parse(readFileSync(file, 'utf8')));
    return parsed.success ? parsed.data : null;
  } catch (error) {
    // Gone meanwhile, or its writer died before it wrote.
    if (isCode(error, 'ENOENT') || error instanceof SyntaxError) return null;
    throw error;
  }
}

/** Puts a dead holder's file aside; one that somebody alive has put there meanwhile goes back. */
function moveAway(file: string): void {
  const aside = `${file}.${process.pid}`;
  try {
    renameSync(file, aside);
    const holder = holderOf(aside);
    if (holder !== null && isRunning(holder)) linkSync(aside, file);
    rmSync(aside, { force: true });
  } catch (error) {
    if (!isCode(error, 'ENOENT') && !isCode(error, 'EEXIST')) throw error;
  }
}

const isCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;
