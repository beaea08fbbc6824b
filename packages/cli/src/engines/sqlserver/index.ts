/** SQL Server and Azure SQL: sqlcmd (Go's or ODBC's) and FreeTDS's tsql, and drivers that take a connection string. */
import type { Connection } from '@tidegate/contract';
import type { EngineClients, Launch } from '../engine.ts';

/** What stands where a program wants a password: the local port asks for none. */
const NO_PASSWORD = 'unused';

export const sqlserver: EngineClients = {
  engine: 'sqlserver',
  install: 'Debian: freetds-bin, for tsql',
  programs: [
    // Neither takes an authority of our own, and tsql takes a password only where everybody can read it.
    { name: 'sqlcmd', throughProxy: true, launch: (connection, _, ask) => sqlcmd(connection, ask) },
    { name: 'tsql', throughProxy: true, launch: (connection) => tsql(connection) },
  ],
  uri({ host, port, user, password, database }, caFile) {
    const where = host.includes(':') ? `[${host}]` : host;
    const query = new URLSearchParams({ database, encrypt: 'true', certificate: caFile });
    return `sqlserver://${encodeURIComponent(user)}:${encodeURIComponent(password)}@${where}:${port}?${query.toString()}`;
  },
  details: ({ host, port, user, password, database }) => ({
    jdbc: `jdbc:sqlserver://${host}:${port};databaseName=${braced(database)};user=${braced(user)};password=${braced(password)};encrypt=true`,
  }),
  local: async () => (await import('./local.ts')).sqlserverLocal,
};

function sqlcmd({ host, port, user, database }: Connection, ask: (...args: string[]) => string): Launch {
  const place = ['-S', `tcp:${host},${port}`, '-U', user, '-d', database];
  // ODBC's from version 18 on insists on TLS unless told otherwise; those before, and Go's, don't.
  const optional = /\bversion:? v?18\./i.test(ask('-?')) ? ['-No'] : [];
  return { args: [...place, ...optional], env: { SQLCMDPASSWORD: NO_PASSWORD, SQLCMDSERVER: undefined } };
}

const tsql = ({ host, port, user, database }: Connection): Launch => ({
  args: ['-H', host, '-p', String(port), '-U', user, '-P', NO_PASSWORD, '-D', database],
  env: {},
});

/** As connection strings quote values. */
const braced = (value: string): string => (/^[\w.-]+$/.test(value) ? value : `{${value.replaceAll('}', '}}')}}`);
