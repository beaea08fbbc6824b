/** The clients that people use, through the relay to SQL Server: what they do works, and stands on record. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sql from 'mssql';
import { type Connection, Request, TYPES } from 'tedious';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { bsqldb, freebcp, tsql } from '../../../test/tds-server/clients/freetds.ts';
import { batch, close, follow, newRequest } from '../../../test/tds-server/clients/tedious.ts';
import { type TestGrant, TestRelay } from './relay-support.ts';
import {
  connectTedious,
  DATABASE,
  newSqlServerGrant,
  newSqlServerWorld,
  type SqlServerWorld,
  targetOf,
} from './sqlserver-relay.ts';

let world: SqlServerWorld;
let folder: string;
let caFile: string;

beforeAll(async () => {
  world = await newSqlServerWorld();
  folder = mkdtempSync(join(tmpdir(), 'sqlserver-clients-'));
  caFile = join(folder, 'ca.pem');
  writeFileSync(caFile, world.tls.ca);
});

afterAll(async () => {
  await world.end();
  rmSync(folder, { recursive: true });
});

async function relayed(): Promise<{ relay: TestRelay; grant: TestGrant; target: ReturnType<typeof targetOf> }> {
  const grant = await newSqlServerGrant(world);
  const relay = await TestRelay.start(world, [grant], { tlsRequired: true });
  onTestFinished(() => relay.stop());
  return { relay, grant, target: targetOf(relay, grant) };
}

/** The texts on record, in order. */
const texts = (relay: TestRelay): unknown[] =>
  relay
    .records()
    .filter(({ kind }) => kind === 'statement')
    .map(({ data }) => data.text);

const values = (relay: TestRelay): unknown[] =>
  relay.records().flatMap(({ data }) => (Array.isArray(data.values) ? data.values : []));

/** Runs a program of the client's own language. Rejects unless it ends well. */
async function run(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const child = spawn(command, args, { env: { ...process.env, ...env } });
  const parts: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (part: string) => parts.push(part));
  }
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(parts.join(''));
  return parts.join('');
}

describe('tedious', () => {
  async function client(): Promise<{ relay: TestRelay; connection: Connection }> {
    const { relay, grant } = await relayed();
    const connection = await connectTedious(world, relay, grant);
    onTestFinished(() => close(connection));
    return { relay, connection };
  }

  it('runs batches with several results, and their counts are on record', async () => {
    const { relay, connection } = await client();
    const text = `INSERT INTO things VALUES (1, N'æ'), (2, N'b'); SELECT name FROM things WHERE id < 3 ORDER BY id`;
    expect((await batch(connection, text)).rows).toEqual([['æ'], ['b']]);
    expect(texts(relay)).toContain(text);
    const op = relay.records().find(({ data }) => data.text === text)?.data.op;
    await expect
      .poll(() => relay.records().filter(({ kind, data }) => kind === 'statement.outcome' && data.op === op))
      .toMatchObject([{ data: { state: 'done', rows: 2 } }, { data: { state: 'done', rows: 2 } }]);
  });

  it('binds values, which are on record with their types', async () => {
    const { relay, connection } = await client();
    const { request, result } = newRequest('SELECT @name, @n, @at');
    request.addParameter('name', TYPES.NVarChar, `o'neil 名`);
    request.addParameter('n', TYPES.Int, 42);
    request.addParameter('at', TYPES.DateTime2, new Date('2026-11-22T10:11:12.345Z'));
    connection.execSql(request);
    expect((await result).rows[0]?.slice(0, 2)).toEqual([`o'neil 名`, 42]);
    expect(texts(relay)).toContain('SELECT @name, @n, @at');
    expect(values(relay)).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ name: '@name', value: `o'neil 名` }),
        expect.objectContaining({ name: '@n', type: 'int', value: 42 }),
      ]),
    );
  });

  it('prepares once and executes often: each execution is on record with its values', async () => {
    const { relay, connection } = await client();
    const rows: unknown[] = [];
    let over = Promise.withResolvers<void>();
    const request = new Request('SELECT @n * 2 AS twice', (error) => (error ? over.reject(error) : over.resolve()));
    request.addParameter('n', TYPES.Int);
    request.on('row', ([cell]) => rows.push(cell.value));
    const prepared = once(request, 'prepared');
    connection.prepare(request);
    await prepared;
    for (const n of [21, 4]) {
      over = Promise.withResolvers();
      connection.execute(request, { n });
      await over.promise;
    }
    expect(rows).toEqual([42, 8]);
    expect(values(relay).filter((value) => (value as { name?: string }).name === '@n')).toMatchObject([
      { value: 21 },
      { value: 4 },
    ]);
  });

  it('calls a procedure, whose name and arguments are on record', async () => {
    const { relay, connection } = await client();
    await world.server.query(
      DATABASE,
      'CREATE OR ALTER PROCEDURE dbo.twice @n int, @out int OUTPUT AS SET @out = @n * 2',
    );
    const settled = Promise.withResolvers<number>();
    const request = new Request('dbo.twice', (error) => (error ? settled.reject(error) : settled.resolve(0)));
    request.addParameter('n', TYPES.Int, 21);
    request.addOutputParameter('out', TYPES.Int);
    const result = follow(request, settled.promise);
    connection.callProcedure(request);
    expect((await result).outputs).toEqual({ out: 42 });
    expect(texts(relay)).toContain('dbo.twice');
    expect(values(relay)).toContainEqual(expect.objectContaining({ name: '@n', value: 21 }));
  });

  it('loads in bulk', async () => {
    const { relay, connection } = await client();
    await batch(connection, 'CREATE TABLE loaded (id int NOT NULL, name nvarchar(max) NULL)');
    const settled = Promise.withResolvers<number>();
    const load = connection.newBulkLoad('loaded', (error, count) =>
      error ? settled.reject(error) : settled.resolve(count ?? 0),
    );
    load.addColumn('id', TYPES.Int, { nullable: false });
    load.addColumn('name', TYPES.NVarChar, { length: Number.POSITIVE_INFINITY, nullable: true });
    connection.execBulkLoad(
      load,
      Array.from({ length: 300 }, (_, id) => ({ id, name: 'n'.repeat(id * 20) })),
    );
    expect(await settled.promise).toBe(300);
    expect(await world.server.query(DATABASE, 'SELECT count(*) FROM loaded')).toEqual([[300n]]);
    expect(texts(relay).some((text) => /^insert bulk/i.test(String(text)))).toBe(true);
    await batch(connection, 'DROP TABLE loaded');
  });

  it('begins, saves and rolls back by requests, which are on record', async () => {
    const { relay, connection } = await client();
    const done = (start: (callback: (error?: Error | null) => void) => void): Promise<void> => {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      start((error) => (error ? reject(error) : resolve()));
      return promise;
    };
    await done((callback) => connection.beginTransaction(callback));
    await batch(connection, `INSERT INTO things VALUES (70, 'never')`);
    await done((callback) => connection.rollbackTransaction(callback));
    expect(await world.server.query(DATABASE, 'SELECT 1 FROM things WHERE id = 70')).toEqual([]);
    expect(texts(relay)).toEqual(expect.arrayContaining(['BEGIN TRANSACTION', 'ROLLBACK TRANSACTION']));
  });

  it('is as good as new after a reset, which the server is told with the next request', async () => {
    const { connection } = await client();
    await batch(connection, 'SELECT 1 AS it INTO #mine; BEGIN TRAN');
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    connection.reset((error) => (error ? reject(error) : resolve()));
    await promise;
    expect((await batch(connection, 'SELECT @@TRANCOUNT')).rows).toEqual([[0]]);
    await expect(batch(connection, 'SELECT * FROM #mine')).rejects.toThrow('#mine');
  });

  it('cancels, also while rows stream, and goes on', async () => {
    const { relay, connection } = await client();
    const endless = 'WITH n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n) SELECT i FROM n OPTION (MAXRECURSION 0)';
    for (const text of [`WAITFOR DELAY '00:10:00'`, endless]) {
      const { request, result } = newRequest(text);
      const outcome = result.then(
        () => 'done',
        (error: { code: string }) => error.code,
      );
      const started =
        text === endless ? once(request, 'row') : relay.recorded('statement', (data) => data.text === text);
      connection.execSqlBatch(request);
      await started;
      connection.cancel();
      expect(await outcome).toBe('ECANCEL');
      expect((await batch(connection, 'SELECT 1')).rows).toEqual([[1]]);
    }
  });
});

describe('mssql', () => {
  it('binds, and runs transactions, on pooled connections', async () => {
    const { relay, target } = await relayed();
    const pool = await new sql.ConnectionPool({
      ...target,
      server: 'localhost',
      options: { trustServerCertificate: true },
      pool: { max: 1, min: 1 },
    }).connect();
    onTestFinished(() => pool.close());
    const { recordset } = await pool.request().input('name', sql.NVarChar, 'x').query('SELECT @name AS name');
    expect(recordset).toEqual([{ name: 'x' }]);
    const transaction = new sql.Transaction(pool);
    await transaction.begin();
    await new sql.Request(transaction).query(`INSERT INTO things VALUES (80, 'kept')`);
    await transaction.commit();
    expect(await world.server.query(DATABASE, 'SELECT name FROM things WHERE id = 80')).toEqual([['kept']]);
    expect(texts(relay)).toContain('SELECT @name AS name');
  });
});

describe('FreeTDS', () => {
  it.each(['7.1', '7.2', '7.3', '7.4'])(
    'tsql by TDS %s reads, with the gateway’s certificate checked',
    async (version) => {
      const { relay, target } = await relayed();
      const { out, err } = await tsql({ ...target, version, caFile }, `SELECT N'Grüße' AS g, SUSER_SNAME() AS me`);
      expect(`${out}${err}`).toContain(`Grüße\t${target.user}\n(1 row affected)`);
      expect(texts(relay).some((text) => String(text).includes('Grüße'))).toBe(true);
    },
  );

  it('bsqldb reads through DB-Library', async () => {
    const { target } = await relayed();
    const { out } = await bsqldb({ ...target, caFile }, 'SELECT 1 AS a, 2 AS b');
    expect(out).toContain('1|2');
  });

  it('freebcp loads in bulk', async () => {
    const { target } = await relayed();
    await world.server.query(DATABASE, 'CREATE TABLE copied (id int NOT NULL, name varchar(40) NULL)');
    const { out, err } = await freebcp({ ...target, caFile }, 'dbo.copied', '1|one\n2|two\n');
    expect(`${out}${err}`).toContain('2 rows copied');
  });

  it('tsql is told why it may not come in', async () => {
    const { target } = await relayed();
    const { out, err } = await tsql({ ...target, password: 'wrong', caFile }, 'SELECT 1');
    expect(`${out}${err}`).toContain('login failed for user');
    expect(`${out}${err}`).toContain('(Tidegate: login_failed)');
  });
});

const PYTHON = `
import os, pymssql
target = dict(server='localhost', port=os.environ['PORT'], user=os.environ['LOGIN'], password=os.environ['TICKET'], database=os.environ['DATABASE'])
with pymssql.connect(tds_version='7.3', **target) as connection:
    cursor = connection.cursor()
    cursor.execute('INSERT INTO things VALUES (%d, %s)', (90, 'fra Python'))
    connection.commit()
    cursor.execute('SELECT name FROM things WHERE id = %d', (90,))
    print(cursor.fetchone()[0])
    cursor.execute("INSERT INTO things VALUES (91, 'never')")
    connection.rollback()
    cursor.execute('SELECT COUNT(*) FROM things WHERE id = 91')
    print(cursor.fetchone()[0])
try:
    pymssql.connect(**{**target, 'password': 'wrong'})
except pymssql.OperationalError as error:
    print('refused', 'login_failed' in str(error))
`;

describe('pymssql', () => {
  it('binds, commits, rolls back, and is told why it may not come in', async () => {
    const { relay, target } = await relayed();
    const config = join(folder, 'freetds.conf');
    writeFileSync(config, `[global]\nencryption = require\nca file = ${caFile}\n`);
    const env = {
      PORT: String(target.port),
      LOGIN: target.user,
      TICKET: target.password,
      DATABASE,
      FREETDSCONF: config,
    };
    expect((await run('/usr/bin/python3', ['-c', PYTHON], env)).trim().split('\n')).toEqual([
      'fra Python',
      '0',
      'refused True',
    ]);
    expect(texts(relay).some((text) => String(text).includes('fra Python'))).toBe(true);
  });
});

const JAVA = `
import java.sql.*;
import java.util.Properties;
public class Client {
  public static void main(String[] args) throws Exception {
    Class.forName("net.sourceforge.jtds.jdbc.Driver");
    String url = "jdbc:jtds:sqlserver://localhost:" + System.getenv("PORT") + ";ssl=require";
    Properties login = new Properties();
    login.put("user", System.getenv("LOGIN"));
    login.put("password", System.getenv("TICKET"));
    login.put("databaseName", System.getenv("DATABASE"));
    try (Connection connection = DriverManager.getConnection(url, login)) {
      try (PreparedStatement insert = connection.prepareStatement("INSERT INTO things VALUES (?, ?)")) {
        for (int id = 60; id < 63; id++) {
          insert.setInt(1, id);
          insert.setString(2, "fra Java " + id);
          insert.executeUpdate();
        }
      }
      try (Statement scroll = connection.createStatement(ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_READ_ONLY);
           ResultSet rows = scroll.executeQuery("SELECT name FROM things WHERE id BETWEEN 60 AND 62 ORDER BY id")) {
        rows.last();
        System.out.println(rows.getString(1));
        rows.first();
        System.out.println(rows.getString(1));
      }
      connection.setAutoCommit(false);
      try (Statement statement = connection.createStatement()) {
        statement.executeUpdate("DELETE FROM things WHERE id = 60");
      }
      connection.rollback();
      try (Statement statement = connection.createStatement();
           ResultSet rows = statement.executeQuery("SELECT COUNT(*) FROM things WHERE id = 60")) {
        rows.next();
        System.out.println(rows.getInt(1));
      }
    }
    login.put("password", "wrong");
    try {
      DriverManager.getConnection(url, login);
    } catch (SQLException refused) {
      System.out.println("refused " + refused.getErrorCode());
    }
  }
}
`;

describe('jTDS', () => {
  it('prepares, scrolls, rolls back, and is told why it may not come in', async () => {
    const { relay, target } = await relayed();
    writeFileSync(join(folder, 'Client.java'), JAVA);
    await run('javac', ['-d', folder, join(folder, 'Client.java')]);
    const env = { PORT: String(target.port), LOGIN: target.user, TICKET: target.password, DATABASE };
    const out = await run('java', ['-cp', `${folder}:/usr/share/java/jtds.jar`, 'Client'], env);
    expect(out.trim().split('\n')).toEqual(['fra Java 62', 'fra Java 60', '1', 'refused 18456']);
    expect(values(relay)).toContainEqual(expect.objectContaining({ value: 'fra Java 61' }));
  });
});
