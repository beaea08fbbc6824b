/** MySQL and MariaDB by `mysql2`. */
import { isIP } from 'node:net';
import type { Connection } from '@tidegate/contract';
import mysql from 'mysql2';
import { asText, CONNECT_TIMEOUT_MS, type Column, type OpenDriver, type Sink, SqlError } from './driver.ts';
import { lost } from './lost.ts';

export const openMysql: OpenDriver = async (to, application) => {
  const connection = await connected(to, application);
  const loss = lost();
  connection.on('error', (error) => loss.keep(error.message));
  connection.on('end', () => loss.tell());
  // mysql2 says `error` once for a connection that broke, and nothing when nothing runs on it but that it closed.
  connection.on('error', () => loss.tell());
  return {
    run: (sql, into) => submit(connection, sql, into),
    async cancel() {
      // As the command line does: over a second session, which the gateway lets stop this grant's own alone.
      const other = await connected(to, application);
      try {
        await new Promise<void>((resolve, reject) => {
          other.query(`KILL QUERY ${Number(connection.threadId)}`, (error) => (error ? reject(error) : resolve()));
        });
      } finally {
        other.end();
      }
    },
    pause: () => connection.pause(),
    resume: () => connection.resume(),
    onLost: (listener) => loss.onLost(listener),
    close() {
      loss.onLost(() => undefined);
      connection.end();
    },
  };
};

async function connected(to: Connection, application: string): Promise<mysql.Connection> {
  const connection = mysql.createConnection({
    host: to.host,
    port: to.port,
    user: to.user,
    password: to.password,
    database: to.database,
    connectTimeout: CONNECT_TIMEOUT_MS,
    multipleStatements: true,
    supportBigNumbers: true,
    bigNumberStrings: true,
    dateStrings: true,
    rowsAsArray: true,
    // Values as the server writes them; bytes stay bytes, as which texts of the binary character set count.
    typeCast: (field, next) => (BYTES.has(field.type) ? next() : field.string()),
    connectAttributes: { program_name: application },
    ...(to.tlsRequired ? { ssl: { ca: to.ca, minVersion: 'TLSv1.2', verifyIdentity: isIP(to.host) === 0 } } : {}),
  });
  // What breaks later tells the run, and `end`.
  connection.on('error', () => undefined);
  await new Promise<void>((resolve, reject) => {
    connection.connect((error) => (error ? reject(error) : resolve()));
  });
  return connection;
}

/** What may be bytes: `mysql2` itself tells them by the column's character set. */
const BYTES: ReadonlySet<string> = new Set([
  'BLOB',
  'TINY_BLOB',
  'MEDIUM_BLOB',
  'LONG_BLOB',
  'BIT',
  'GEOMETRY',
  'STRING',
  'VAR_STRING',
  'VARCHAR',
]);

async function submit(connection: mysql.Connection, sql: string, into: Sink): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const query = connection.query({ sql, rowsAsArray: true });
  let rows = 0;
  let fields = false;
  const finish = (): void => {
    if (fields) into.result('SELECT', rows);
    rows = 0;
    fields = false;
  };
  query.on('fields', (told: mysql.FieldPacket[] | undefined) => {
    finish();
    if (told === undefined) return;
    fields = true;
    into.columns(told.map(columnOf));
  });
  query.on('result', (row: unknown) => {
    if (Array.isArray(row)) {
      rows += 1;
      into.row(row.map(asText));
    } else if (isHeader(row)) {
      into.result('OK', row.affectedRows);
    }
  });
  query.on('error', (error: mysql.QueryError) =>
    reject(new SqlError(error.message, error.sqlState ?? error.code ?? null, null, error.fatal)),
  );
  query.on('end', () => {
    finish();
    resolve();
  });
  await promise;
}

const isHeader = (row: unknown): row is { affectedRows: number } =>
  typeof row === 'object' && row !== null && 'affectedRows' in row && typeof row.affectedRows === 'number';

const TYPES = new Map(
  Object.entries(mysql.Types).flatMap(([name, code]) =>
    typeof code === 'number' ? [[code, name.toLowerCase()]] : [],
  ) as [number, string][],
);
const columnOf = ({ name, columnType }: mysql.FieldPacket): Column => ({
  name,
  type: TYPES.get(columnType ?? -1) ?? '',
});
