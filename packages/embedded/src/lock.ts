import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { EmbeddedError, hasCode } from './errors.ts';

/** A folder that is ours alone until `release`, or until this process ends, by whatever means. */
export interface FolderLock {
  release(): void;
}

const SQLITE_BUSY = 5;

/**
 * Takes a lock that the kernel holds for this process. A file with a process id in it would not do: after kill -9 it
 * stays, and the id comes to belong to someone else, which is common in containers. Node offers no flock; SQLite,
 * which it ships, locks a file by fcntl, and the kernel drops that lock with the process.
 * @throws EmbeddedError `in_use`, naming the process that has it
 */
export function lockFolder(file: string, what: string): FolderLock {
  const holder = `${file}.holder`;
  const database = new DatabaseSync(file);
  try {
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (!(error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY)) throw error;
    throw new EmbeddedError('in_use', `${what} is in use by another Tidegate process${holderIn(holder)}.`);
  }
  writeFileSync(holder, `${process.pid}\n`, { mode: 0o600 }); // for the message above only; never trusted
  return {
    release() {
      if (!database.isOpen) return;
      rmSync(holder, { force: true });
      database.close();
    },
  };
}

function holderIn(file: string): string {
  try {
    return ` (process ${Number.parseInt(readFileSync(file, 'utf8'), 10)})`;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return '';
    throw error;
  }
}
