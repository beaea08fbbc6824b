import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { EmbeddedError, hasCode } from './errors.ts';

/** A folder that is ours alone until `release`, or until this process ends, by whatever means. */
export interface FolderLock {
  release(): void;
}

/** https://www.sqlite.org/rescode.html: busy; and what a file that is another user's leads to. */
const BUSY = 5;
const NOT_OURS = [3, 8, 14];

/**
 * Takes a lock that the kernel holds for this process. A file with a process id in it would not do: after kill -9 it
 * stays, and the id comes to belong to someone else, which is common in containers. Node offers no flock; SQLite,
 * which it ships, locks a file by fcntl, and the kernel drops that lock with the process.
 * @throws EmbeddedError `in_use`, naming the process that has it; `unreachable` when the folder is another user's
 */
export function lockFolder(file: string, what: string): FolderLock {
  const holder = `${file}.holder`;
  let database: DatabaseSync | null = null;
  try {
    database = new DatabaseSync(file);
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    // By its path: an fcntl lock is gone as soon as its process closes any descriptor of the file, also another one.
    chmodSync(file, 0o600);
    writeFileSync(holder, `${process.pid}\n`, { mode: 0o600 }); // for the message only; never trusted
  } catch (error) {
    database?.close();
    throw refusal(error, what, holder);
  }
  const held = database;
  return {
    release() {
      if (!held.isOpen) return;
      rmSync(holder, { force: true });
      held.close();
    },
  };
}

function refusal(error: unknown, what: string, holder: string): unknown {
  const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : null;
  if (code === BUSY)
    return new EmbeddedError('in_use', `${what} is in use by another Tidegate process${holderIn(holder)}.`);
  if (NOT_OURS.includes(code ?? 0) || hasCode(error, 'EACCES') || hasCode(error, 'EPERM')) {
    return new EmbeddedError('unreachable', `${what} belongs to another user: start as that user, or as root.`, error);
  }
  return error;
}

function holderIn(file: string): string {
  try {
    return ` (process ${Number.parseInt(readFileSync(file, 'utf8'), 10)})`;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return '';
    throw error;
  }
}
