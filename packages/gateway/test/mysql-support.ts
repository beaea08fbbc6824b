/** A relay on a real MariaDB with real principals, and main played by the test. */
import type { ResourceName } from '@tidegate/core';
import { type TemporaryMariadb, temporaryMariadb } from '@tidegate/embedded/testing';
import mysql from 'mysql2/promise';
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

export interface MysqlWorld extends RelayWorld {
  readonly server: TemporaryMariadb;
  /** As root, past the relay. */
  readonly root: mysql.Connection;
  /** The authority of the server's own certificate, issued to `db.example`. */
  readonly serverCa: string;
  end(): Promise<void>;
}

/** A server on TCP with TLS, and a resource that stands for it: without TLS, unless `change` says otherwise. */
export async function newMysqlWorld(
  change: Partial<RelayResource> = {},
  settings: Readonly<Record<string, string>> = {},
): Promise<MysqlWorld> {
  const ca = await authority('database authority');
  const { pem, key } = await ca.issue('db.example');
  const server = await temporaryMariadb({
    listen: { host: '127.0.0.1', port: 0 },
    databases: [DATABASE, 'other'],
    tls: { cert: pem, key },
    settings,
  });
  const root = await mysql.createConnection(server.connection(DATABASE));
  await root.query('CREATE TABLE things (id int PRIMARY KEY, name text)');
  return {
    server,
    root,
    serverCa: ca.pem,
    resource: {
      name: 'shop' as ResourceName,
      engine: 'mysql',
      address: { host: '127.0.0.1', port: server.port ?? 0 },
      tls: { mode: 'disable', ca: null, serverName: null },
      databases: [DATABASE],
      record: { values: 'full' },
      maxSessionsPerGrant: 1000,
      allow: { localInfile: false },
      entra: [],
      ...change,
    },
    tls: await relayTls(),
    async end() {
      await root.end();
      await server.stop();
    },
  };
}

/** A grant with its principal in the database. */
export async function newMysqlGrant(world: MysqlWorld, change: GrantChange = {}): Promise<TestGrant> {
  const made = grantOf(world.resource, change);
  await world.root.query('CREATE USER ?@? IDENTIFIED BY ?', [made.user, '%', made.grant.principalPassword]);
  await world.root.query(`GRANT ALL ON \`${DATABASE}\`.* TO ?@?`, [made.user, '%']);
  return made;
}

interface Login {
  readonly host?: string;
  readonly user?: string;
  readonly password?: string;
  readonly database?: string;
}

/** How a driver connects through the relay. */
export function configOf({ port }: { readonly port: number }, { user, passwords }: TestGrant, change: Login = {}) {
  return { host: '127.0.0.1', port, user, password: passwords[0] ?? '', database: DATABASE, ...change };
}

export async function connectMysql(
  relay: TestRelay,
  grant: TestGrant,
  change: mysql.ConnectionOptions = {},
): Promise<mysql.Connection> {
  const client = await mysql.createConnection({ ...configOf(relay, grant), ...change });
  // An error of an idle connection is for the test to look at, not for the process to die of.
  client.on('error', () => {});
  return client;
}
