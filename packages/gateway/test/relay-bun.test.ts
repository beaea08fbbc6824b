/** The relay under Bun, on which its workers can run: the same tests, with the relay in a process of Bun's. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { bunRuntime } from '../src/workers/runtime.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
/** What touches sockets most: TLS in its three wrappings, ends of every kind, pauses. The others run so in the long run. */
const SHORT = ['relay-traffic', 'relay-tls', 'sqlserver-login'];
const LONG = ['relay-', 'mass-end', 'mysql-cut', 'mysql-kill', 'mysql-login', 'mysql-traffic', 'sqlserver-'];
const OWN = fileURLToPath(import.meta.url);

it('does under Bun all that it does under Node', { timeout: 600_000 }, async ({ skip }) => {
  const runtime = bunRuntime();
  if (runtime === null) return skip('Bun has no program for this machine');
  const files = (process.env.TIDEGATE_LONG === '1' ? LONG : SHORT).map((name) => `packages/gateway/test/${name}`);
  const vitest = ['--bun', 'node_modules/vitest/vitest.mjs', 'run', '--pool=threads', '--exclude', OWN, ...files];
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('VITEST')));
  const child = spawn(runtime.execPath, [...runtime.execArgv, ...vitest], {
    cwd: root,
    env: { ...env, ...runtime.env, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  expect(output + errors).toMatch(/Tests +\d+ passed \(\d+\)/);
  expect(code).toBe(0);
});
