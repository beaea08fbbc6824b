/** A relay in front of the TDS server of the tests, with real principals, and main played by the test. */
import type { ResourceName } from '@tidegate/core';
import type { Connection, ConnectionOptions } from 'tedious';
import { configuration, connect } from '../../../test/tds-server/clients/tedious.ts';
import { TdsServer, type TdsServerOptions } from '../../../test/tds-server/index.ts';
import type { RelayResource } from '../src/worker-protocol.ts';
import { authority } from './principal-certificates.ts';
import {
  type GrantChange,
  grantOf,
  type RelayWorld,
  relayTls,
  type TestGrant,
  type TestRelay,
} from './relay-support.ts';

export const DATABASE = 'shop "x"';

export interface SqlServerWorld extends RelayWorld {
  readonly server: TdsServer;
  /** The authority of the server's own certificate, issued to `db.example`. */
  readonly serverCa: string;
  /** Of the server's own: another one that shows the same is its like. */
  readonly serverTls: { readonly key: string; readonly certificate: string };
  end(): Promise<void>;
}

/** A server with TLS, whose certificate is held against its authority, and a resource that stands for it. */
export async function newSqlServerWorld(
  change: Partial<RelayResource> = {},
  server: Partial<TdsServerOptions> = {},
): Promise<SqlServerWorld> {
  const ca = await authority('database authority');
  const { pem, key } = await ca.issue('db.example');
  const running = await TdsServer.start({
    logins: [{ name: 'sa', password: 'Sa-password-1' }],
    databases: { [DATABASE]: ['CREATE TABLE things (id int PRIMARY KEY, name nvarchar(100))'], other: [] },
    tls: { key, certificate: pem },
    ...server,
  });
  return {
    server: running,
    serverCa: ca.pem,
    serverTls: { key, certificate: pem },
    resource: {
      name: 'stock' as ResourceName,
      engine: 'sqlserver',
      address: { host: '127.0.0.1', port: running.port },
      tls: { mode: 'verify-full', ca: ca.pem, serverName: 'db.example' },
      databases: [DATABASE],
      record: { values: 'full' },
      maxSessionsPerGrant: 1000,
      allow: { localInfile: false },
      entra: [],
      ...change,
    },
    tls: await relayTls(),
    end: () => running.close(),
  };
}

/** A grant with its principal in the database, who may do everything there. */
export async function newSqlServerGrant(world: SqlServerWorld, change: GrantChange = {}): Promise<TestGrant> {
  const made = grantOf(world.resource, change);
  const name = made.user.replaceAll(']', ']]');
  // Of three kinds, as SQL Server wants passwords.
  const grant = { ...made.grant, principalPassword: `${made.grant.principalPassword}Aa1!` };
  const password = grant.principalPassword.replaceAll("'", "''");
  await world.server.query(DATABASE, `CREATE USER [${name}] WITH PASSWORD = '${password}'`);
  await world.server.query(DATABASE, `ALTER ROLE db_owner ADD MEMBER [${name}]`);
  return { ...made, grant };
}

export interface LoginChange {
  readonly user?: string;
  readonly password?: string;
  readonly database?: string;
  readonly options?: ConnectionOptions;
}

/** How clients connect through the relay. */
export function targetOf(relay: { readonly port: number }, { user, passwords }: TestGrant, change: LoginChange = {}) {
  return {
    port: relay.port,
    user: change.user ?? user,
    password: change.password ?? passwords[0] ?? '',
    database: change.database ?? DATABASE,
  };
}

/** With tedious, which holds the gateway's certificate against its authority. */
export async function connectTedious(
  world: SqlServerWorld,
  relay: TestRelay,
  grant: TestGrant,
  change: LoginChange = {},
): Promise<Connection> {
  return await connect(
    configuration({ ...targetOf(relay, grant, change), host: 'localhost', ca: world.tls.ca }, change.options),
  );
}
