/** PostgreSQL by `pg`. Values stay the text the server sent: a browser shows them as psql would. */
import net from 'node:net';
import tls from 'node:tls';
import type { Connection } from '@tidegate/contract';
import { postgres } from '@tidegate/wire';
import pg from 'pg';
import { CONNECT_TIMEOUT_MS, type Column, type OpenDriver, type Sink, SqlError } from './driver.ts';
import { lost } from './lost.ts';

const asSent: pg.CustomTypesConfig = { getTypeParser: () => (text: string | Buffer) => text };

export const openPostgres: OpenDriver = async (to, application) => {
  const client = new pg.Client({
    host: to.host,
    port: to.port,
    user: to.user,
    password: to.password,
    database: to.database,
    application_name: application,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    types: asSent,
    ssl: to.tlsRequired ? secureTo(to) : false,
  });
  const loss = lost();
  client.on('error', (error) => loss.keep(error.message));
  client.on('end', () => loss.tell());
  const key = cancelKeyOf(client);
  await client.connect();
  let sink: Sink | null = null;
  client.on('notice', (notice) => sink?.notice(notice.message ?? ''));
  const { stream } = client.connection;
  return {
    async run(sql, into) {
      sink = into;
      try {
        await submit(client, sql, into);
      } finally {
        sink = null;
      }
    },
    cancel: () => cancel(to, key()),
    pause: () => void stream.pause(),
    resume: () => void stream.resume(),
    onLost: (listener) => loss.onLost(listener),
    close() {
      loss.onLost(() => undefined);
      // Why it was lost is kept above. A goodbye that fails leaves a socket that is broken, and so closed, already.
      client.end().catch(() => undefined);
    },
  };
};

/** Columns and results as the server tells them, in order: `pg` itself keeps those of several statements for the end. */
async function submit(client: pg.Client, sql: string, into: Sink): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const { connection } = client;
  const columns = ({ fields }: { fields: pg.FieldDef[] }): void => into.columns(fields.map(columnOf));
  const complete = ({ text }: { text: string }): void => {
    const [, command = text, rows] = /^([A-Z ]+?)(?: \d+(?= ))?(?: (\d+))?$/.exec(text) ?? [];
    into.result(command, rows === undefined ? null : Number(rows));
  };
  const asArrays: pg.QueryArrayConfig = { text: sql, rowMode: 'array' };
  const query = new pg.Query<(string | null)[]>(asArrays);
  query.on('row', (row) => into.row(row));
  query.on('error', (error) => reject(sqlError(error)));
  query.on('end', () => resolve());
  connection.on('rowDescription', columns);
  connection.on('commandComplete', complete);
  try {
    client.query(query);
    await promise;
  } finally {
    connection.off('rowDescription', columns);
    connection.off('commandComplete', complete);
  }
}

const NAMES = new Map(Object.entries(pg.types.builtins).map(([name, oid]) => [oid, name.toLowerCase()]));
const columnOf = ({ name, dataTypeID }: pg.FieldDef): Column => ({ name, type: NAMES.get(dataTypeID) ?? '' });

function sqlError(error: Error): Error {
  if (!(error instanceof pg.DatabaseError)) return error;
  const position = error.position === undefined ? null : Number(error.position);
  return new SqlError(error.message, error.code ?? null, position, error.severity === 'FATAL');
}

/** What the server gives each session for its cancel requests; `pg` keeps it to itself and cannot send it over TLS. */
function cancelKeyOf(client: pg.Client): () => { processId: number; secretKey: number } {
  let key = { processId: 0, secretKey: 0 };
  client.connection.on('backendKeyData', (message: { processID: number; secretKey: number }) => {
    key = { processId: message.processID, secretKey: message.secretKey };
  });
  return () => key;
}

/** A cancel request goes over a connection of its own, in whatever the session itself is wrapped in. */
async function cancel(
  to: Connection,
  { processId, secretKey }: ReturnType<ReturnType<typeof cancelKeyOf>>,
): Promise<void> {
  const secret = Buffer.alloc(4);
  secret.writeInt32BE(secretKey);
  const plain = net.connect({ host: to.host, port: to.port, timeout: CONNECT_TIMEOUT_MS });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  plain.once('error', reject);
  plain.once('timeout', () => plain.destroy(new Error('The gateway did not answer in time.')));
  plain.once('close', () => resolve());
  const send = (socket: net.Socket): void => void socket.end(postgres.cancelRequest({ processId, secret }));
  plain.once('connect', () => {
    if (!to.tlsRequired) return send(plain);
    plain.write(postgres.sslRequest());
    plain.once('data', (answer) => {
      if (answer.toString('latin1') !== 'S') return plain.destroy(new Error('The gateway takes no TLS.'));
      const secure = tls.connect({ socket: plain, ...secureTo(to) }, () => send(secure));
      secure.once('error', (error) => plain.destroy(error));
    });
  });
  await promise;
}

const secureTo = (to: Connection): tls.ConnectionOptions => ({
  ca: to.ca,
  minVersion: 'TLSv1.2',
  ...(net.isIP(to.host) === 0 ? { servername: to.host } : {}),
});
