/** A MariaDB with something to guard, and grants on it: for the tests of principals on MySQL and MariaDB. */
import { randomBytes } from 'node:crypto';
import { type DesiredGrant, type DesiredResource, desiredResource } from '@tidegate/contract';
import type { Mariadb } from '@tidegate/embedded';
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise';
import { mysqlProvisioner } from '../src/engines/mysql/principal/index.ts';
import { account, granted, quoteIdent } from '../src/engines/mysql/principal/quote.ts';
import type { Administrator } from '../src/engines/mysql/principal/sessions.ts';
import { contextOf } from './principal-support.ts';

/** All-powerful, and with no more than the documents ask for. */
export const ADMINS = ['root', 'plain'] as const;
export type Admin = (typeof ADMINS)[number];

export interface World {
  readonly server: Mariadb;
  readonly resource: DesiredResource;
  readonly root: Connection;
  /** Rows of one statement, as root. */
  readonly ask: (text: string, values?: readonly string[]) => Promise<Record<string, unknown>[]>;
  end(): Promise<void>;
}

let worlds = 0;

export interface WorldOptions {
  readonly databases?: readonly [string, string];
  readonly ownerRole?: string | null;
  readonly name?: string;
  /** GRANTs that the plain administrator goes without. */
  readonly without?: RegExp;
  readonly changes?: Partial<Record<keyof DesiredResource, unknown>>;
}

/** Two databases of their own on the server, the first with a table in it. */
export async function worldOn(server: Mariadb, admin: Admin, options: WorldOptions = {}): Promise<World> {
  worlds += 1;
  const key = `${admin}${worlds}`;
  // An underscore is a wildcard where it is not escaped.
  const databases = options.databases ?? [`shop_${key}`, `stock %.${key}`];
  const user = admin === 'root' ? server.user : `tidegate_admin_${key}`;
  const password = admin === 'root' ? server.password : randomBytes(12).toString('hex');
  const root = await clientOf(server, server.user, server.password);
  for (const database of databases) await root.query(`CREATE DATABASE ${quoteIdent(database)}`);
  if (admin === 'plain') {
    await root.query(`CREATE USER ${account(user)} IDENTIFIED BY '${password}'`);
    const grants = [
      'GRANT CREATE USER, PROCESS, CONNECTION ADMIN ON *.*',
      'GRANT SET USER ON *.*',
      'GRANT SELECT ON mysql.*',
      'GRANT ALL ON tidegate.*',
      ...databases.map((database) => `GRANT ALL ON ${granted(database)}`),
    ];
    for (const text of grants) {
      if (options.without?.test(text)) continue;
      const option = /shop|stock/.test(text) ? ' WITH GRANT OPTION' : '';
      await root.query(`${text} TO ${account(user)}${option}`);
    }
  }
  await root.query(`USE ${quoteIdent(databases[0])}`);
  await root.query('CREATE TABLE orders (id INT AUTO_INCREMENT PRIMARY KEY, item TEXT NOT NULL)');
  await root.query("INSERT INTO orders (item) SELECT CONCAT('item ', seq) FROM seq_1_to_10");
  const resource = desiredResource.parse({
    name: options.name ?? `shop-${key}`,
    engine: 'mysql',
    address: { socket: server.socketPath, port: 3306 },
    tls: { mode: 'disable', ca: null, serverName: null },
    databases: [...databases],
    credential: { user, source: { kind: 'secret', password } },
    ownerRole: options.ownerRole ?? null,
    record: { values: 'full' },
    maxSessionsPerGrant: 10,
    allow: { localInfile: false },
    entra: [],
    reconcile: true,
    ...options.changes,
  });
  return { server, resource, ...asking(root) };
}

/** The same world on a server that was started again. */
export async function reopened({ resource }: World, server: Mariadb): Promise<World> {
  return { server, resource, ...asking(await clientOf(server, server.user, server.password, resource.databases[0])) };
}

const asking = (root: Connection) => ({
  root,
  async ask(text: string, values: readonly string[] = []) {
    const [rows] = await root.query<RowDataPacket[]>(text, [...values]);
    return Array.isArray(rows) ? rows.map((row) => ({ ...row })) : [];
  },
  end: () => root.end(),
});

export const provisionerOf = ({ resource }: Pick<World, 'resource'>, administrator?: Administrator) =>
  mysqlProvisioner(contextOf(resource), administrator);

/** A connection; one that is ended by the server says so at the next query instead of ending the test. */
export async function clientOf(server: Mariadb, user: string, password: string, database?: string) {
  const client = await createConnection({ ...server.connection(database), user, password });
  client.on('error', () => undefined);
  return client;
}

/** As the relay would: the grant's principal with its own password. */
export const login = (world: World, grant: DesiredGrant, database = world.resource.databases[0] ?? '') =>
  clientOf(world.server, grant.loginName, grant.principalPassword, database);

/** Is the login refused because the account is locked? By number: the driver knows MariaDB's by another name. */
export async function isLocked(attempt: Promise<Connection>): Promise<boolean> {
  try {
    await (await attempt).end();
    return false;
  } catch (error) {
    if (error instanceof Error && 'errno' in error) return error.errno === 4151;
    throw error;
  }
}

/** What a connection is ended with. */
export async function ending(client: Connection): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  client.once('error', (error: Error) => resolve('code' in error ? String(error.code) : error.message));
  return promise;
}

/** The account as the server has it; null: there is none. */
export async function accountState({ ask }: World, loginName: string) {
  const [found] = await ask(
    `SELECT COALESCE(JSON_VALUE(Priv, '$.account_locked'), 0) AS locked, COALESCE(JSON_VALUE(Priv, '$.ssl_type'), 0) AS tls,
            COALESCE(JSON_VALUE(Priv, '$.max_user_connections'), 0) AS connections
     FROM mysql.global_priv WHERE User = ? AND Host = '%'`,
    [loginName],
  );
  if (found === undefined) return null;
  return { locked: Number(found.locked) !== 0, tls: Number(found.tls), connections: Number(found.connections) };
}

/** When its switch will lock it, in UTC; null: it has none. */
export async function switchTime({ ask }: World, loginName: string): Promise<string | null> {
  const [found] = await ask(
    `SELECT CAST(EXECUTE_AT AS CHAR) AS at FROM information_schema.EVENTS WHERE EVENT_SCHEMA = 'tidegate' AND EVENT_NAME = ?`,
    [loginName],
  );
  return found === undefined ? null : String(found.at);
}

/** Waits for something that nothing announces. */
export async function until(isSo: () => Promise<boolean>, withinMs = 20_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error('it did not come to pass');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
