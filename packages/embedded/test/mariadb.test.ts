/** The private MariaDB: what holds while it runs, and what a killed owner, server or set-up leaves to the next start. */
import { once, setMaxListeners } from 'node:events';
import { watch } from 'node:fs';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Mariadb, removeMariadb, startMariadb } from '../src/index.ts';
import { temporaryMariadb } from '../src/testing.ts';
import { isRunning, killHard, socketsOf, spawnOwner } from './support/processes.ts';

async function rowsOf(server: Mariadb, sql: string, database?: string): Promise<Record<string, unknown>[]> {
  const client = await createConnection(server.connection(database));
  try {
    const [rows] = await client.query<RowDataPacket[]>(sql);
    return Array.isArray(rows) ? rows.map((row) => ({ ...row })) : [];
  } finally {
    await client.end();
  }
}

const failureOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => null,
    (error: unknown) => error,
  );

const asRoot = process.getuid?.() === 0;

let dataDir: string;
const makeFolder = async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'tidegate-test-'));
  await chmod(dataDir, 0o711);
};

describe('a running server', () => {
  let server: Mariadb;
  beforeAll(async () => {
    await makeFolder();
    server = await startMariadb({ name: 'test', dataDir, databases: ['work', 'odd `name`', "o'clock"] });
  });
  afterAll(async () => {
    await server?.stop();
    await removeMariadb(dataDir);
  });

  test('is made with the databases asked for, in UTF-8 and UTC, durable, with its scheduler on', async () => {
    expect(server.fresh).toBe(true);
    const settings = await rowsOf(
      server,
      `SELECT @@character_set_server AS charset, @@time_zone AS zone, @@event_scheduler AS events, @@version AS version,
              @@innodb_flush_log_at_trx_commit AS flush, @@innodb_doublewrite AS doublewrite, @@local_infile AS files, @@tmpdir AS temporary`,
    );
    expect(settings).toEqual([
      {
        charset: 'utf8mb4',
        zone: '+00:00',
        events: 'ON',
        version: expect.stringContaining(server.version),
        flush: 1,
        doublewrite: 1,
        files: 0,
        temporary: join(dataDir, 'tmp'),
      },
    ]);
    const databases = (await rowsOf(server, 'SHOW DATABASES')).map((row) => row.Database);
    expect(databases).toEqual(expect.arrayContaining(['work', 'odd `name`', "o'clock"]));
    expect(databases).not.toContain('test');
  });

  test('knows one administrator, by password, through the socket', async () => {
    const accounts = await rowsOf(server, 'SELECT User AS user, Host AS host FROM mysql.user ORDER BY 1');
    expect(accounts).toEqual([
      { user: 'mariadb.sys', host: 'localhost' }, // locked: the system views' definer
      { user: 'root', host: 'localhost' },
    ]);
    for (const password of ['wrong', '']) {
      const attempt = createConnection({ ...server.connection(), password });
      expect(await failureOf(attempt)).toMatchObject({ code: 'ER_ACCESS_DENIED_ERROR' });
    }
  });

  test.skipIf(process.platform !== 'linux')('opens no TCP port', async () => {
    expect(server.port).toBeNull();
    const { all, tcp } = await socketsOf(server.pid);
    expect(all).toBeGreaterThan(0);
    expect(tcp).toBe(0);
  });

  test('keeps its password, data, socket and log from other users; nothing but data is the server’s', async () => {
    const mode = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);
    expect(await mode(server.passwordFile)).toBe('600');
    expect(await mode(server.dataFolder)).toBe('700');
    expect(await mode(server.socketDir)).toBe('700');
    expect(await mode(join(dataDir, 'mariadb.log'))).toBe('600');
    expect((await readdir(dataDir)).filter((name) => name.startsWith('making-'))).toEqual([]);
    if (!asRoot) return;
    expect((await stat(`/proc/${server.pid}`)).uid).not.toBe(0);
    expect((await stat(join(dataDir, 'mariadb.cnf'))).uid).toBe(0);
  });

  test('logs no statement, though it failed and held a secret', async () => {
    await expect(rowsOf(server, "SET PASSWORD FOR nobody_here = PASSWORD('hunter2-secret')")).rejects.toThrow();
    await server.stop();
    const log = await readFile(join(dataDir, 'mariadb.log'), 'utf8');
    expect(log).toContain('ready for connections');
    expect(log).not.toContain('hunter2');
    server = await startMariadb({ name: 'test', dataDir });
  });

  test('comes back with its data, its password and its place; its own stop is no crash', async () => {
    await rowsOf(server, 'CREATE TABLE kept AS SELECT 42 AS answer', 'work');
    const { password, dataFolder, socketPath } = server;
    let crashed = false;
    void server.crashed.then(() => {
      crashed = true;
    });
    await server.stop();
    await server.stop(); // idempotent
    server = await startMariadb({ name: 'test', dataDir, databases: ['work', 'later'] });
    expect(crashed).toBe(false);
    expect(server).toMatchObject({ password, dataFolder, socketPath, fresh: false });
    expect(await rowsOf(server, 'SELECT answer FROM kept', 'work')).toEqual([{ answer: 42 }]);
    expect(await rowsOf(server, "SHOW DATABASES LIKE 'later'")).toHaveLength(1);
  });

  test('refuses data of another version, and data whose password is gone', async () => {
    await server.stop();
    const version = join(server.dataFolder, 'mysql_upgrade_info');
    const made = await readFile(version, 'utf8');
    await writeFile(version, '5.5.68-MariaDB');
    expect(await failureOf(startMariadb({ name: 'test', dataDir }))).toMatchObject({ code: 'wrong_version' });
    await writeFile(version, made);
    await rm(server.passwordFile);
    expect(await failureOf(startMariadb({ name: 'test', dataDir }))).toMatchObject({ code: 'password_lost' });
    await writeFile(server.passwordFile, `${server.password}\n`, { mode: 0o600 });
    server = await startMariadb({ name: 'test', dataDir });
  });
});

describe('options', () => {
  test('listen: a free TCP port; settings; those it rests on are refused before anything is made', async () => {
    await using server = await temporaryMariadb({
      listen: { host: '127.0.0.1', port: 0 },
      settings: { event_scheduler: 'OFF' },
    });
    await rowsOf(server, "CREATE USER 'guest'@'%' IDENTIFIED BY 'long enough'");
    const { port } = server;
    const client = await createConnection({
      host: '127.0.0.1',
      port: port ?? 0,
      user: 'guest',
      password: 'long enough',
    });
    const [rows] = await client.query('SELECT @@event_scheduler AS events');
    expect(rows).toEqual([{ events: 'OFF' }]);
    await client.end();
    // Its own administrator does not come in that way.
    const { user, password } = server;
    const attempt = createConnection({ host: '127.0.0.1', port: port ?? 0, user, password });
    expect(await failureOf(attempt)).toMatchObject({ code: 'ER_ACCESS_DENIED_ERROR' });

    const refused: Record<string, string>[] = [{ datadir: '/' }, { 'bad-name': '1' }, { sql_mode: 'ANSI\nport = 1' }];
    for (const settings of refused) {
      expect(await failureOf(temporaryMariadb({ settings }))).toMatchObject({ code: 'bad_option' });
    }
    const taken = temporaryMariadb({ listen: { host: '127.0.0.1', port: port ?? 0 } });
    expect(await failureOf(taken)).toMatchObject({
      code: 'start_failed',
      message: expect.stringContaining('Address already in use'),
    });
  });
});

describe('faults', () => {
  beforeEach(makeFolder);
  afterEach(async () => {
    await removeMariadb(dataDir);
  });

  async function clientOf(socketDir: string, password: string): Promise<Connection> {
    const socketPath = join(socketDir, 'mariadb.sock');
    const client = await createConnection({ socketPath, user: 'root', password, database: 'work' });
    client.on('error', () => undefined); // the end of the server is what these tests are about
    return client;
  }

  test('a killed owner takes its server along, and the next start has what was committed', async () => {
    const { child, ready } = spawnOwner({ dataDir, mariadb: true });
    const owned = await ready;
    const client = await clientOf(owned.socketDir, owned.password);
    await client.query('CREATE TABLE kept AS SELECT 42 AS answer');
    const busy = failureOf(client.query('SELECT SLEEP(600)'));
    const second = await failureOf(startMariadb({ name: 'test', dataDir }));
    expect(second).toMatchObject({ code: 'in_use', message: expect.stringContaining(`process ${child.pid}`) });
    await killHard(child);
    expect(await busy).toBeInstanceOf(Error);

    await using server = await startMariadb({ name: 'test', dataDir });
    expect(isRunning(owned.pid)).toBe(false);
    expect(await rowsOf(server, 'SELECT answer FROM kept', 'work')).toEqual([{ answer: 42 }]);
    // It was told to shut down, and did so in order: nobody but the lifeline can have told it.
    expect(await readFile(join(dataDir, 'mariadb.log'), 'utf8')).not.toMatch(/crash recovery/i);
  });

  test('an owner that stops ends the server, and itself', async () => {
    const { child, ready } = spawnOwner({ dataDir, mariadb: true });
    const owned = await ready;
    const exit = once(child, 'exit');
    child.kill('SIGTERM');
    expect(await exit).toEqual([0, null]);
    expect(isRunning(owned.pid)).toBe(false);
  });

  test('a killed server is reported, and recovers what was committed, at the same address', async () => {
    const server = await startMariadb({ name: 'test', dataDir, databases: ['work'] });
    await rowsOf(server, 'CREATE TABLE kept AS SELECT seq FROM seq_1_to_10000', 'work');
    process.kill(server.pid, 'SIGKILL');
    expect(await server.crashed).toMatchObject({ code: null, signal: 'SIGKILL' });
    await using again = await startMariadb({ name: 'test', dataDir });
    expect(again.socketPath).toBe(server.socketPath);
    expect(await rowsOf(again, 'SELECT COUNT(*) AS n FROM kept', 'work')).toEqual([{ n: 10_000 }]);
  });

  test('a set-up that was killed half-way is done again from the beginning', async () => {
    const begun = watch(dataDir);
    setMaxListeners(0, begun);
    const { child, ready } = spawnOwner({ dataDir, mariadb: true });
    ready.catch(() => undefined);
    for (;;) {
      const [, name] = await once(begun, 'change');
      if (String(name).startsWith('making-')) break;
    }
    await killHard(child);
    begun.close();
    expect((await readdir(dataDir)).includes('data')).toBe(false);

    await using server = await startMariadb({ name: 'test', dataDir });
    expect(server.fresh).toBe(true);
    expect((await readdir(dataDir)).filter((name) => name.startsWith('making-'))).toEqual([]);
  });

  test.skipIf(!asRoot)('under a 0700 folder, as root: the data goes where the server’s user can enter', async () => {
    await chmod(dataDir, 0o700);
    const home = join(dataDir, 'shop');
    const server = await startMariadb({ name: 'test', dataDir: home });
    expect(server.dataFolder).toMatch(/^\/var\/lib\/tidegate\/test-[0-9a-f]{12}\/data$/);
    await server.stop();
    await removeMariadb(home);
    expect(await failureOf(stat(server.dataFolder))).toMatchObject({ code: 'ENOENT' });
  });
});
