/** `npm run check`: types, lint and the import rule; runs all, prints what fails, exits 1 if anything did. */
import { spawnSync } from 'node:child_process';

const steps: ReadonlyArray<readonly [what: string, command: string, args: readonly string[]]> = [
  ['types', 'tsc', ['--noEmit', '-p', 'tsconfig.json']],
  ['types of the web app', 'tsc', ['--noEmit', '-p', 'packages/web']],
  ['format and lint', 'biome', ['check', '--error-on-warnings']],
  ['type-aware lint', 'oxlint', ['--type-aware']],
  ['import rule', 'vitest', ['run', '--reporter=dot', 'test/house.test.ts']],
];

let failed = 0;
for (const [what, command, args] of steps) {
  const { status } = spawnSync(`node_modules/.bin/${command}`, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  console.log(`${status === 0 ? 'ok    ' : 'FAILED'} ${what}`);
  if (status !== 0) failed += 1;
}
process.exit(failed === 0 ? 0 : 1);
