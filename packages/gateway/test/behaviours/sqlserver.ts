import { type Connection, Request, TYPES } from 'tedious';
import { close, configuration, connect as connectTedious } from '../../../../test/tds-server/clients/tedious.ts';
import type { TestGrant } from '../relay-support.ts';
import { DATABASE, newSqlServerGrant, newSqlServerWorld, targetOf } from '../sqlserver-relay.ts';
import type { EngineUnderTest, LoginChange, SessionUnderTest, Stalled, WorldUnderTest } from './engine.ts';

/** Not Microsoft's: none can be had where the tests run. */
export const sqlserver: EngineUnderTest = { engine: 'sqlserver', server: 'the TDS server of the tests', world };

const TABLES = [
  'CREATE TABLE things (id int PRIMARY KEY, name nvarchar(max))',
  'CREATE TABLE numbers (n int PRIMARY KEY)',
  `INSERT INTO numbers (n) VALUES ${Array.from({ length: 100 }, (_, n) => `(${n})`).join(', ')}`,
];

async function world(): Promise<WorldUnderTest> {
  const base = await newSqlServerWorld({}, { databases: { [DATABASE]: TABLES, other: [] } });
  const { server } = base;
  const sessions = ({ user }: TestGrant) => server.sessions.filter(({ loginName }) => loginName === user);
  const connect = (relay: { readonly port: number }, grant: TestGrant, change: LoginChange = {}) =>
    session(configuration({ ...targetOf(relay, grant, change), host: 'localhost', ca: base.tls.ca }));
  const proof =
    (options: object) =>
    async (relay: { readonly port: number }, grant: TestGrant, password: string): Promise<void> => {
      const target = { ...targetOf(relay, grant, { password }), host: 'localhost', ca: base.tls.ca };
      await close(await connectTedious(configuration(target, options)));
    };
  return {
    resource: base.resource,
    tls: base.tls,
    big: { value: 2_000_000, rows: 1_000 },
    hearsWhileIdle: false,
    relay: { tlsRequired: true },
    grant: (change) => newSqlServerGrant(base, change),
    connect,
    proofs: {
      'LOGIN7 by TDS 7.1, in TLS': proof({ tdsVersion: '7_1' }),
      'LOGIN7 by TDS 7.4, in TLS': proof({ tdsVersion: '7_4' }),
      'LOGIN7 by TDS 8.0, in TLS from the first byte': proof({ tdsVersion: '8_0', encrypt: 'strict' }),
    },
    direct: async (sql) => (await server.query(DATABASE, sql)).map(([first]) => first),
    connections: async (grant) => sessions(grant).length,
    running: async (grant) => sessions(grant).some(({ running }) => running),
    restart: async () => server.dropConnections(),
    sql: {
      sleep: `WAITFOR DELAY '00:10:00'`,
      parameter: '@p1',
      length: (expression) => `LEN(${expression})`,
      flood: `SELECT REPLICATE(N'r', 100000) FROM numbers a CROSS JOIN numbers b CROSS JOIN numbers c`,
      rows: (count) => `SELECT TOP (${count}) REPLICATE(N'r', 10000) FROM numbers a CROSS JOIN numbers b`,
      begin: 'BEGIN TRANSACTION',
      commit: 'COMMIT',
    },
    end: () => base.end(),
  };
}

async function session(config: ReturnType<typeof configuration>): Promise<SessionUnderTest> {
  const client = await connectTedious(config);
  let told = '';
  client.on('errorMessage', ({ message, class: severity }) => {
    if (severity >= 20) told = message;
  });
  // The last packet is still on its way through the log then.
  const over = new Promise<string>((resolve) => client.on('end', () => setImmediate(() => resolve(told))));
  return {
    query: (sql) => rowsOf(sql, (request) => client.execSqlBatch(request)),
    prepared: (sql, value) =>
      rowsOf(sql, (request) => {
        request.addParameter('p1', TYPES.NVarChar, value, { length: Number.POSITIVE_INFINITY });
        client.execSql(request);
      }),
    stall: (sql) => stall(client, sql),
    cancel: async () => {
      client.cancel();
    },
    over,
    end: async () => {
      client.close();
      await over;
    },
  };
}

function rowsOf(sql: string, send: (request: Request) => void): Promise<unknown[]> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown[]>();
  const rows: unknown[] = [];
  const request = new Request(sql, (error) => (error ? reject(error) : resolve(rows)));
  request.on('row', ([first]) => rows.push(first.value));
  send(request);
  return promise;
}

async function stall(client: Connection, sql: string): Promise<Stalled> {
  let bytes = 0;
  const { promise: first, resolve } = Promise.withResolvers<void>();
  const { promise: done, resolve: finished, reject } = Promise.withResolvers<number>();
  done.catch(() => {});
  const request = new Request(sql, (error) => (error ? reject(error) : finished(bytes)));
  request.on('row', ([cell]) => {
    if (bytes === 0) request.pause();
    bytes += String(cell.value).length;
    resolve();
  });
  client.execSqlBatch(request);
  await first;
  return { resume: () => request.resume(), done };
}
