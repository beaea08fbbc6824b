/**
 * The one door of every npm script. It runs on whatever Node is on the PATH (18 or newer: no syntax beyond that here),
 * installs what the lock file asks for and is missing, and then runs the command on the pinned Node 26.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildWeb } from './web.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stamp = join(root, 'node_modules', '.tidegate-installed');
const pinned = join(root, 'node_modules', 'node', 'bin', 'node');

/** What each command runs on the pinned Node; `tests` also makes sure of the Debian packages the tests use. */
const commands = {
  start: [['packages/cli/src/main.ts', 'start']],
  test: { tests: true, run: [['scripts/test.ts']] },
  'test:long': { tests: true, run: [['scripts/test.ts', '--long']] },
  check: [['scripts/check.ts']],
  bench: { tests: true, run: [['bench/main.ts']] },
  tour: [['packages/cli/src/main.ts', 'tour']],
  pictures: { tests: true, run: [['test/web/pictures.ts']] },
  fuzz: [['packages/wire/fuzz/run.ts']],
  openapi: [['packages/control/src/api/openapi.ts']],
  'verify:sqlserver': [['packages/gateway/verify/sqlserver.ts']],
  cli: [['packages/cli/src/main.ts']],
};

function lockDigest() {
  return createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
}

/** `npm ci` when the tree was never installed or the lock file has changed since; says so, because it takes a while. */
function install() {
  const digest = lockDigest();
  if (existsSync(pinned) && existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return;
  process.stderr.write('Installing what is missing (npm ci); the first time this takes about a minute …\n');
  const npm = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (npm.status !== 0 || !existsSync(pinned)) {
    process.stderr.write(
      'The installation did not succeed: see the lines above. Mend what they name and run the same command again.\n',
    );
    process.exit(1);
  }
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, digest);
}

/** The commands that start a control plane, which shows the web app. */
function showsPages() {
  return ['start', 'test', 'test:long', 'bench', 'tour'].includes(name) || (name === 'cli' && rest[0] === 'start');
}

const [name, ...rest] = process.argv.slice(2);
const command = commands[name];
if (command === undefined) {
  process.stderr.write(`usage: node scripts/run.mjs ${Object.keys(commands).join('|')} [arguments]\n`);
  process.exit(2);
}
install();
if (showsPages()) {
  try {
    buildWeb(root, pinned);
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}
const cache =
  process.env.NODE_COMPILE_CACHE ??
  join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'tidegate', 'compiled');
const env = {
  ...process.env,
  NODE_COMPILE_CACHE: cache,
  PATH: `${dirname(pinned)}${delimiter}${process.env.PATH ?? ''}`,
};
for (const args of command.run ?? command) {
  const child = spawn(
    pinned,
    [
      ...(command.tests ? ['--disable-warning=ExperimentalWarning'] : []),
      join(root, args[0]),
      ...args.slice(1),
      ...rest,
    ],
    {
      cwd: name === 'cli' ? process.cwd() : root,
      env,
      stdio: 'inherit',
    },
  );
  // The child shares the terminal's process group and gets Ctrl-C itself; a SIGTERM to npm's child is ours to pass on.
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  process.on('SIGINT', () => {});
  // npm may be killed without a chance to pass anything on: then this process has another parent, and ends its child.
  const parent = process.ppid;
  setInterval(() => process.ppid === parent || child.kill('SIGTERM'), 1000).unref();
  const code = await new Promise((resolve) =>
    child.on('exit', (status, signal) => resolve(signal === null ? (status ?? 1) : 130)),
  );
  if (code !== 0) process.exit(code);
}
