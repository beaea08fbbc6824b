/** Where this run keeps the data folders that its tests copy (`embedded/testing/made.ts`); gone when the run is over. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-made-'));
  chmodSync(folder, 0o711);
  process.env.TIDEGATE_TEST_MADE = folder;
  return () => rmSync(folder, { recursive: true, force: true });
}
