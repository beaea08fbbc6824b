/** The parts of a running Tidegate as processes, found by their command lines below the supervisor. */
import { readdirSync, readFileSync } from 'node:fs';

export type Part = 'relay worker' | 'gateway' | 'control plane' | 'store';
export const PARTS: readonly Part[] = ['relay worker', 'gateway', 'control plane', 'store'];

const MARK: Readonly<Record<Part, RegExp>> = {
  'relay worker': /gateway\/src\/worker\.ts/,
  gateway: /gateway\/src\/main\.ts/,
  'control plane': /control\/src\/main\.ts/,
  store: /postgres .*-D \S*store/,
};

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // it ended between the listing and the look
  }
}

/** Process ids of a part below `supervisor`, oldest first. */
export function pidsOf(supervisor: number, part: Part): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    const stat = read(`/proc/${name}/stat`);
    // The command stands in parentheses and may hold anything: fields are counted after the last one.
    parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
  }
  const below = (pid: number): boolean => {
    for (let at = parents.get(pid); at !== undefined && at > 1; at = parents.get(at))
      if (at === supervisor) return true;
    return false;
  };
  return [...parents.keys()]
    .filter((pid) => below(pid) && MARK[part].test(read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ')))
    .sort((a, b) => a - b);
}

/** Ends a part as a crash would, the store by its postmaster. @returns the ids that were killed; none: it is not running */
export function killPart(supervisor: number, part: Part): number[] {
  const pids = pidsOf(supervisor, part);
  for (const pid of part === 'store' ? pids.slice(0, 1) : pids) process.kill(pid, 'SIGKILL');
  return pids;
}
