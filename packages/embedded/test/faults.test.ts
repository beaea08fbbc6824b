/** What a killed owner, a killed server, a killed set-up and a second owner leave behind, and what the next start does. */
import { once, setMaxListeners } from 'node:events';
import { watch } from 'node:fs';
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { removeCluster, startCluster } from '../src/index.ts';
import { clientOf, isRunning, killHard, spawnOwner } from './support/processes.ts';

let dataDir: string;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'tidegate-test-'));
  await chmod(dataDir, 0o711);
});
afterEach(async () => {
  await removeCluster(dataDir);
});

test('a killed owner takes its server along, sessions and all, and the next start is at once a clean one', async () => {
  const { child, ready } = spawnOwner({ dataDir });
  const owned = await ready;
  const client = clientOf(owned);
  await client.connect();
  await client.query('CREATE TABLE kept AS SELECT 42 AS answer');
  const busy = client.query('SELECT pg_sleep(600)').catch((error: unknown) => error);
  await killHard(child);
  // The server's own word that it was told to shut down: nobody but the lifeline can have told it.
  expect(await busy).toMatchObject({ code: '57P01' });

  await using cluster = await startCluster({ name: 'test', dataDir });
  expect(isRunning(owned.pid)).toBe(false);
  const again = new Client(cluster.connection('work'));
  await again.connect();
  expect((await again.query('SELECT answer FROM kept')).rows).toEqual([{ answer: 42 }]);
  await again.end();
});

test('an owner that stops ends the server, and itself', async () => {
  const { child, ready } = spawnOwner({ dataDir });
  const owned = await ready;
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  expect(await exit).toEqual([0, null]);
  expect(isRunning(owned.pid)).toBe(false);
});

test('Ctrl-C at a terminal does not reach the server: its owner decides when it ends', async () => {
  const { child, ready } = spawnOwner({ dataDir });
  const owned = await ready;
  expect(() => process.kill(-owned.pid, 0)).not.toThrow(); // leads a process group of its own
  await killHard(child);
});

test('a second owner is refused and told who has it; the first is not disturbed', async () => {
  const { child, ready } = spawnOwner({ dataDir });
  const owned = await ready;
  const refusal = await startCluster({ name: 'test', dataDir }).catch((error: unknown) => error);
  expect(refusal).toMatchObject({ code: 'in_use', message: expect.stringContaining(`process ${child.pid}`) });
  const client = clientOf(owned);
  await client.connect();
  expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  await client.end();
  await killHard(child);
});

test('one process cannot own a folder twice either', async () => {
  await using cluster = await startCluster({ name: 'test', dataDir });
  await expect(startCluster({ name: 'test', dataDir })).rejects.toMatchObject({ code: 'in_use' });
  expect(isRunning(cluster.pid)).toBe(true);
});

test('a killed server is reported, and recovers what was committed, while its orphans are still busy', async () => {
  const cluster = await startCluster({ name: 'test', dataDir, databases: ['work'] });
  const owned = { ...cluster.connection('work'), socketDir: cluster.socketDir, pid: cluster.pid, dataFolder: '' };
  const client = clientOf(owned);
  await client.connect();
  await client.query('CREATE TABLE kept AS SELECT generate_series(1, 10000) AS n');
  const orphan = clientOf(owned);
  await orphan.connect();
  const { rows } = await orphan.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  // Busy without ever waiting: such a backend does not notice that its postmaster is dead.
  void orphan.query('SELECT count(*) FROM generate_series(1, 1e10::bigint)').catch(() => undefined);
  for (let state = ''; state !== 'active'; ) {
    const activity = await client.query('SELECT state FROM pg_stat_activity WHERE pid = $1', [rows[0]?.pid]);
    state = activity.rows[0]?.state;
  }
  process.kill(cluster.pid, 'SIGKILL');
  expect(await cluster.crashed).toMatchObject({ code: null, signal: 'SIGKILL' });

  await using again = await startCluster({ name: 'test', dataDir });
  expect(again.socketDir).toBe(cluster.socketDir); // the address that clients know
  expect(isRunning(rows[0]?.pid ?? 0)).toBe(false);
  const after = new Client(again.connection('work'));
  await after.connect();
  expect((await after.query('SELECT count(*)::int AS n FROM kept')).rows).toEqual([{ n: 10_000 }]);
  await after.end();
});

test('a set-up that was killed half-way is done again from the beginning', async () => {
  const begun = watch(dataDir);
  setMaxListeners(0, begun);
  const { child, ready } = spawnOwner({ dataDir });
  ready.catch(() => undefined);
  for (;;) {
    const [, name] = await once(begun, 'change');
    if (String(name).startsWith('making-')) break;
  }
  await killHard(child);
  begun.close();
  expect((await readdir(dataDir)).includes('data')).toBe(false);

  await using cluster = await startCluster({ name: 'test', dataDir });
  expect(cluster.fresh).toBe(true);
  expect((await readdir(dataDir)).filter((name) => name.startsWith('making-'))).toEqual([]);
});

test('with a temp folder for its socket too, a crashed server comes back at the same address', async () => {
  const deep = join(dataDir, 'd'.repeat(60), 'e'.repeat(60));
  const cluster = await startCluster({ name: 'test', dataDir: deep });
  process.kill(cluster.pid, 'SIGKILL');
  await cluster.crashed;
  const again = await startCluster({ name: 'test', dataDir: deep });
  await again.stop();
  expect(again.socketDir).toBe(cluster.socketDir);
  await removeCluster(deep);
  await rm(deep, { recursive: true, force: true });
});
