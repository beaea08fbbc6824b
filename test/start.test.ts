/** `tidegate start` when things go wrong: interrupted, a port taken, killed. Nothing is left running, and it starts again. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '@tidegate/embedded/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { root } from './support/tidegate.ts';

/** Processes that have to do with a home, by their command line or environment. */
function processesOf(home: string): string[] {
  const about = (pid: string): string => {
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      const belongs = `${line}${readFileSync(`/proc/${pid}/environ`, 'utf8')}`.includes(home);
      return belongs ? `${pid} ${line}` : '';
    } catch (error) {
      // It ended between the listing and the look, or is another user's and none of ours.
      if (error instanceof Error && 'code' in error) return '';
      throw error;
    }
  };
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(about)
    .filter((line) => line !== '');
}

interface Started {
  readonly child: ChildProcess;
  readonly said: string[];
  readonly exit: Promise<unknown[]>;
}

describe.skipIf(process.platform !== 'linux')('start', () => {
  let folder: string;
  let home: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'tidegate-start-'));
    chmodSync(folder, 0o711);
    home = join(folder, 'home');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function start(env: NodeJS.ProcessEnv = {}): Started {
    const child = spawn(join(root, 'bin/tidegate'), ['start'], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env.PATH,
        HOME: folder,
        TIDEGATE_HOME: home,
        TIDEGATE_PORT: '0',
        TIDEGATE_POSTGRES_PORT: '0',
        TIDEGATE_MYSQL_PORT: '0',
        TIDEGATE_SQLSERVER_PORT: '0',
        ...env,
      },
    });
    const said: string[] = [];
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => said.push(chunk.toString()));
    return { child, said, exit: once(child, 'close') };
  }

  const nothingRuns = (): Promise<void> => expect.poll(() => processesOf(home), { timeout: 20_000 }).toEqual([]);

  test('interrupted while it sets up a home, ends all it began', async () => {
    const { child, exit } = start();
    await expect.poll(() => processesOf(home).some((line) => line.includes('initdb')), { timeout: 20_000 }).toBe(true);
    child.kill('SIGINT');
    expect(await exit).toEqual([0, null]);
    expect(processesOf(home)).toEqual([]);
  });

  test('with a port in use names port and variable, and ends all it began', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const address = taken.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    for (const variable of ['TIDEGATE_PORT', 'TIDEGATE_POSTGRES_PORT']) {
      const { said, exit } = start({ [variable]: String(port) });
      expect(await exit, said.join('')).toEqual([1, null]);
      expect(said.join('')).toMatch(new RegExp(`${port} is in use`));
      expect(said.join('')).toContain(variable);
      expect(processesOf(home)).toEqual([]);
    }
    taken.close();
  });

  test('killed, takes its parts with it, and the next start is ready', async () => {
    const ports = await freePorts(2);
    const env = { TIDEGATE_PORT: String(ports[0]), TIDEGATE_POSTGRES_PORT: String(ports[1]) };
    const ready = ({ said }: Started) => expect.poll(() => said.join(''), { timeout: 60_000 }).toMatch(/^ready /m);
    const first = start(env);
    await ready(first);
    first.child.kill('SIGKILL');
    await first.exit;
    await nothingRuns();
    const second = start(env);
    await ready(second);
    second.child.kill('SIGTERM');
    expect(await second.exit).toEqual([0, null]);
    expect(processesOf(home)).toEqual([]);
  });
});
