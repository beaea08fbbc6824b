/** PostgreSQL: psql, and every tool that takes a libpq URI. */
import type { Connection } from '@tidegate/contract';
import type { EngineClients } from '../engine.ts';

/**
 * How libpq is to treat TLS: verified in full, except where the listener is on this very machine and takes SCRAM
 * without TLS, which keeps the ticket off the wire and lets every driver in without a certificate file.
 */
const sslMode = (connection: Connection): 'verify-full' | 'disable' =>
  connection.tlsRequired ? 'verify-full' : 'disable';

export const postgres: EngineClients = {
  engine: 'postgres',
  install: 'Debian: postgresql-client',
  programs: [
    {
      name: 'psql',
      throughProxy: false,
      launch: (connection, caFile) => {
        const mode = sslMode(connection);
        const env = {
          // Either would win over PGHOST, and lead past the gateway.
          PGHOSTADDR: undefined,
          PGSERVICE: undefined,
          PGHOST: connection.host,
          PGPORT: String(connection.port),
          PGUSER: connection.user,
          PGPASSWORD: connection.password,
          PGDATABASE: connection.database,
          PGSSLMODE: mode,
          ...(mode === 'verify-full' ? { PGSSLROOTCERT: caFile } : {}),
        };
        return { args: [], env };
      },
    },
  ],
  uri(connection, caFile) {
    const { host, port, user, password, database } = connection;
    const mode = sslMode(connection);
    const query = new URLSearchParams(mode === 'disable' ? { sslmode: mode } : { sslmode: mode, sslrootcert: caFile });
    const where = host.includes(':') ? `[${host}]` : host;
    return `postgresql://${encodeURIComponent(user)}:${encodeURIComponent(password)}@${where}:${port}/${encodeURIComponent(database)}?${query.toString()}`;
  },
  details: (connection) => ({ sslmode: sslMode(connection) }),
  local: async () => (await import('./local.ts')).postgresLocal,
};
