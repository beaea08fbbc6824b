/** MySQL and MariaDB: their command lines, which share their options but for TLS, and drivers that take a URI. */
import type { Connection } from '@tidegate/contract';
import type { ClientProgram, EngineClients } from '../engine.ts';

export const mysql: EngineClients = {
  engine: 'mysql',
  install: 'Debian: mariadb-client',
  programs: [program('mariadb'), program('mysql')],
  uri({ host, port, user, password, database, tlsRequired }, caFile) {
    const where = host.includes(':') ? `[${host}]` : host;
    // MySQL's own names for it; drivers of other make have a setting of the same meaning.
    const query = new URLSearchParams(
      tlsRequired ? { 'ssl-mode': 'VERIFY_IDENTITY', 'ssl-ca': caFile } : { 'ssl-mode': 'DISABLED' },
    );
    return `mysql://${encodeURIComponent(user)}:${encodeURIComponent(password)}@${where}:${port}/${encodeURIComponent(database)}?${query.toString()}`;
  },
  details: ({ tlsRequired }) => ({ sslmode: tlsRequired ? 'VERIFY_IDENTITY' : 'DISABLED' }),
  local: async () => (await import('./local.ts')).mysqlLocal,
};

function program(name: string): ClientProgram {
  return {
    name,
    throughProxy: false,
    launch: (connection, caFile, ask) => {
      const { host, port, user, database, password } = connection;
      const place = [`--host=${host}`, `--port=${port}`, '--protocol=TCP', `--user=${user}`, `--database=${database}`];
      // Debian's `mysql` is MariaDB's too, which names its TLS options differently.
      const tls = /mariadb/i.test(ask('--version')) ? mariadbTls(connection, caFile) : mysqlTls(connection, caFile);
      return {
        args: [...place, ...tls],
        env: { MYSQL_PWD: password, MYSQL_HOST: undefined, MYSQL_TCP_PORT: undefined },
      };
    },
  };
}

const mariadbTls = ({ tlsRequired }: Connection, caFile: string): string[] =>
  tlsRequired ? [`--ssl-ca=${caFile}`, '--ssl-verify-server-cert'] : ['--skip-ssl'];

const mysqlTls = ({ tlsRequired }: Connection, caFile: string): string[] =>
  tlsRequired ? [`--ssl-ca=${caFile}`, '--ssl-mode=VERIFY_IDENTITY'] : ['--ssl-mode=DISABLED'];
