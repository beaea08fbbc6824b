import { setTimeout as delay } from 'node:timers/promises';
import type { RunningTidegate } from './tidegate.ts';

const STEP_MS = 500;
const MAX_MS = 60_000;

/**
 * Lets what was left behind come to rest before the next measurement: closed sockets, and the record's upload, which
 * goes on after the statements and would otherwise slow down whoever comes next.
 */
export async function settle(tidegate: RunningTidegate): Promise<void> {
  const until = Date.now() + MAX_MS;
  do await delay(STEP_MS);
  while (!(await tidegate.hasUploaded()) && Date.now() < until);
}
