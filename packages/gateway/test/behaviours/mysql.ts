import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Mariadb, startMariadb } from '@tidegate/embedded';
import { type Connection, createConnection } from 'mysql2';
import mysql2 from 'mysql2/promise';
import { configOf, connectMysql, DATABASE, newMysqlGrant, newMysqlWorld } from '../mysql-support.ts';
import type { TestGrant, TestRelay } from '../relay-support.ts';
import type { EngineUnderTest, LoginChange, SessionUnderTest, Stalled, WorldUnderTest } from './engine.ts';

export const mysql: EngineUnderTest = { engine: 'mysql', server: 'MariaDB', world };

const firstColumn = (rows: unknown): unknown[] =>
  Array.isArray(rows) ? rows.map((row: object) => Object.values(row)[0]) : [];

async function world(): Promise<WorldUnderTest> {
  const base = await newMysqlWorld();
  let root = base.root;
  let server: Mariadb & { readonly dataDir: string } = base.server;
  const direct = async (sql: string) => firstColumn((await root.query(sql))[0]);
  const processes = (grant: TestGrant, more: string) =>
    direct(`SELECT count(*) FROM information_schema.processlist WHERE user = '${grant.user}' ${more}`);
  return {
    resource: base.resource,
    tls: base.tls,
    big: { value: 20_000_000, rows: 10_000 },
    hearsWhileIdle: true,
    grant: (change) => newMysqlGrant(base, change),
    connect,
    proofs: {
      'mysql2, with the method it is offered': async (relay, grant, password) => {
        const client = await connectMysql(relay, grant, { password });
        await client.query('SELECT 1');
        await client.end();
      },
      mysql_native_password: (relay, grant, password) => byCommandLine(relay, grant, password, 'mysql_native_password'),
      caching_sha2_password: (relay, grant, password) => byCommandLine(relay, grant, password, 'caching_sha2_password'),
      'mysql_clear_password in TLS': (relay, grant, password) =>
        byCommandLine(relay, grant, password, 'mysql_clear_password', base.tls.ca),
    },
    direct,
    connections: async (grant) => Number((await processes(grant, ''))[0]),
    running: async (grant) => Number((await processes(grant, `AND command IN ('Query', 'Execute')`))[0]) > 0,
    restart: async () => {
      const { pid, port, dataDir, crashed } = server;
      root.on('error', () => {});
      process.kill(pid, 'SIGKILL');
      await crashed;
      const listen = { host: '127.0.0.1', port: port ?? 0 };
      server = Object.assign(await startMariadb({ name: 'test', dataDir, listen }), { dataDir });
      root = await mysql2.createConnection(server.connection(DATABASE));
    },
    sql: {
      sleep: 'SELECT sleep(600)',
      parameter: '?',
      length: (expression) => `length(${expression})`,
      flood: `SELECT repeat('r', 100000) FROM seq_1_to_1000000`,
      rows: (count) => `SELECT repeat('r', 10000) FROM seq_1_to_${count}`,
      begin: 'BEGIN',
      commit: 'COMMIT',
    },
    end: async () => {
      if (root !== base.root) await root.end();
      if (server !== base.server) await server.stop('immediate');
      await base.end();
    },
  };
}

async function byCommandLine(relay: TestRelay, { user }: TestGrant, password: string, plugin: string, ca?: string) {
  const file = join(relay.folder, 'ca.pem');
  if (ca !== undefined) writeFileSync(file, ca);
  const tls = ca === undefined ? ['--skip-ssl'] : [`--ssl-ca=${file}`, '--ssl-verify-server-cert'];
  const where = ['--no-defaults', '-h', 'localhost', '--protocol=tcp', '-P', String(relay.port), '-u', user];
  const env = { ...process.env, MYSQL_PWD: password, LIBMYSQL_ENABLE_CLEARTEXT_PLUGIN: '1' };
  await promisify(execFile)('mariadb', [...where, ...tls, `--default-auth=${plugin}`, '-e', 'SELECT 1', DATABASE], {
    env,
  });
}

async function connect(
  relay: { readonly port: number },
  grant: TestGrant,
  change: LoginChange = {},
): Promise<SessionUnderTest> {
  const connection = createConnection(configOf(relay, grant, change));
  const client = connection.promise();
  let told = '';
  connection.on('error', (error: Error) => {
    if (told === '') told = error.message;
  });
  await client.connect();
  const socket = socketOf(connection);
  return {
    query: async (sql) => firstColumn((await client.query(sql))[0]),
    prepared: async (sql, value) => firstColumn((await client.execute(sql, [value]))[0]),
    stall: (sql) => stall(connection, socket, sql),
    cancel: async () => {
      const other = await mysql2.createConnection(configOf(relay, grant));
      await other.query(`KILL QUERY ${connection.threadId}`);
      await other.end();
    },
    over: new Promise((resolve) => socket.on('close', () => resolve(told))),
    end: () => client.end(),
  };
}

/** The driver keeps it to itself. */
function socketOf(connection: Connection): net.Socket {
  const socket: unknown = Reflect.get(connection, 'stream');
  if (!(socket instanceof net.Socket)) throw new Error('this mysql2 keeps its socket elsewhere');
  return socket;
}

async function stall(connection: Connection, socket: net.Socket, sql: string): Promise<Stalled> {
  const rows = connection.query(sql).stream();
  let bytes = 0;
  const { promise: first, resolve } = Promise.withResolvers<void>();
  const { promise: done, resolve: finished, reject } = Promise.withResolvers<number>();
  done.catch(() => {});
  rows.on('data', (row: object) => {
    if (bytes === 0) socket.pause();
    bytes += Buffer.byteLength(String(Object.values(row)[0]));
    resolve();
  });
  rows.on('end', () => finished(bytes));
  rows.on('error', reject);
  await first;
  return { resume: () => socket.resume(), done };
}
