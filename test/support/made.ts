/** Where this run keeps the data folders that its tests copy (`embedded/testing/made.ts`); gone when the run is over. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

export function setup(project: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-made-'));
  // Servers that root starts run as another user, who must be able to enter.
  const open = (): void => chmodSync(folder, 0o711);
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  open();
  process.env.TIDEGATE_TEST_MADE = folder;
  // `npm test` has a cache that lasts; without one, code is compiled once a run and not once a process.
  process.env.NODE_COMPILE_CACHE ??= join(folder, 'compiled');
  // Watching: what has changed may be how something is made, a migration, say.
  project.onTestsRerun(async () => {
    remove();
    mkdirSync(folder);
    open();
  });
  return remove;
}
