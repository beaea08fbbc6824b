/**
 * Builds what a browser is shown, once: again only when one of the files it is made of has changed. Plain JavaScript for
 * the same Node as run.mjs.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
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
      if (LEFT_OUT.has(entry.name) || entry.name.startsWith('dist')) continue;
      if (entry.isDirectory()) visit(inner);
      else hash.update(relative(root, inner)).update('\0').update(readFileSync(inner));
    }
  };
  for (const source of SOURCES) visit(join(root, source));
  return hash.digest('hex');
}

/** One builds, others wait for it; a lock this old was left behind by one that was killed. */
const LOCK_STALE_MS = 120_000;
const LOOK_AGAIN_MS = 200;

/** Runs `work` while no other process does. */
function alone(lock, work) {
  for (;;) {
    try {
      mkdirSync(lock);
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      const since = statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? 0;
      if (Date.now() - since > LOCK_STALE_MS) rmSync(lock, { recursive: true, force: true });
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOOK_AGAIN_MS);
    }
  }
  try {
    work();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

/** Throws when it can't be built; the reason is on stderr by then. */
export function buildWeb(root, node) {
  const dist = join(root, 'packages', 'web', 'dist');
  const digest = digestOf(root);
  if (builtFrom(dist) === digest) return;
  alone(`${dist}.lock`, () => {
    if (builtFrom(dist) !== digest) build(root, node, dist, digest);
  });
}

const builtFrom = (dist) => {
  const stamp = join(dist, '.built-from');
  return existsSync(stamp) ? readFileSync(stamp, 'utf8') : null;
};

/** Beside the old one, and put in its place when it is whole: a server that runs meanwhile goes on with the old one. */
function build(root, node, dist, digest) {
  process.stderr.write('Building the web app (a few seconds, once) …\n');
  const fresh = `${dist}.new`;
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js');
  const built = spawnSync(node, [vite, 'build', '--logLevel', 'error', '--outDir', fresh, '--emptyOutDir'], {
    cwd: join(root, 'packages', 'web'),
    // Whatever runs it (tests say `test`), what people are shown is made for them.
    env: { ...process.env, NODE_ENV: 'production' },
    stdio: ['ignore', 2, 2],
  });
  if (built.status !== 0) throw new Error('The web app could not be built: see the lines above.');
  writeFileSync(join(fresh, '.built-from'), digest);
  rmSync(dist, { recursive: true, force: true });
  renameSync(fresh, dist);
}
