/** SQL Server by `tedious`. Always within TLS: the gateway's listener takes nothing else. */
import { Connection, Request } from 'tedious';
import { asText, CONNECT_TIMEOUT_MS, type OpenDriver, type Sink, SqlError } from './driver.ts';
import { lost } from './lost.ts';

export const openSqlserver: OpenDriver = async (to, application) => {
  const connection = new Connection({
    server: to.host,
    authentication: { type: 'default', options: { userName: to.user, password: to.password } },
    options: {
      port: to.port,
      database: to.database,
      appName: application,
      encrypt: true,
      trustServerCertificate: false,
      cryptoCredentialsDetails: { ca: to.ca, minVersion: 'TLSv1.2' },
      connectTimeout: CONNECT_TIMEOUT_MS,
      // As long as the grant lasts: its end ends the session.
      requestTimeout: 0,
      rowCollectionOnRequestCompletion: false,
      useUTC: true,
    },
  });
  const loss = lost();
  connection.on('error', (error) => loss.keep(error.message));
  connection.on('errorMessage', ({ message }) => loss.keep(message));
  connection.on('end', () => loss.tell());
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  connection.connect((error) => (error ? reject(error) : resolve()));
  await promise;
  let running: Request | null = null;
  let sink: Sink | null = null;
  connection.on('infoMessage', ({ message }) => sink?.notice(message));
  return {
    async run(sql, into) {
      const over = Promise.withResolvers<void>();
      const request = new Request(sql, (error) => (error ? over.reject(sqlError(error)) : over.resolve()));
      running = request;
      sink = into;
      follow(request, into);
      connection.execSqlBatch(request);
      try {
        await over.promise;
      } finally {
        running = null;
        sink = null;
      }
    },
    async cancel() {
      connection.cancel();
    },
    pause: () => running?.pause(),
    resume: () => running?.resume(),
    onLost: (listener) => loss.onLost(listener),
    close() {
      loss.onLost(() => undefined);
      connection.close();
    },
  };
};

function follow(request: Request, into: Sink): void {
  let columns = false;
  request.on('columnMetadata', (metadata) => {
    columns = true;
    const all = Array.isArray(metadata) ? metadata : Object.values(metadata);
    into.columns(all.map(({ colName, type }) => ({ name: colName, type: type.name.toLowerCase() })));
  });
  request.on('row', (row: readonly { readonly value: unknown }[]) => {
    into.row(row.map(({ value }) => asText(value)));
  });
  const done = (rows: number | undefined): void => {
    into.result(columns ? 'SELECT' : 'OK', rows ?? null);
    columns = false;
  };
  request.on('done', done);
}

/** Severities from 20 on end the session. */
const FATAL = 20;

/** Of several errors the first: what follows are its consequences. */
function sqlError(error: Error): Error {
  const [first = error] = error instanceof AggregateError ? error.errors : [error];
  if (!(first instanceof Error)) return error;
  const number = 'number' in first && typeof first.number === 'number' ? String(first.number) : null;
  const severity = 'class' in first && typeof first.class === 'number' ? first.class : 0;
  return number === null ? first : new SqlError(first.message, number, null, severity >= FATAL);
}
