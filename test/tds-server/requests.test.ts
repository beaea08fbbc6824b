import { once } from 'node:events';
import sql from 'mssql';
import { type Connection, Request, TYPES } from 'tedious';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bsqldb, freebcp, tsql } from './clients/freetds.ts';
import { batch, close, configuration, connect, follow, newRequest, type Result } from './clients/tedious.ts';
import type { TdsServer } from './server.ts';
import { administrator, certificates, startShop } from './support.ts';

let server: TdsServer;
let connection: Connection;

beforeAll(async () => {
  server = await startShop((await certificates()).tls);
  connection = await connect(configuration(administrator(server.port)));
});

afterAll(async () => {
  await close(connection);
  await server.close();
});

const target = () => administrator(server.port);

/** sp_executesql with parameters. */
async function execute(text: string, parameters: Record<string, [type: unknown, value: unknown]>): Promise<Result> {
  const { request, result } = newRequest(text);
  for (const [name, [type, value]] of Object.entries(parameters)) request.addParameter(name, type as never, value);
  connection.execSql(request);
  return await result;
}

describe('batches', () => {
  it('answers several results of one batch, each with its own columns', async () => {
    const { columns, rows } = await batch(
      connection,
      "SELECT 1 AS a; SELECT N'zwei' AS b, 3 AS c UPDATE things SET live = 1",
    );
    expect(columns).toEqual([['a'], ['b', 'c']]);
    expect(rows).toEqual([[1], ['zwei', 3]]);
  });

  it('carries the common types, and their nulls', async () => {
    const { rows } = await batch(
      connection,
      `SELECT CAST(1 AS bit), CAST(255 AS tinyint), CAST(-32768 AS smallint), CAST(9007199254740993 AS bigint),
         CAST(1.5 AS float), CAST(1.5 AS real), CAST('12345.6789' AS decimal(18, 4)), CAST('-1.5' AS money),
         CAST('2026-11-22 16:05:03.1234567' AS datetime2), CAST('2026-11-22' AS date), CAST('16:05:03' AS time(0)),
         CAST('2026-11-22 16:05:03.123' AS datetime), CAST('6F9619FF-8B86-D011-B42D-00C04FC964FF' AS uniqueidentifier),
         CAST('ab' AS char(4)), N'Grüße 🎉', 0xCAFE, CAST(NULL AS int), CAST(NULL AS nvarchar(max))`,
    );
    expect(rows).toEqual([
      [
        true,
        255,
        -32768,
        '9007199254740993',
        1.5,
        1.5,
        12345.6789,
        -1.5,
        new Date('2026-11-22T16:05:03.123Z'),
        new Date('2026-11-22T00:00:00Z'),
        new Date('1970-01-01T16:05:03Z'),
        new Date('2026-11-22T16:05:03.123Z'),
        '6F9619FF-8B86-D011-B42D-00C04FC964FF',
        'ab  ',
        'Grüße 🎉',
        Buffer.from('cafe', 'hex'),
        null,
        null,
      ],
    ]);
  });

  it('says what SQL Server says when something is wrong, and goes on where SQL Server does', async () => {
    const fails = async (text: string) =>
      await batch(connection, text).then(
        () => null,
        (error: { number: number }) => error.number,
      );
    expect(await fails('SELECT * FROM nothing')).toBe(208);
    expect(await fails('SELECT nothing FROM things')).toBe(207);
    expect(await fails("INSERT things (name) VALUES ('kettle')")).toBe(2627);
    expect(await fails('INSERT things (price) VALUES (1)')).toBe(515);
    expect(await fails('SELEC 1')).toBe(2812);
    expect(await fails('SELECT 1 FROM WHERE')).toBe(102);
    expect(await fails('SELECT @nobody')).toBe(137);
    expect(await fails('SELECT 1/0')).toBe(8134);
    expect(await fails("RAISERROR('own %s', 16, 1, 'words')")).toBe(50_000);
    expect(await fails('EXEC no_such_procedure')).toBe(2812);
    expect(await fails('USE nowhere')).toBe(911);
    // A constraint ends its statement only.
    const { request, result } = newRequest("INSERT things (name) VALUES ('kettle'); SELECT 'after'");
    const rows: unknown[] = [];
    request.on('row', (row) => rows.push(row[0].value));
    connection.execSqlBatch(request);
    await expect(result).rejects.toThrow('Violation of UNIQUE KEY');
    expect(rows).toEqual(['after']);
  });

  it('tells PRINT and RAISERROR of low severity as messages', async () => {
    const heard: [number, string][] = [];
    const listen = (message: { number: number; message: string }) => heard.push([message.number, message.message]);
    connection.on('infoMessage', listen);
    await batch(connection, "PRINT 'hello'; RAISERROR('by the way', 10, 1)");
    connection.off('infoMessage', listen);
    expect(heard).toEqual([
      [0, 'hello'],
      [50_000, 'by the way'],
    ]);
  });

  it('knows variables, IF, WHILE, TRY and CATCH, and @@ROWCOUNT', async () => {
    const { rows } = await batch(
      connection,
      `DECLARE @i int = 0, @text nvarchar(20);
       WHILE @i < 3 SET @i += 1
       IF EXISTS (SELECT 1 FROM things) SET @text = N'there' ELSE SET @text = N'empty'
       BEGIN TRY
         SELECT 1/0
       END TRY
       BEGIN CATCH
         SET @text = @text + N', caught'
       END CATCH
       SELECT @i, @text
       SELECT TOP (1) name FROM things ORDER BY id DESC
       SELECT @@ROWCOUNT`,
    );
    expect(rows.filter((row) => row.length === 2)).toEqual([[3, 'there, caught']]);
    expect(rows.at(-1)).toEqual([1]);
  });

  it('changes the database with USE, and says so', async () => {
    const changed = once(connection, 'databaseChange');
    await batch(connection, 'USE master');
    expect(await changed).toEqual(['master']);
    await batch(connection, 'USE shop');
  });

  it('keeps transactions, by statement and by request', async () => {
    const count = async () => (await batch(connection, 'SELECT COUNT(*) FROM things')).rows[0]?.[0];
    const before = await count();
    await batch(connection, "BEGIN TRAN; INSERT things (name) VALUES ('never'); SAVE TRAN here; ROLLBACK TRAN");
    expect(await count()).toBe(before);
    const begun = Promise.withResolvers<void>();
    connection.beginTransaction((error) => (error ? begun.reject(error) : begun.resolve()));
    await begun.promise;
    await batch(connection, "INSERT things (name) VALUES ('also never')");
    expect((await batch(connection, 'SELECT @@TRANCOUNT')).rows).toEqual([[1]]);
    const back = Promise.withResolvers<void>();
    connection.rollbackTransaction((error) => (error ? back.reject(error) : back.resolve()));
    await back.promise;
    expect(await count()).toBe(before);
  });
});

describe('calls', () => {
  it('runs sp_executesql with bound values', async () => {
    const { rows } = await execute(
      'SELECT @name AS name, @many AS many, @price AS price, @at AS at, @none AS none, @bytes AS bytes',
      {
        name: [TYPES.NVarChar, 'Ärger'],
        many: [TYPES.BigInt, '5000000000'],
        price: [TYPES.Decimal, 12.5],
        at: [TYPES.DateTime2, new Date('2026-02-03T04:05:06.789Z')],
        none: [TYPES.Int, null],
        bytes: [TYPES.VarBinary, Buffer.from([1, 2, 3])],
      },
    );
    expect(rows[0]?.[0]).toBe('Ärger');
    expect(rows[0]?.[1]).toBe('5000000000');
    expect(rows[0]?.[3]).toEqual(new Date('2026-02-03T04:05:06.789Z'));
    expect(rows[0]?.[4]).toBeNull();
    expect(rows[0]?.[5]).toEqual(Buffer.from([1, 2, 3]));
  });

  it('prepares, executes more than once, and forgets', async () => {
    const executed: unknown[][] = [];
    const settled = Promise.withResolvers<number>();
    let over = settled;
    const request = new Request('SELECT @n * 2', (error, count) =>
      error ? over.reject(error) : over.resolve(count ?? 0),
    );
    request.addParameter('n', TYPES.Int);
    request.on('row', (row) => executed.push(row.map((column: { value: unknown }) => column.value)));
    const prepared = once(request, 'prepared');
    connection.prepare(request);
    await prepared;
    for (const n of [21, 4]) {
      over = Promise.withResolvers<number>();
      connection.execute(request, { n });
      await over.promise;
    }
    over = Promise.withResolvers<number>();
    connection.unprepare(request);
    await over.promise;
    expect(executed).toEqual([[42], [8]]);
  });

  it('calls a procedure by name, with output and return status', async () => {
    await batch(
      connection,
      "CREATE PROCEDURE dbo.twice @n int, @text nvarchar(20) = N'x', @out int OUTPUT AS SET @out = @n * 2 SELECT @text AS text RETURN 7",
    );
    const settled = Promise.withResolvers<number>();
    const request = new Request('dbo.twice', (error, count) =>
      error ? settled.reject(error) : settled.resolve(count ?? 0),
    );
    request.addParameter('n', TYPES.Int, 21);
    request.addOutputParameter('out', TYPES.Int);
    const result = follow(request, settled.promise);
    connection.callProcedure(request);
    expect(await result).toMatchObject({ rows: [['x']], outputs: { out: 42 }, status: 7 });
  });

  it('numbers what is inserted, and gives it back', async () => {
    const { rows } = await execute(
      'INSERT INTO things (name) OUTPUT INSERTED.id VALUES (@name); SELECT SCOPE_IDENTITY() AS id',
      {
        name: [TYPES.NVarChar, 'numbered'],
      },
    );
    expect(Number(rows[0]?.[0])).toBeGreaterThan(2);
  });
});

describe('attention', () => {
  const cancelled = async (text: string, when: (request: Request) => Promise<unknown>) => {
    const { request, result } = newRequest(text);
    const outcome = result.then(
      () => 'done',
      (error: { code: string }) => error.code,
    );
    connection.execSqlBatch(request);
    await when(request);
    connection.cancel();
    return await outcome;
  };

  it('ends WAITFOR', async () => {
    const seen = server.messages.length;
    expect(
      await cancelled("WAITFOR DELAY '00:05:00'", () =>
        expect.poll(() => server.messages.length).toBeGreaterThan(seen),
      ),
    ).toBe('ECANCEL');
    expect((await batch(connection, 'SELECT 1')).rows).toEqual([[1]]);
  });

  it('ends a long result while it streams', async () => {
    const endless = 'WITH n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n) SELECT i FROM n OPTION (MAXRECURSION 0)';
    expect(await cancelled(endless, (request) => once(request, 'row'))).toBe('ECANCEL');
    expect((await batch(connection, 'SELECT 2')).rows).toEqual([[2]]);
  });
});

describe('bulk load', () => {
  it('takes rows from tedious', async () => {
    await batch(connection, 'CREATE TABLE loaded (id int NOT NULL, name nvarchar(100) NULL, big nvarchar(max) NULL)');
    const settled = Promise.withResolvers<number>();
    const load = connection.newBulkLoad('loaded', (error, count) =>
      error ? settled.reject(error) : settled.resolve(count ?? 0),
    );
    load.addColumn('id', TYPES.Int, { nullable: false });
    load.addColumn('name', TYPES.NVarChar, { length: 100, nullable: true });
    load.addColumn('big', TYPES.NVarChar, { length: Number.POSITIVE_INFINITY, nullable: true });
    const rows = Array.from({ length: 500 }, (_, id) => ({
      id,
      name: id % 3 === 0 ? null : `row ${id}`,
      big: 'b'.repeat(id * 10),
    }));
    connection.execBulkLoad(load, rows);
    expect(await settled.promise).toBe(500);
    const counted = await batch(connection, 'SELECT COUNT(*), COUNT(name), MAX(LEN(big)) FROM loaded');
    expect(counted.rows).toEqual([[500, 333, 4990]]);
  });

  it('takes rows from FreeTDS', async () => {
    await batch(connection, 'CREATE TABLE copied (id int NOT NULL, name varchar(40) NULL)');
    const { out, err } = await freebcp(target(), 'dbo.copied', '1|one\n2|two\n3|three\n');
    expect(`${out}${err}`).toContain('3 rows copied');
    expect((await batch(connection, 'SELECT name FROM copied ORDER BY id')).rows.flat()).toEqual([
      'one',
      'two',
      'three',
    ]);
  });
});

describe('connections handed on', () => {
  it('forget their transaction, options and temporary tables', async () => {
    await batch(
      connection,
      "SELECT 1 AS x INTO #mine; SET NOCOUNT ON; BEGIN TRAN; INSERT things (name) VALUES ('lost')",
    );
    const reset = Promise.withResolvers<void>();
    connection.reset((error) => (error ? reset.reject(error) : reset.resolve()));
    await reset.promise;
    expect(
      (await batch(connection, "SELECT @@TRANCOUNT; SELECT COUNT(*) FROM things WHERE name = 'lost'")).rows,
    ).toEqual([[0], [0]]);
    await expect(batch(connection, 'SELECT * FROM #mine')).rejects.toThrow("Invalid object name '#mine'");
  });
});

describe('principals', () => {
  it('are contained users that live and die with their password, roles and KILL', async () => {
    await batch(
      connection,
      `CREATE USER [alice.g7k2m] WITH PASSWORD = 'Ticket-password-1';
       ALTER ROLE db_datareader ADD MEMBER [alice.g7k2m];
       EXEC sys.sp_addextendedproperty @name = N'tidegate', @value = N'g7k2m', @level0type = N'USER', @level0name = N'alice.g7k2m'`,
    );
    const alice = { ...target(), user: 'alice.g7k2m', password: 'Ticket-password-1' };
    const hers = await connect(configuration(alice));
    expect((await batch(hers, 'SELECT SUSER_SNAME(), COUNT(*) FROM things')).rows[0]?.[0]).toBe('alice.g7k2m');
    const refused = await batch(hers, 'DELETE things').then(
      () => null,
      (error: { number: number }) => error.number,
    );
    expect(refused).toBe(229);
    const seen = await batch(
      connection,
      `SELECT p.name, e.value FROM sys.database_principals p JOIN sys.extended_properties e ON e.class = 4 AND e.major_id = p.principal_id;
       SELECT session_id FROM sys.dm_exec_sessions WHERE original_login_name = 'alice.g7k2m'`,
    );
    expect(seen.rows[0]).toEqual(['alice.g7k2m', 'g7k2m']);
    const ended = once(hers, 'end');
    await batch(connection, `KILL ${String(seen.rows[1]?.[0])}`);
    await ended;
    await batch(connection, 'DROP USER [alice.g7k2m]');
    await expect(connect(configuration(alice))).rejects.toThrow('Login failed');
  });
});

describe('other clients', () => {
  it('mssql pools connections and resets them', async () => {
    const pool = await sql.connect({
      server: 'localhost',
      port: server.port,
      user: target().user,
      password: target().password,
      database: 'shop',
      options: { trustServerCertificate: true },
    });
    const { recordset } = await pool
      .request()
      .input('name', sql.NVarChar, 'kettle')
      .query('SELECT id, price FROM things WHERE name = @name');
    expect(recordset).toEqual([{ id: 1, price: 24.5 }]);
    await pool.close();
  });

  it('tsql shows results, messages and errors', async () => {
    const { out, err } = await tsql(target(), "SELECT N'Grüße' AS g; PRINT 'said'; SELECT * FROM nothing");
    expect(out).toContain('Grüße');
    expect(`${out}${err}`).toContain('said');
    expect(`${out}${err}`).toContain('Msg 208');
  });

  it('bsqldb reads through DB-Library', async () => {
    const { out } = await bsqldb(target(), 'SELECT id, name FROM things WHERE id <= 2 ORDER BY id');
    expect(out).toContain('1|kettle');
    expect(out).toContain('2|Tasse');
  });
});
