import { mkdtempSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@tidegate/contract';
import { removeCluster, startCluster } from '@tidegate/embedded';
import { sql } from 'kysely';
import pg from 'pg';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { startClock } from '../../src/access/clock.ts';
import { buildServer } from '../../src/api/server.ts';
import { configChecker } from '../../src/config/checking/checker.ts';
import { wallClock } from '../../src/context.ts';
import { settings } from '../../src/identity/signing-in.ts';
import { startJobs } from '../../src/jobs/runner.ts';
import { createSealer } from '../../src/keys/seal.ts';
import { isOutage } from '../../src/store/outage.ts';
import { UNAWAITED } from '../../src/store/prepared.ts';
import { notify, openStore, type Store } from '../../src/store/store.ts';
import { codeOf, emptyDatabase, withCluster } from '../support/api.ts';

withCluster();

/** Cuts every connection to the store's database but our own. */
async function cutConnections(url: string): Promise<void> {
  const other = new pg.Client(url);
  await other.connect();
  await other.query(
    'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
  );
  await other.end();
}

/** What is heard on `channel`, one after the other. */
function hearing(store: Store, channel: string): { readonly next: () => Promise<string | null> } {
  const heard: (string | null)[] = [];
  let wake = Promise.withResolvers<void>();
  store.listen(channel, (payload) => {
    heard.push(payload);
    wake.resolve();
  });
  return {
    next: async () => {
      while (heard.length === 0) {
        await wake.promise;
        wake = Promise.withResolvers();
      }
      return heard.shift() ?? null;
    },
  };
}

describe('the store', () => {
  test('goes on where a table changes under statements that it has prepared', async () => {
    const url = await emptyDatabase();
    const store = await openStore({ url, maxConnections: 2 });
    const other = new pg.Client(url);
    await other.connect();
    await other.query('CREATE TABLE things (id int); INSERT INTO things VALUES (1)');
    const look = (db: Pick<Store, 'db'>['db']) => sql`SELECT * FROM things WHERE id = ${1}`.execute(db);
    for (let i = 0; i < 20; i++) await Promise.all([look(store.db), look(store.db)]);
    const { rows } = await other.query(
      `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'SELECT * FROM things%'`,
    );
    expect(rows).toHaveLength(2);

    await other.query('ALTER TABLE things ADD COLUMN name text');
    expect((await look(store.db)).rows).toEqual([{ id: 1, name: null }]);
    for (let i = 0; i < 20; i++) await Promise.all([look(store.db), look(store.db)]);
    await other.query('ALTER TABLE things ADD COLUMN size int');
    const attempts: number[] = [];
    const seen = await store.transaction(async (tx) => {
      attempts.push(attempts.length);
      return (await look(tx)).rows;
    });
    expect(seen).toEqual([{ id: 1, name: null, size: null }]);
    expect(attempts).toEqual([0, 1]);
    await other.end();
    await store.close();
  });

  test('what is not waited for fails its transaction all the same, with its own error', async () => {
    const store = await openStore({ url: await emptyDatabase(), maxConnections: 1 });
    await sql`CREATE TABLE things (id int PRIMARY KEY)`.execute(store.db);
    const insert = (tx: Pick<Store, 'db'>['db'], id: number, unawaited: boolean) =>
      sql`${sql.raw(unawaited ? UNAWAITED : '')}INSERT INTO things VALUES (${id})`.execute(tx);
    const kept = async () => (await sql<{ id: number }>`SELECT id FROM things ORDER BY id`.execute(store.db)).rows;
    await store.transaction((tx) => insert(tx, 1, true));
    expect(await kept()).toEqual([{ id: 1 }]);
    const twice = store.transaction(async (tx) => {
      await insert(tx, 2, false);
      await insert(tx, 1, true);
    });
    await expect(twice).rejects.toMatchObject({ code: '23505' });
    const goesOn = store.transaction(async (tx) => {
      await insert(tx, 1, true);
      await insert(tx, 3, false);
    });
    await expect(goesOn).rejects.toMatchObject({ code: '23505' });
    expect(await kept()).toEqual([{ id: 1 }]);
    await store.close();
  });

  test('is made once when several control planes start together', async () => {
    const url = await emptyDatabase();
    const stores = await Promise.all([1, 2, 3].map(() => openStore({ url })));
    const { rows } = await sql<{ name: string }>`SELECT name FROM tidegate_migrations ORDER BY name`.execute(
      stores[0]?.db ?? expect.fail('no store'),
    );
    expect(rows.map(({ name }) => name).slice(0, 2)).toEqual(['0001_access', '0002_record']);
    await Promise.all(stores.map((store) => store.close()));
  });

  test('times and durations come back as they went in', async () => {
    const store = await openStore({ url: await emptyDatabase() });
    const at = Temporal.Instant.from('2026-11-22T12:34:56.789123Z');
    const { rows } = await sql<{ at: Temporal.Instant; long: Temporal.Duration; big: number }>`
      SELECT ${at}::timestamptz AS at, ${Temporal.Duration.from('PT90M')}::interval AS long, 4503599627370496::bigint AS big
    `.execute(store.db);
    expect(rows[0]?.at.equals(at)).toBe(true);
    expect(rows[0]?.long.total('minutes')).toBe(90);
    expect(rows[0]?.big).toBe(4_503_599_627_370_496);
    await store.close();
  });

  test('what is announced is heard at commit, and only then', async () => {
    const store = await openStore({ url: await emptyDatabase() });
    const { next } = hearing(store, 'tidegate_state');
    expect(await next()).toBeNull();
    await expect(
      store.transaction(async (tx) => {
        await notify(tx, 'tidegate_state', 'rolled back');
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    await store.transaction((tx) => notify(tx, 'tidegate_state', 'orders'));
    expect(await next()).toBe('orders');
    await store.close();
  });

  test('cut connections come back by themselves; whoever listens is told to read all again', async () => {
    const url = await emptyDatabase();
    const troubles: Error[] = [];
    const store = await openStore({ url, onTrouble: (error) => troubles.push(error) });
    const { next } = hearing(store, 'tidegate_state');
    expect(await next()).toBeNull();
    await cutConnections(url);
    expect(await next()).toBeNull();
    await store.transaction((tx) => notify(tx, 'tidegate_state', 'orders'));
    expect(await next()).toBe('orders');
    expect(troubles.length).toBeGreaterThan(0);
    await store.close();
  });

  test('a transaction that the database asks to repeat is repeated', async () => {
    const store = await openStore({ url: await emptyDatabase() });
    let attempts = 0;
    const answer = await store.transaction(async (tx) => {
      attempts += 1;
      if (attempts === 1) await sql`DO $$ BEGIN RAISE SQLSTATE '40P01'; END $$`.execute(tx);
      return 'done';
    });
    expect([answer, attempts]).toEqual(['done', 2]);
    await store.close();
  });
});

test('while the store is away the API says so, and goes on when it is back', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'tidegate-outage-'));
  if (process.getuid?.() === 0) await chmod(dataDir, 0o711);
  const start = () => startCluster({ name: 'outage', dataDir, databases: ['tidegate'], settings: { fsync: 'off' } });
  let cluster = await start();
  const url = cluster.url('tidegate');
  const store = await openStore({ url });
  const context = {
    store,
    sealer: createSealer(new Uint8Array(32)),
    now: wallClock,
    random: (size: number) => crypto.getRandomValues(new Uint8Array(size)),
    log: pino({ enabled: false }),
    linkAddress: '127.0.0.1:1',
    signIn: settings({ publicUrl: () => 'http://localhost' }),
    checker: configChecker(),
  };
  const clock = startClock(context);
  const jobs = startJobs(context, url, null);
  const app = await buildServer(
    {
      context,
      waitForTicket: async () => expect.fail('nobody connects'),
      look: async () => expect.fail('nobody looks'),
    },
    { webFolder: null },
  );
  const client = createClient({ url: await app.listen({ host: '127.0.0.1', port: 0 }) });
  const login = () => codeOf(client.login({ user: 'alice', password: 'correct horse battery' }));
  try {
    expect(await login()).toBe('login_failed');
    await cluster.stop('immediate');
    expect(await login()).toBe('unavailable');
    const answer = await fetch(new URL('/readyz', app.listeningOrigin));
    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      503,
      expect.stringContaining('application/problem+json'),
    ]);
    expect((await fetch(new URL('/healthz', app.listeningOrigin))).status).toBe(200);
    cluster = await start();
    await expect.poll(login, { timeout: 20_000 }).toBe('login_failed');
  } finally {
    await app.close();
    await jobs.stop();
    await clock.stop();
    await store.close();
    await cluster.stop('immediate');
    await removeCluster(dataDir);
  }
});

test('an error of ours is not taken for an outage', () => {
  expect(isOutage(new Error('syntax error'))).toBe(false);
  expect(isOutage(Object.assign(new Error('no such file'), { code: 'ENOENT' }))).toBe(false);
  expect(isOutage(Object.assign(new Error('connect ENOENT'), { code: 'ENOENT', syscall: 'connect' }))).toBe(true);
  expect(isOutage(Object.assign(new Error('starting'), { code: '57P03' }))).toBe(true);
  expect(isOutage(Object.assign(new Error('not accepting connections'), { code: '55000' }))).toBe(true);
});
