/** The sessions that `record.ts` records: real clients doing what they do. */
import { once } from 'node:events';
import { type Connection, ISOLATION_LEVEL, TYPES } from 'tedious';
import { bsqldb, freebcp, tsql } from '../../../../test/tds-server/clients/freetds.ts';
import {
  batch,
  close,
  configuration,
  connect,
  newRequest,
  type Target,
} from '../../../../test/tds-server/clients/tedious.ts';

type Play = (target: Target) => Promise<void>;

/** Plays on one connection of tedious. */
function tedious(play: (connection: Connection) => Promise<void>, options = {}): Play {
  return async (target) => {
    const connection = await connect(configuration(target, { encrypt: false, ...options }));
    await play(connection);
    await close(connection);
  };
}

/** Statements that fail are part of the play. */
async function whatever(done: Promise<unknown>): Promise<void> {
  await done.catch((error: unknown) => error);
}

const batches = tedious(async (connection) => {
  await batch(connection, 'SELECT 1 AS a; SELECT name, price, made, picture, notes FROM things ORDER BY id');
  await batch(connection, "UPDATE things SET price = price + 1; DELETE FROM things WHERE name = N'none'");
  await whatever(batch(connection, 'SELECT * FROM no_such_table'));
  await whatever(batch(connection, "INSERT INTO things (name) VALUES (N'kettle')"));
  await batch(connection, 'DECLARE @i int = 0; WHILE @i < 3 BEGIN SET @i = @i + 1; SELECT @i AS i END');
});

const parameters = tedious(async (connection) => {
  const { request, result } = newRequest('SELECT @i, @t, @n, @d, @w, @b, @m, @g, @x, @f');
  request.addParameter('i', TYPES.Int, 7);
  request.addParameter('t', TYPES.NVarChar, 'Grüße');
  request.addParameter('n', TYPES.NVarChar, null);
  request.addParameter('d', TYPES.Decimal, 12.5, { precision: 10, scale: 2 });
  request.addParameter('w', TYPES.DateTime2, new Date('2026-11-22T10:00:00.123Z'), { scale: 3 });
  request.addParameter('b', TYPES.Bit, true);
  request.addParameter('m', TYPES.NVarChar, 'x'.repeat(5000), { length: Number.POSITIVE_INFINITY });
  request.addParameter('g', TYPES.UniqueIdentifier, '6F9619FF-8B86-D011-B42D-00C04FC964FF');
  request.addParameter('x', TYPES.VarBinary, Buffer.from('cafe', 'hex'));
  request.addParameter('f', TYPES.Float, 1.5);
  connection.execSql(request);
  await result;
});

const prepared = tedious(async (connection) => {
  const { request, result } = newRequest('SELECT name FROM things WHERE id = @id');
  request.addParameter('id', TYPES.Int, undefined);
  const ready = once(request, 'prepared');
  connection.prepare(request);
  await ready;
  for (const id of [1, 2]) {
    const done = once(request, 'requestCompleted');
    connection.execute(request, { id });
    await done;
  }
  await result.catch(() => undefined);
  const gone = once(request, 'requestCompleted');
  connection.unprepare(request);
  await gone;
});

const procedures = tedious(async (connection) => {
  await batch(
    connection,
    'CREATE PROCEDURE dbo.twice @n int, @out int OUTPUT AS SET @out = @n * 2 SELECT @n AS n RETURN 7',
  );
  const { request, result } = newRequest('dbo.twice');
  request.addParameter('n', TYPES.Int, 21);
  request.addOutputParameter('out', TYPES.Int, 0);
  connection.callProcedure(request);
  await result;
  const missing = newRequest('dbo.none');
  connection.callProcedure(missing.request);
  await whatever(missing.result);
});

const transactions = tedious(async (connection) => {
  const begin = (): Promise<void> =>
    new Promise((resolve, reject) => {
      connection.beginTransaction((error) => (error ? reject(error) : resolve()), 'tx', ISOLATION_LEVEL.READ_COMMITTED);
    });
  await begin();
  await batch(connection, "UPDATE things SET live = 0 WHERE name = N'Tasse'");
  await new Promise<void>((resolve, reject) => {
    connection.saveTransaction((error) => (error ? reject(error) : resolve()), 'here');
  });
  await new Promise<void>((resolve, reject) => {
    connection.rollbackTransaction((error) => (error ? reject(error) : resolve()), 'tx');
  });
  await begin();
  await new Promise<void>((resolve, reject) => {
    connection.commitTransaction((error) => (error ? reject(error) : resolve()), 'tx');
  });
});

const bulk = tedious(async (connection) => {
  await batch(connection, 'CREATE TABLE dbo.loaded (id int NOT NULL, name nvarchar(50) NULL)');
  await new Promise<void>((resolve, reject) => {
    const load = connection.newBulkLoad('dbo.loaded', (error) => (error ? reject(error) : resolve()));
    load.addColumn('id', TYPES.Int, { nullable: false });
    load.addColumn('name', TYPES.NVarChar, { length: 50, nullable: true });
    connection.execBulkLoad(
      load,
      Array.from({ length: 100 }, (_, id) => [id, `thing ${id}`]),
    );
  });
});

const attention = tedious(async (connection) => {
  const { request, result } = newRequest("WAITFOR DELAY '00:05:00'");
  connection.execSqlBatch(request);
  setTimeout(() => connection.cancel(), 200);
  await whatever(result);
  await batch(connection, 'SELECT 1 AS after');
});

/** Text and rows over many small packets. */
const small = tedious(
  async (connection) => {
    await batch(connection, `SELECT '${'x'.repeat(3000)}' AS long, CAST(NULL AS int) AS n, 'end' AS e`);
    const { request, result } = newRequest(`SELECT @a AS a /* ${'y'.repeat(2000)} */`);
    request.addParameter('a', TYPES.NVarChar, 'z'.repeat(3000));
    connection.execSql(request);
    await result;
  },
  { packetSize: 512 },
);

const reset = tedious(async (connection) => {
  await batch(connection, 'SELECT 1 AS before');
  await new Promise<void>((resolve, reject) => {
    connection.reset((error) => (error ? reject(error) : resolve()));
  });
  await batch(connection, 'SELECT 2 AS after');
});

const old = tedious(
  async (connection) => {
    await batch(connection, 'SELECT 1 AS a; SELECT name FROM things');
    const { request, result } = newRequest('SELECT @i');
    request.addParameter('i', TYPES.Int, 7);
    connection.execSql(request);
    await result;
  },
  { tdsVersion: '7_1' },
);

const STATEMENTS = `SELECT name, price, made, notes FROM things ORDER BY id
go
UPDATE things SET live = 1
go
SELECT * FROM no_such_table
go
BEGIN TRANSACTION
go
SELECT 'grün' AS g, NULL AS n, 1.5 AS f
go
COMMIT`;

const tsqlOf =
  (version: string): Play =>
  async (target) => {
    await tsql({ ...target, version, encryption: 'off' }, STATEMENTS);
  };

export const scenarios: Readonly<Record<string, Play>> = {
  'tedious-batches': batches,
  'tedious-parameters': parameters,
  'tedious-prepared': prepared,
  'tedious-procedures': procedures,
  'tedious-transactions': transactions,
  'tedious-bulk': bulk,
  'tedious-attention': attention,
  'tedious-small-packets': small,
  'tedious-reset': reset,
  'tedious-7.1': old,
  'tsql-7.4': tsqlOf('7.4'),
  'tsql-7.2': tsqlOf('7.2'),
  'tsql-7.1': tsqlOf('7.1'),
  bsqldb: async (target) => {
    await bsqldb({ ...target, encryption: 'off' }, STATEMENTS);
  },
  freebcp: async (target) => {
    await freebcp({ ...target, encryption: 'off' }, 'shop.dbo.loaded', '1000|a\n1001|b\n');
  },
};
