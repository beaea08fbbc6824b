/**
 * Which process writes a stream: a reader may close the stream of a writer that is gone, never of one that still runs
 * (a worker outlives a killed main process for a moment, to write its sessions' ends).
 */
import { readFileSync } from 'node:fs';
import { z } from 'zod';

export const writerProcess = z.object({
  pid: z.int(),
  /** Clock ticks since boot at its start, where the system tells: a number is given to another process in time. */
  started: z.string().nullable(),
});
export type WriterProcess = z.infer<typeof writerProcess>;

export const thisProcess = (): WriterProcess => ({ pid: process.pid, started: startOf(process.pid) });

export function isRunning(writer: WriterProcess): boolean {
  try {
    process.kill(writer.pid, 0);
  } catch (error) {
    // ESRCH: nobody has that number. EPERM: somebody of another user has, who is no writer of ours.
    if (error instanceof Error && 'code' in error) return false;
    throw error;
  }
  return writer.started === startOf(writer.pid);
}

/** Linux's /proc/<pid>/stat, 22nd field; null elsewhere, or when the process is gone (or dead and not yet buried). */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field is the name in parentheses and may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? null : (fields[19] ?? null);
  } catch (error) {
    if (error instanceof Error && 'code' in error) return null;
    throw error;
  }
}
