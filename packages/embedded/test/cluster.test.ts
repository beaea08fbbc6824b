import { mkdtemp, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, removeCluster, startCluster } from '../src/index.ts';
import { temporaryCluster } from '../src/testing.ts';
import { socketsOf } from './support/processes.ts';

async function rowsOf(cluster: Cluster, sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client(cluster.connection('work'));
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    () => null,
    (error: unknown) => error,
  );
}

describe('a running cluster', () => {
  let dataDir: string;
  let cluster: Cluster;
  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'tidegate-test-'));
    cluster = await startCluster({ name: 'test', dataDir, databases: ['work', 'odd "name"'] });
  });
  afterAll(async () => {
    await cluster?.stop();
    await removeCluster(dataDir);
  });

  test('is made with the databases asked for, in UTF-8 and UTC, with fsync', async () => {
    expect(cluster.fresh).toBe(true);
    const [row] = await rowsOf(
      cluster,
      `SELECT current_setting('server_encoding') AS encoding, current_setting('TimeZone') AS zone,
        current_setting('fsync') AS fsync, current_setting('data_checksums') AS checksums, upper('ä') AS upper,
        (SELECT count(*)::int FROM pg_database WHERE datname IN ('work', 'odd "name"')) AS databases`,
    );
    expect(row).toEqual({ encoding: 'UTF8', zone: 'UTC', fsync: 'on', checksums: 'on', upper: 'Ä', databases: 2 });
  });

  test('has one URL that pg and postgres.js both take', async () => {
    const client = new Client({ connectionString: cluster.url('odd "name"') });
    await client.connect();
    expect((await client.query('SELECT current_database() AS name')).rows).toEqual([{ name: 'odd "name"' }]);
    await client.end();
    const { socketDir: host, port, user, password } = cluster;
    const sql = postgres({ host, port, user, password, database: 'work', path: `${host}/.s.PGSQL.${port}` });
    expect([...(await sql`SELECT 1 AS one`)]).toEqual([{ one: 1 }]);
    await sql.end();
  });

  test('wants the password on the socket too, and knows no replication', async () => {
    const wrong = new Client({ ...cluster.connection('work'), password: 'wrong' });
    expect(await failureOf(wrong.connect())).toMatchObject({ code: '28P01' });
    const none = new Client({ ...cluster.connection('work'), password: '' });
    expect(await failureOf(none.connect())).toBeInstanceOf(Error);
    const [row] = await rowsOf(
      cluster,
      "SELECT rolpassword ~ '^SCRAM-SHA-256' AS scram FROM pg_authid WHERE rolname = 'postgres'",
    );
    expect(row).toEqual({ scram: true });
    const rules = await rowsOf(cluster, 'SELECT type, database, user_name, auth_method FROM pg_hba_file_rules');
    expect(rules).toEqual([{ type: 'local', database: ['all'], user_name: ['all'], auth_method: 'scram-sha-256' }]);
  });

  test.skipIf(process.platform !== 'linux')('opens no TCP port', async () => {
    const { all, tcp } = await socketsOf(cluster.pid);
    expect(all).toBeGreaterThan(0);
    expect(tcp).toBe(0);
  });

  test('keeps its password, data and socket from other users', async () => {
    const mode = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);
    expect(await mode(cluster.passwordFile)).toBe('600');
    expect(await mode(cluster.dataFolder)).toBe('700');
    expect(await mode(cluster.socketDir)).toBe('700');
    expect(await mode(join(dataDir, 'postgresql.log'))).toBe('600');
    expect((await readFile(cluster.passwordFile, 'utf8')).trim()).toBe(cluster.password);
  });

  test('logs no statement, though it failed and held a secret', async () => {
    await expect(rowsOf(cluster, "ALTER ROLE nobody_here PASSWORD 'hunter2-secret'")).rejects.toThrow('does not exist');
    await cluster.stop();
    const log = await readFile(join(dataDir, 'postgresql.log'), 'utf8');
    expect(log).toContain('role "nobody_here" does not exist');
    expect(log).not.toContain('hunter2');
    cluster = await startCluster({ name: 'test', dataDir });
  });

  test('comes back with its data, its password and its place', async () => {
    await rowsOf(cluster, 'CREATE TABLE kept AS SELECT 42 AS answer');
    const { password, dataFolder } = cluster;
    await cluster.stop();
    await cluster.stop(); // idempotent
    cluster = await startCluster({ name: 'test', dataDir, databases: ['work', 'later'] });
    expect(cluster).toMatchObject({ password, dataFolder, fresh: false });
    expect(await rowsOf(cluster, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
  });

  test('does not report its own stop as a crash', async () => {
    let crashed = false;
    void cluster.crashed.then(() => {
      crashed = true;
    });
    await cluster.stop();
    cluster = await startCluster({ name: 'test', dataDir });
    expect(crashed).toBe(false);
  });

  test('refuses data of another major version, and data whose password is gone', async () => {
    await cluster.stop();
    const version = join(cluster.dataFolder, 'PG_VERSION');
    await writeFile(version, '9.6\n');
    expect(await failureOf(startCluster({ name: 'test', dataDir }))).toMatchObject({ code: 'wrong_version' });
    await writeFile(version, '18\n');
    await rm(cluster.passwordFile);
    expect(await failureOf(startCluster({ name: 'test', dataDir }))).toMatchObject({ code: 'password_lost' });
    await writeFile(cluster.passwordFile, `${cluster.password}\n`, { mode: 0o600 });
    cluster = await startCluster({ name: 'test', dataDir });
  });
});

describe('options', () => {
  test('listen: a free TCP port, with a password there too', async () => {
    await using cluster = await temporaryCluster({
      listen: { host: '127.0.0.1', port: 0 },
      settings: { work_mem: '5MB' },
    });
    const client = new Client({ ...cluster.connection('postgres'), host: '127.0.0.1' });
    await client.connect();
    expect((await client.query('SHOW work_mem')).rows).toEqual([{ work_mem: '5MB' }]);
    await client.end();
    const wrong = new Client({ ...cluster.connection('postgres'), host: '127.0.0.1', password: 'wrong' });
    expect(await failureOf(wrong.connect())).toMatchObject({ code: '28P01' });
  });

  test('a taken TCP port is a clear refusal, and leaves the folder free', async () => {
    await using first = await temporaryCluster({ listen: { host: '127.0.0.1', port: 0 } });
    const refusal = await failureOf(temporaryCluster({ listen: { host: '127.0.0.1', port: first.port } }));
    expect(refusal).toMatchObject({ code: 'start_failed' });
    expect(String(refusal)).toContain('Address already in use');
  });

  test('a home too deep for a socket gets a private temp folder, gone after the stop', async () => {
    const top = await mkdtemp(join(tmpdir(), 'tidegate-test-'));
    const dataDir = join(top, 'd'.repeat(60), 'e'.repeat(60));
    const cluster = await startCluster({ name: 'test', dataDir, databases: ['work'] });
    try {
      if (process.getuid?.() !== 0) expect(cluster.socketDir.startsWith(await realpath(dataDir))).toBe(false);
      expect(Buffer.byteLength(`${cluster.socketDir}/.s.PGSQL.${cluster.port}`)).toBeLessThan(104);
      expect(await rowsOf(cluster, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    } finally {
      await cluster.stop();
      await removeCluster(dataDir);
      await rm(top, { recursive: true });
    }
    expect(await failureOf(stat(cluster.socketDir))).toMatchObject({ code: 'ENOENT' });
  });

  test('settings that the cluster rests on are refused before anything is made', async () => {
    const refused: Record<string, string>[] = [
      { listen_addresses: '*' },
      { 'bad name': '1' },
      { work_mem: "4MB'\nport = 1" },
    ];
    for (const settings of refused) {
      expect(await failureOf(temporaryCluster({ settings }))).toMatchObject({ code: 'bad_option' });
    }
  });
});
