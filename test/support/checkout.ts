import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Account, root } from './tidegate.ts';

/**
 * A checkout that the account can enter: this one, or a copy where this one lies under a folder closed to others
 * (CI clones may). The caller removes what lies elsewhere.
 */
export function checkoutFor(account: Account): string {
  const enters = spawnSync('test', ['-x', join(root, 'bin/tidegate')], { ...account, stdio: 'ignore' }).status === 0;
  if (enters) return root;
  const copy = mkdtempSync(join(tmpdir(), 'tidegate-checkout-'));
  chmodSync(copy, 0o755);
  execFileSync('cp', [
    '-a',
    '--reflink=auto',
    ...['bin', 'scripts', 'packages', 'node_modules', 'package.json'].map((name) => join(root, name)),
    copy,
  ]);
  return copy;
}
