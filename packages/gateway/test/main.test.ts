import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { freePort } from '@tidegate/embedded/testing';
import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { lockHome } from '../src/home-lock.ts';
import { optionsFrom } from '../src/options.ts';
import { GATEWAY, TestControl } from './support/control.ts';
import { temporaryFolder } from './support/record.ts';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
let control: TestControl;

beforeEach(async () => {
  control = await TestControl.start();
  control.onConnect = (send) => {
    const now = new Date().toISOString();
    send({ type: 'welcome', gateway: GATEWAY, name: 'test', now, staleAfterMs: 30_000, cutAfterMs: 300_000 });
    send({ type: 'state', revision: 1, resources: [], grants: [] });
  };
});
afterEach(() => control.down());

interface Started {
  readonly child: ChildProcess;
  /** The first message: `ready` or `failed`. */
  readonly said: Promise<{ type: string; message?: string; ports: { port: number }[] }>;
  readonly log: () => string;
}

function start(home: string, env: NodeJS.ProcessEnv = {}): Started {
  const child = fork(MAIN, [], {
    env: {
      PATH: process.env.PATH,
      TIDEGATE_HOME: home,
      TIDEGATE_POSTGRES_PORT: '0',
      TIDEGATE_MYSQL_PORT: '0',
      TIDEGATE_SQLSERVER_PORT: '0',
      TIDEGATE_RELAY_WORKERS: '2',
      TIDEGATE_JOIN_TOKEN: control.token,
      ...env,
    },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let log = '';
  child.stderr?.on('data', (data: Buffer) => {
    log += data.toString();
  });
  const said = once(child, 'message').then(([message]) => message);
  return { child, said, log: () => log };
}

async function exitOf(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.exitCode;
}

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    // A dead child that nobody waited for is no life.
    return !readFileSync(`/proc/${pid}/stat`, 'latin1').includes(') Z ');
  } catch {
    return false;
  }
};
const childrenOf = (pid: number | undefined): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim().split(' ').filter(Boolean).map(Number);

/** Tries to log in as nobody, and gives the refusal. */
async function knock(port: number, user = 'nobody.g0000000'): Promise<string> {
  const client = new Client({ host: '127.0.0.1', port, user, password: 'x', database: 'd', ssl: false });
  client.on('error', () => undefined);
  return client.connect().then(
    () => 'let in',
    (error: Error) => error.message,
  );
}

const refusals = () => [...control.streams.values()].flat().filter((entry) => entry.kind === 'session.refused');

describe('the gateway’s main process', () => {
  it('joins, links, listens, records what workers see, and ends cleanly', async () => {
    const home = temporaryFolder();
    const hello = control.next('hello');
    const { child, said, log } = start(home);
    const ready = await said;
    expect(ready.type).toBe('ready');
    const port = ready.ports[0]?.port ?? 0;
    const listeners = ready.ports.map((each: object) => ({
      ...each,
      tlsRequired: 'engine' in each && each.engine === 'sqlserver',
    }));
    expect(listeners).toMatchObject([{ engine: 'postgres' }, { engine: 'mysql' }, { engine: 'sqlserver' }]);
    expect((await hello).listeners).toEqual(listeners);
    expect(childrenOf(child.pid)).toHaveLength(2);

    await knock(port);
    await vi.waitFor(() => expect(refusals()).toMatchObject([{ data: { loginName: 'nobody.g0000000' } }]), {
      timeout: 20_000,
    });
    const spool = await control.next('spool');
    expect(spool.bytes).toBeGreaterThan(0);

    // Another worker takes the place of one that dies, and records too.
    const [first = 0, second = 0] = childrenOf(child.pid);
    process.kill(first, 'SIGKILL');
    await vi.waitFor(() => expect(childrenOf(child.pid).filter((pid) => pid !== first)).toHaveLength(2), {
      timeout: 20_000,
    });
    process.kill(second, 'SIGKILL');
    await vi.waitFor(
      async () => {
        await knock(port, 'again.g0000000');
        expect(refusals().map(({ data }) => data.loginName)).toContain('again.g0000000');
      },
      { timeout: 20_000, interval: 100 },
    );

    const workers = childrenOf(child.pid);
    child.kill('SIGTERM');
    expect(await exitOf(child)).toBe(0);
    expect(workers.filter(alive)).toEqual([]);
    expect(log()).not.toContain(control.token.split('.')[1]);
    // What the workers recorded is uploaded, and their streams are closed.
    expect(control.closed.size).toBeGreaterThanOrEqual(1);
  });

  it('ends with its supervisor, and its workers with it when it is killed', async () => {
    const home = temporaryFolder();
    const first = start(home);
    await first.said;
    const workers = childrenOf(first.child.pid);
    expect(workers).toHaveLength(2);
    first.child.kill('SIGKILL');
    await vi.waitFor(() => expect(workers.filter(alive)).toEqual([]), { timeout: 20_000 });

    // The home of the dead is free for the next, with the identity it had: the token would not serve again.
    control.refuse.set('/join', 403);
    const second = start(home);
    expect(await second.said).toMatchObject({ type: 'ready' });
    second.child.disconnect();
    expect(await exitOf(second.child)).toBe(0);
  });

  it('lets nobody in when it was restarted without a control plane, and works once it is back', async () => {
    const home = temporaryFolder();
    const first = start(home);
    await first.said;
    first.child.kill('SIGTERM');
    await exitOf(first.child);
    await control.down();
    const port = await freePort();
    const second = start(home, { TIDEGATE_POSTGRES_PORT: String(port), TIDEGATE_JOIN_TOKEN: undefined });
    await vi.waitFor(async () => expect(await knock(port)).not.toMatch(/ECONNREFUSED|let in/), { timeout: 20_000 });
    await control.up();
    expect(await second.said).toMatchObject({ type: 'ready' });
  });

  it('refuses, in words, a home in use, a port in use, no token, and a bad setting', async () => {
    const home = temporaryFolder();
    const first = start(home);
    const port = (await first.said).ports[0]?.port ?? 0;
    const failure = async (folder: string, env: NodeJS.ProcessEnv = {}) => {
      const { child, said } = start(folder, env);
      const { type, message } = await said;
      expect(type).toBe('failed');
      expect(await exitOf(child)).toBe(1);
      return message;
    };
    expect(await failure(home)).toContain(`already running on this home (process ${first.child.pid}`);
    expect(await failure(temporaryFolder(), { TIDEGATE_POSTGRES_PORT: String(port) })).toMatch(
      new RegExp(`port ${port} is in use .* Set TIDEGATE_POSTGRES_PORT`),
    );
    expect(await failure(temporaryFolder(), { TIDEGATE_JOIN_TOKEN: undefined })).toContain('gateways join-token');
    expect(await failure(temporaryFolder(), { TIDEGATE_RELAY_WORKERS: 'many' })).toContain('TIDEGATE_RELAY_WORKERS');
  });
});

describe('a home', () => {
  it('is locked by one process at a time, and free when that is gone', () => {
    const file = `${temporaryFolder()}/lock`;
    const lock = lockHome(file);
    expect(() => lockHome(file)).toThrow(`process ${process.pid}`);
    lock.release();
    lockHome(file).release();
  });
});

describe('options', () => {
  it('come from the environment, with the defaults that the README names', () => {
    expect(optionsFrom({ TIDEGATE_HOME: '/h', TIDEGATE_RELAY_WORKERS: '3' })).toEqual({
      folder: '/h/gateway',
      bind: '127.0.0.1',
      advertise: '127.0.0.1',
      ports: new Map([
        ['postgres', 7432],
        ['mysql', 7306],
        ['sqlserver', 7433],
      ]),
      workers: 3,
      relayRuntime: null,
      spoolLimitBytes: 2 ** 31,
      durability: 'process',
      joinToken: null,
    });
    expect(() => optionsFrom({ TIDEGATE_POSTGRES_PORT: '99999' })).toThrow('TIDEGATE_POSTGRES_PORT');
  });
});
