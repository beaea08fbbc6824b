/** Processes as the kernel accounts for them: processor time and resident memory of trees, from /proc. */
import { readdirSync, readFileSync } from 'node:fs';

/** Linux fixes USER_HZ at 100 for /proc, whatever the kernel's own tick. */
const TICKS_PER_SECOND = 100;

interface Status {
  readonly pid: number;
  readonly parent: number;
  readonly cpuSeconds: number;
  readonly rssBytes: number;
}

function status(pid: number): Status | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command stands in parentheses and may hold anything: fields are counted after the last one.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const field = (number: number): number => Number(fields[number - 3]);
    return {
      pid,
      parent: field(4),
      cpuSeconds: (field(14) + field(15)) / TICKS_PER_SECOND,
      rssBytes: field(24) * 4096,
    };
  } catch {
    return null; // it ended between the listing and the look
  }
}

function allProcesses(): Status[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => status(Number(name)))
    .filter((found) => found !== null);
}

/** `root` and all its descendants whose command line holds `containing`. */
export function tree(root: number, containing = ''): number[] {
  const all = allProcesses();
  const pids = new Set([root]);
  for (let grown = true; grown; ) {
    grown = false;
    for (const { pid, parent } of all) {
      if (!pids.has(pid) && pids.has(parent)) {
        pids.add(pid);
        grown = true;
      }
    }
  }
  return [...pids].filter((pid) => containing === '' || commandLine(pid).includes(containing));
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

/** Processor time of these processes since they began, in seconds (10 ms steps). */
export function cpuSeconds(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + (status(pid)?.cpuSeconds ?? 0), 0);
}

/** Resident memory of these processes, in bytes. */
export function rssBytes(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + (status(pid)?.rssBytes ?? 0), 0);
}
