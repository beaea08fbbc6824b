import { type ChildProcess, spawn } from 'node:child_process';
import { Writable } from 'node:stream';
import type { Account } from './account.ts';

/**
 * The shell that becomes the program. First it leaves a watcher behind, which reads the lifeline (file descriptor 3).
 * The kernel closes our end when we are gone, kill -9 included; the watcher then asks the program to end, again each
 * second in case it was not listening yet, and insists after half a minute. The word `over` sends the watcher home:
 * the program has ended and its process id may come to be another's.
 * The watcher is started twice removed, so that it is no child of the program, which would not know it.
 */
const SHELL = `
ending=$1
shift
( (
  trap '' HUP INT TERM
  while read -r word <&3; do
    if [ "$word" = over ]; then exit 0; fi
  done
  tries=0
  while kill -"$ending" $$; do
    tries=$((tries + 1))
    if [ $tries -gt 30 ]; then kill -QUIT $$; fi
    if [ $tries -gt 40 ]; then kill -KILL $$; exit 0; fi
    sleep 1
  done
) >/dev/null 2>&1 & )
exec "$@" 3<&-
`;

/**
 * Starts a program that is told to end (by `ending`, the signal it heeds) when this process ends, by any means. It gets
 * a session of its own: Ctrl-C in a terminal goes to whole process groups, and the store must outlive its users' last
 * writes.
 */
export function spawnBound(
  program: string,
  args: readonly string[],
  account: Account | null,
  env: NodeJS.ProcessEnv,
  ending: NodeJS.Signals,
): ChildProcess {
  const child = spawn('/bin/sh', ['-c', SHELL, 'sh', ending.replace('SIG', ''), program, ...args], {
    cwd: '/',
    detached: true,
    env,
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    ...account,
  });
  const lifeline = child.stdio[3];
  if (lifeline instanceof Writable) {
    // The watcher may have been killed before us; then there is nobody to send home.
    lifeline.on('error', () => lifeline.destroy());
    child.once('exit', () => lifeline.end('over\n'));
  }
  return child;
}

/** The server's environment: nothing of ours leaks in, no PG* or MYSQL* variable of the caller's changes what it does. */
export function plainEnvironment(): NodeJS.ProcessEnv {
  return { PATH: '/usr/bin:/bin:/usr/sbin:/sbin', LC_ALL: 'C', LANG: 'C', TZ: 'UTC' };
}
