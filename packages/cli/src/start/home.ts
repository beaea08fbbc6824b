/** The home folder: everything Tidegate keeps on this machine, and how a second start on it is refused. */
import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** `TIDEGATE_HOME`, else `~/.tidegate`; absolute. */
export function homeFolder(env: NodeJS.ProcessEnv): string {
  return resolve(env.TIDEGATE_HOME ?? join(homedir(), '.tidegate'));
}

/**
 * The rooms of a home, made when missing. Others may pass through but not look, since PostgreSQL, started by root, runs
 * as another user; what is secret is in files and folders that say so themselves.
 */
export function prepareHome(home: string) {
  mkdirSync(home, { recursive: true, mode: 0o711 });
  const logs = join(home, 'logs');
  mkdirSync(logs, { recursive: true, mode: 0o700 });
  return {
    home,
    logs,
    lock: join(home, 'lock'),
    store: join(home, 'store'),
    /** Says whether this home was set up with the demo. */
    choice: join(home, 'start.json'),
  } as const;
}
export type Home = ReturnType<typeof prepareHome>;
