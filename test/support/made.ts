/** Where this run keeps the data folders that its tests copy (`embedded/testing/made.ts`); gone when the run is over. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-made-'));
  chmodSync(folder, 0o711);
  process.env.TIDEGATE_TEST_MADE = folder;
  // `npm test` has a cache that lasts; without one, code is compiled once a run and not once a process.
  process.env.NODE_COMPILE_CACHE ??= join(folder, 'compiled');
  return () => rmSync(folder, { recursive: true, force: true });
}
