/**
 * Builds what a browser is shown, once: again only when one of the files it is made of has changed. Plain JavaScript for
 * the same Node as run.mjs.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/** What goes into the build: the app, what it imports of ours, and the versions of everything else. */
const SOURCES = [
  'packages/web',
  'packages/contract/src',
  'packages/core/src',
  'packages/config/src',
  'package-lock.json',
];
const LEFT_OUT = new Set(['node_modules', 'test']);

/** Hex SHA-256 over the names and bytes of all sources. */
function digestOf(root) {
  const hash = createHash('sha256');
  const visit = (path) => {
    const entries = path.endsWith('.json') ? null : readdirSync(path, { withFileTypes: true });
    if (entries === null) {
      hash.update(relative(root, path)).update('\0').update(readFileSync(path));
      return;
    }
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const inner = join(path, entry.name);
      if (entry.isDirectory()) {
        if (!LEFT_OUT.has(entry.name) && !entry.name.startsWith('dist')) visit(inner);
      } else hash.update(relative(root, inner)).update('\0').update(readFileSync(inner));
    }
  };
  for (const source of SOURCES) visit(join(root, source));
  return hash.digest('hex');
}

/** Throws when it can't be built; the reason is on stderr by then. */
export function buildWeb(root, node) {
  const dist = join(root, 'packages', 'web', 'dist');
  const stamp = join(dist, '.built-from');
  const digest = digestOf(root);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return;
  process.stderr.write('Building the web app (a few seconds, once) …\n');
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js');
  // Beside it, and put in its place when it is whole: a server that runs meanwhile goes on with the old one, and two who
  // build at once don't disturb each other.
  const fresh = `${dist}.${process.pid}`;
  const built = spawnSync(node, [vite, 'build', '--logLevel', 'warn', '--outDir', fresh, '--emptyOutDir'], {
    cwd: join(root, 'packages', 'web'),
    // Whatever runs it (tests say `test`), what people are shown is made for them.
    env: { ...process.env, NODE_ENV: 'production' },
    stdio: ['ignore', 2, 2],
  });
  if (built.status !== 0) {
    rmSync(fresh, { recursive: true, force: true });
    throw new Error('The web app could not be built: see the lines above.');
  }
  writeFileSync(join(fresh, '.built-from'), digest);
  rmSync(dist, { recursive: true, force: true });
  renameSync(fresh, dist);
}
