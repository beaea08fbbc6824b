/**
 * `npm test`: makes sure of the Debian packages the tests use, runs every test, closes with a plain `N passed, N failed`.
 * `--long` adds the longer runs (`*.long.test.ts`): every PostgreSQL version, long fuzzing, random kills for minutes.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureDebianPackages } from './debian.ts';

const args = process.argv.slice(2);
const long = args.includes('--long');
ensureDebianPackages({
  'postgresql-client': 'psql',
  'postgresql-contrib': '/usr/lib/postgresql/*/bin/pgbench',
  'mariadb-server': 'mariadbd',
  'mariadb-client': 'mariadb',
  'freetds-bin': 'tsql',
  'python3-pymssql': '/usr/lib/python3/dist-packages/pymssql/__init__.py',
  'libjtds-java': '/usr/share/java/jtds.jar',
  'default-jdk-headless': 'javac',
  tmux: 'tmux',
  chromium: 'chromium',
});

const folder = mkdtempSync(join(tmpdir(), 'tidegate-test-'));
const report = join(folder, 'report.json');
const { status } = spawnSync(
  'node_modules/.bin/vitest',
  [
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...args.filter((arg) => arg !== '--long'),
  ],
  { stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, TIDEGATE_LONG: long ? '1' : '0' } },
);

/** A file that does not even load counts as one failure: vitest itself counts only tests it has seen. */
function counts(): { passed: number; failed: number } {
  try {
    const result: unknown = JSON.parse(readFileSync(report, 'utf8'));
    if (typeof result !== 'object' || result === null) return { passed: 0, failed: 1 };
    const of = (key: string): number => {
      const value: unknown = Reflect.get(result, key);
      return typeof value === 'number' ? value : 0;
    };
    const failed = of('numFailedTests') + (of('numFailedTests') === 0 ? of('numFailedTestSuites') : 0);
    return { passed: of('numPassedTests'), failed: failed === 0 && status !== 0 ? 1 : failed };
  } catch (error) {
    console.error(`The test runner left no report: ${String(error)}`);
    return { passed: 0, failed: 1 };
  }
}

const { passed, failed } = counts();
rmSync(folder, { recursive: true, force: true });
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
