/** How each engine's programs are told where to go, for copying. The password stands in none of them but the URI. */
import type { Connection } from '@tidegate/contract';

export interface Way {
  readonly what: string;
  readonly text: string;
  /** Holds the password: shown as dots, copied whole. */
  readonly secret?: boolean;
}

/** Where people keep the authority's certificate that is downloaded beside these lines. */
export const CA_FILE = 'tidegate-ca.pem';

const quoted = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

export function waysIn(to: Connection): readonly Way[] {
  const { engine } = to;
  if (engine === 'postgres') return postgres(to);
  return engine === 'mysql' ? mysql(to) : sqlserver(to);
}

function postgres({ host, port, user, password, database, tlsRequired }: Connection): readonly Way[] {
  const mode = tlsRequired ? `sslmode=verify-full&sslrootcert=${CA_FILE}` : 'sslmode=disable';
  const place = `${host}:${port}/${encodeURIComponent(database)}`;
  const words = mode.replace('&', ' ');
  return [
    { what: 'psql', text: `psql ${quoted(`host=${host} port=${port} user=${user} dbname=${database} ${words}`)}` },
    { what: 'JDBC', text: `jdbc:postgresql://${place}?user=${encodeURIComponent(user)}&${mode}` },
    { what: 'DBeaver', text: dbeaver('postgresql', { host, port, database, user }) },
    {
      what: 'URI',
      text: `postgresql://${encodeURIComponent(user)}:${encodeURIComponent(password)}@${place}?${mode}`,
      secret: true,
    },
  ];
}

function mysql({ host, port, user, password, database, tlsRequired }: Connection): readonly Way[] {
  const tls = tlsRequired ? ` --ssl-ca=${CA_FILE} --ssl-verify-server-cert` : '';
  const place = `${host}:${port}/${encodeURIComponent(database)}`;
  return [
    { what: 'mysql', text: `mysql -h ${host} -P ${port} -u ${quoted(user)} -p${tls} ${quoted(database)}` },
    {
      what: 'JDBC',
      text: `jdbc:mariadb://${place}?user=${encodeURIComponent(user)}${tlsRequired ? `&sslMode=verify-full&serverSslCert=${CA_FILE}` : ''}`,
    },
    { what: 'DBeaver', text: dbeaver('mysql8', { host, port, database, user }) },
    { what: 'URI', text: `mysql://${encodeURIComponent(user)}:${encodeURIComponent(password)}@${place}`, secret: true },
  ];
}

function sqlserver({ host, port, user, password, database }: Connection): readonly Way[] {
  return [
    { what: 'sqlcmd', text: `sqlcmd -S ${host},${port} -U ${quoted(user)} -d ${quoted(database)} -N` },
    {
      what: 'JDBC',
      text: `jdbc:sqlserver://${host}:${port};databaseName=${database};user=${user};encrypt=true;serverCertificate=${CA_FILE}`,
    },
    { what: 'DBeaver', text: dbeaver('mssql_jdbc_ms_new', { host, port, database, user }) },
    {
      what: 'Connection string',
      text: `Server=tcp:${host},${port};Database=${database};User ID=${user};Password=${password};Encrypt=True`,
      secret: true,
    },
  ];
}

/** DBeaver's own command line (`-con`): asks for the password itself. */
function dbeaver(driver: string, parts: Readonly<Record<string, string | number>>): string {
  const words = Object.entries(parts).map(([name, value]) => `${name}=${String(value)}`);
  return `dbeaver -con ${quoted(`driver=${driver}|${words.join('|')}|savePassword=false|connect=true`)}`;
}
