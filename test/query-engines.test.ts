/** What the browser's editor opens before a relay, by each engine's own library: results, errors, cancelling, the end. */
import type { Connection } from '@tidegate/contract';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Column, Driver, OpenDriver, Sink } from '../packages/control/src/query/driver.ts';
import { openMysql } from '../packages/control/src/query/mysql.ts';
import { readSchema } from '../packages/control/src/query/schema.ts';
import { openSqlserver } from '../packages/control/src/query/sqlserver.ts';
import * as mysql from '../packages/gateway/test/mysql-support.ts';
import { type RelayWorld, type TestGrant, TestRelay } from '../packages/gateway/test/relay-support.ts';
import * as sqlserver from '../packages/gateway/test/sqlserver-relay.ts';

interface Stage {
  readonly world: RelayWorld & { end(): Promise<void> };
  readonly newGrant: () => Promise<TestGrant>;
}

interface Tried {
  readonly engine: 'mysql' | 'sqlserver';
  readonly database: string;
  readonly open: OpenDriver;
  readonly set: () => Promise<Stage>;
  readonly sql: {
    readonly values: string;
    readonly sleep: string;
    /** What the engine says to a table that is not there. */
    readonly missing: string;
  };
}

const ENGINES: readonly Tried[] = [
  {
    engine: 'mysql',
    database: mysql.DATABASE,
    open: openMysql,
    async set() {
      const world = await mysql.newMysqlWorld();
      return { world, newGrant: () => mysql.newMysqlGrant(world) };
    },
    sql: {
      values: "SELECT 1 AS n, 'é' AS text, NULL AS nothing, x'00ff' AS bytes",
      sleep: 'SELECT sleep(600)',
      missing: '42S02',
    },
  },
  {
    engine: 'sqlserver',
    database: sqlserver.DATABASE,
    open: openSqlserver,
    async set() {
      const world = await sqlserver.newSqlServerWorld();
      return { world, newGrant: () => sqlserver.newSqlServerGrant(world) };
    },
    sql: {
      values: "SELECT 1 AS n, N'é' AS text, NULL AS nothing, 0x00ff AS bytes",
      sleep: "WAITFOR DELAY '00:10:00'",
      missing: '208',
    },
  },
];

/** What one run said. */
class Kept implements Sink {
  readonly said: { columns: string[]; rows: (string | null)[][]; command: string; count: number | null }[] = [];
  #columns: string[] = [];
  #rows: (string | null)[][] = [];
  columns(columns: readonly Column[]): void {
    this.#columns = columns.map(({ name }) => name);
  }
  row(values: readonly (string | null)[]): boolean {
    this.#rows.push([...values]);
    return true;
  }
  result(command: string, count: number | null): void {
    this.said.push({ columns: this.#columns, rows: this.#rows, command, count });
    this.#columns = [];
    this.#rows = [];
  }
  notice(): void {}
}

describe.each(ENGINES)('$engine', ({ engine, database, open, set, sql }) => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await set();
  });
  afterAll(() => stage.world.end());

  async function session(): Promise<{ driver: Driver; relay: TestRelay; grant: TestGrant }> {
    const { world } = stage;
    const grant = await stage.newGrant();
    const relay = await TestRelay.start(world, [grant], { tlsRequired: true });
    onTestFinished(() => relay.stop());
    const [ticket] = grant.grant.tickets;
    const connection: Connection = {
      grant: grant.grant.id,
      ticket: ticket?.id ?? expect.fail('no ticket'),
      engine,
      gateway: 'local',
      host: 'localhost',
      port: relay.port,
      user: grant.user,
      password: grant.passwords[0] ?? '',
      database,
      ca: world.tls.ca,
      tlsRequired: true,
      expiresAt: grant.grant.expiresAt ?? '',
    };
    const driver = await open(connection, 'tidegate query');
    onTestFinished(() => driver.close());
    return { driver, relay, grant };
  }
  const run = async (driver: Driver, text: string) => {
    const kept = new Kept();
    await driver.run(text, kept);
    return kept.said;
  };

  it('values come as text, and several results one after the other', async () => {
    const { driver } = await session();
    const [one] = await run(driver, sql.values);
    expect(one).toMatchObject({ columns: ['n', 'text', 'nothing', 'bytes'], rows: [['1', 'é', null, '0x00ff']] });
    const results = await run(driver, 'SELECT 1 AS a; SELECT 2 AS b');
    expect(results.map(({ columns, rows }) => ({ columns, rows }))).toEqual([
      { columns: ['a'], rows: [['1']] },
      { columns: ['b'], rows: [['2']] },
    ]);
  });

  it('what changes rows says how many', async () => {
    const { driver } = await session();
    await run(driver, 'CREATE TABLE counted (n int)');
    const [inserted] = await run(driver, 'INSERT INTO counted VALUES (1), (2), (3)');
    expect(inserted).toMatchObject({ columns: [], count: 3 });
    const [read] = await run(driver, 'SELECT n FROM counted ORDER BY n');
    expect(read).toMatchObject({ rows: [['1'], ['2'], ['3']] });
    await run(driver, 'DROP TABLE counted');
  });

  it("the database's refusal has its number, and the session goes on", async () => {
    const { driver } = await session();
    await expect(run(driver, 'SELECT * FROM nowhere')).rejects.toMatchObject({ code: sql.missing, fatal: false });
    expect(await run(driver, 'SELECT 1 AS n')).toMatchObject([{ rows: [['1']] }]);
  });

  it('completion knows the tables that this principal sees', async () => {
    const { driver } = await session();
    await run(driver, 'CREATE TABLE seen (id int, called varchar(10))');
    const { tables, truncated } = await readSchema(driver, engine);
    expect(truncated).toBe(false);
    expect(tables.find(({ name }) => name === 'seen')?.columns.map(({ name }) => name)).toEqual(['id', 'called']);
    await run(driver, 'DROP TABLE seen');
  });

  it('a statement that runs is cancelled, and the session goes on', async () => {
    const { driver, relay } = await session();
    const running = run(driver, sql.sleep).then(
      () => 'over',
      () => 'over',
    );
    // Cancelled before it is with the server it would wait for nothing.
    await relay.recorded('statement', ({ text }) => text === sql.sleep);
    await driver.cancel();
    expect(await running).toBe('over');
    expect(await run(driver, 'SELECT 1 AS n')).toMatchObject([{ rows: [['1']] }]);
  });

  it('a statement that runs when the session is cut ends with the reason', async () => {
    const { driver, relay, grant } = await session();
    const running = run(driver, sql.sleep);
    await relay.recorded('statement', ({ text }) => text === sql.sleep);
    const told = expect(running).rejects.toThrow(/was revoked by bob: enough/);
    const over = lossOf(driver);
    await cut(relay, grant);
    await told;
    await over;
  });

  it('a session that is cut while nothing runs is over, and says why where the library hears it', async () => {
    const { driver, relay, grant } = await session();
    const over = lossOf(driver);
    await cut(relay, grant);
    // tedious passes over what comes while nothing runs: the control plane looks it up then (query/ended.ts).
    expect(await over).toMatch(engine === 'sqlserver' ? /^$/ : /was revoked by bob: enough/);
  });
});

const lossOf = (driver: Driver): Promise<string> => {
  const { promise, resolve } = Promise.withResolvers<string>();
  driver.onLost(resolve);
  return promise;
};

const cut = (relay: TestRelay, { grant }: TestGrant): Promise<void> =>
  relay.change([{ ...grant, phase: 'close', closing: { reason: 'revoked', by: 'bob', comment: 'enough' } }]);
