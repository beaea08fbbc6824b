/** tedious with promises: what comes back of one request, in the order it came. */
import { once } from 'node:events';
import { Connection, type ConnectionConfiguration, type ConnectionOptions, Request } from 'tedious';

export interface Target {
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly host?: string;
  /** PEM of the authority; null: whoever answers is trusted. */
  readonly ca?: string | null;
}

export function configuration(target: Target, options: ConnectionOptions = {}): ConnectionConfiguration {
  const { ca = null } = target;
  return {
    server: target.host ?? 'localhost',
    authentication: { type: 'default', options: { userName: target.user, password: target.password } },
    options: {
      port: target.port,
      database: target.database,
      encrypt: true,
      trustServerCertificate: ca === null,
      ...(ca === null ? {} : { cryptoCredentialsDetails: { ca } }),
      useColumnNames: false,
      connectTimeout: 20_000,
      requestTimeout: 30_000,
      rowCollectionOnRequestCompletion: false,
      ...options,
    },
  };
}

/** Rejects with tedious's error when the login fails. */
export async function connect(config: ConnectionConfiguration): Promise<Connection> {
  const connection = new Connection(config);
  // A connection that dies later tells its request, and `end`.
  connection.on('error', () => {});
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  connection.connect((error) => (error ? reject(error) : resolve()));
  await promise;
  return connection;
}

export interface Result {
  readonly rows: unknown[][];
  readonly columns: string[][];
  readonly outputs: Record<string, unknown>;
  readonly status: number | null;
  readonly rowCount: number;
}

/** Follows `request` until it is over. Rejects with its error. */
export function follow(request: Request, settled: Promise<number>): Promise<Result> {
  const rows: unknown[][] = [];
  const columns: string[][] = [];
  const outputs: Record<string, unknown> = {};
  let status: number | null = null;
  request.on('columnMetadata', (metadata) => {
    columns.push((Array.isArray(metadata) ? metadata : Object.values(metadata)).map((column) => column.colName));
  });
  request.on('row', (row) => {
    rows.push(row.map((column: { value: unknown }) => column.value));
  });
  request.on('returnValue', (name, value) => {
    outputs[name] = value;
  });
  request.on('doneProc', (_count, _more, returned) => {
    status = returned;
  });
  return settled.then((rowCount) => ({ rows, columns, outputs, status, rowCount }));
}

/** A request, and what it comes to. */
export function newRequest(sql: string): { request: Request; result: Promise<Result> } {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const request = new Request(sql, (error, rowCount) => (error ? reject(error) : resolve(rowCount ?? 0)));
  return { request, result: follow(request, promise) };
}

export async function batch(connection: Connection, sql: string): Promise<Result> {
  const { request, result } = newRequest(sql);
  connection.execSqlBatch(request);
  return await result;
}

export async function close(connection: Connection): Promise<void> {
  const ended = once(connection, 'end');
  connection.close();
  await ended;
}
