/** Root and ordinary users: who the server runs as, and where its files go. Most of it can only be tried as root. */
import { chmod, chown, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { removeCluster, startCluster } from '../src/index.ts';
import { clientOf, killHard, spawnOwner } from './support/processes.ts';

const asRoot = process.getuid?.() === 0;
const NOBODY = { uid: 65534, gid: 65534 };

let top: string;
beforeEach(async () => {
  top = await mkdtemp(join(tmpdir(), 'tidegate-test-')); // 0700
});
afterEach(async () => {
  await removeCluster(join(top, 'store'));
  await rm(top, { recursive: true, force: true });
});

async function uidOf(path: string): Promise<number> {
  return (await stat(path)).uid;
}

describe.skipIf(!asRoot)('as root', () => {
  test('a home under a 0700 folder: the data goes where another user can enter, and the home says where', async () => {
    const dataDir = join(top, 'store');
    const first = await startCluster({ name: 'test', dataDir, databases: ['work'] });
    expect(first.dataFolder).toMatch(/^\/var\/lib\/tidegate\/test-[0-9a-f]{12}\/data$/);
    const { root } = JSON.parse(await readFile(join(dataDir, 'place.json'), 'utf8'));
    expect(join(root, 'data')).toBe(first.dataFolder);
    expect(await readFile(join(root, 'home'), 'utf8')).toBe(`${dataDir}\n`);
    expect(await uidOf(first.dataFolder)).not.toBe(0);
    expect((await stat(first.dataFolder)).mode & 0o777).toBe(0o700);
    expect(await uidOf(first.passwordFile)).toBe(0);
    await first.stop();
    await using second = await startCluster({ name: 'test', dataDir });
    expect(second).toMatchObject({ fresh: false, dataFolder: first.dataFolder });
  });

  test('a home that anybody can pass through keeps its data', async () => {
    await chmod(top, 0o711);
    await using cluster = await startCluster({ name: 'test', dataDir: join(top, 'store') });
    expect(cluster.dataFolder).toBe(join(top, 'store', 'data'));
  });

  test('a home that was closed to the server’s user since is refused, not started empty elsewhere', async () => {
    await chmod(top, 0o711);
    const dataDir = join(top, 'store');
    const cluster = await startCluster({ name: 'test', dataDir });
    await cluster.stop();
    await chmod(top, 0o700);
    await expect(startCluster({ name: 'test', dataDir })).rejects.toMatchObject({ code: 'unreachable' });
  });

  test('a home of root’s is refused to an ordinary user, in words', async () => {
    await chmod(top, 0o711);
    const dataDir = join(top, 'store');
    const cluster = await startCluster({ name: 'test', dataDir });
    await cluster.stop();
    await expect(spawnOwner({ dataDir }, NOBODY).ready).rejects.toThrow('belongs to another user');
  });

  test('a home whose data folder has vanished is refused, not started empty', async () => {
    const dataDir = join(top, 'store');
    const cluster = await startCluster({ name: 'test', dataDir });
    await cluster.stop();
    await rm(join(cluster.dataFolder, '..'), { recursive: true });
    await expect(startCluster({ name: 'test', dataDir })).rejects.toMatchObject({ code: 'data_missing' });
  });

  test('an emptied home starts anew; the data it had is set aside, once', async () => {
    const dataDir = join(top, 'store');
    const old = await startCluster({ name: 'test', dataDir });
    await old.stop();
    await rm(dataDir, { recursive: true });
    const anew = await startCluster({ name: 'test', dataDir });
    const previous = `${join(anew.dataFolder, '..')}.previous`;
    try {
      expect(anew.fresh).toBe(true);
      expect(anew.password).not.toBe(old.password);
      expect((await stat(join(previous, 'data', 'PG_VERSION'))).isFile()).toBe(true);
    } finally {
      await anew.stop();
      await rm(previous, { recursive: true, force: true });
    }
  });

  test('a copied home is refused while the original is there; a moved one goes on', async () => {
    const dataDir = join(top, 'store');
    const cluster = await startCluster({ name: 'test', dataDir });
    await cluster.stop();
    const other = join(top, 'other');
    await mkdir(other);
    for (const name of ['place.json', 'password']) {
      await writeFile(join(other, name), await readFile(join(dataDir, name)), { mode: 0o600 });
    }
    await expect(startCluster({ name: 'test', dataDir: other })).rejects.toMatchObject({ code: 'in_use' });
    await rm(dataDir, { recursive: true });
    const moved = await startCluster({ name: 'test', dataDir: other });
    await moved.stop();
    await removeCluster(other);
    expect(moved).toMatchObject({ fresh: false, dataFolder: cluster.dataFolder });
  });

  test('an ordinary user starts, is killed, and starts again; root then runs it as that user', async () => {
    await chmod(top, 0o711);
    const dataDir = join(top, 'store');
    await mkdir(dataDir, { mode: 0o700 });
    await chown(dataDir, NOBODY.uid, NOBODY.gid);
    const first = spawnOwner({ dataDir }, NOBODY);
    const owned = await first.ready;
    expect(owned.dataFolder).toBe(join(dataDir, 'data'));
    const client = clientOf(owned);
    await client.connect();
    const cut = client.query('SELECT pg_sleep(600)').catch((error: unknown) => error);
    await killHard(first.child);
    expect(await cut).toMatchObject({ code: '57P01' });

    const second = spawnOwner({ dataDir }, NOBODY);
    expect((await second.ready).dataFolder).toBe(owned.dataFolder);
    await killHard(second.child);

    await using cluster = await startCluster({ name: 'test', dataDir });
    expect(await uidOf(`/proc/${cluster.pid}`)).toBe(NOBODY.uid);
    const again = new Client(cluster.connection('work'));
    await again.connect();
    await again.end();
  });
});

test.skipIf(asRoot)('an ordinary user: the data lies in the home, and the server is that user’s', async () => {
  await using cluster = await startCluster({ name: 'test', dataDir: join(top, 'store') });
  expect(cluster.dataFolder).toBe(join(top, 'store', 'data'));
  expect(await uidOf(cluster.dataFolder)).toBe(process.getuid?.());
});
