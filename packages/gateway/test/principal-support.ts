/** A server with something to guard, and grants on it: for the tests of principals and of the reconciler. */
import { randomBytes } from 'node:crypto';
import { type DesiredGrant, type DesiredResource, desiredGrant, desiredResource } from '@tidegate/contract';
import type { Cluster } from '@tidegate/embedded';
import { binariesOf, temporaryCluster } from '@tidegate/embedded/testing';
import { Client } from 'pg';
import { postgresProvisioner } from '../src/engines/postgres/principal/index.ts';
import type { Administrator } from '../src/engines/postgres/principal/sessions.ts';
import { kindOf, type ProvisionerContext, type ProvisionLog } from '../src/engines/provisioner.ts';
import { passwordOf } from '../src/reconciler/credential.ts';

/** 18 comes with us, others are fetched; a folder with `bin` is taken as it is. */
export type Server = 14 | 15 | 16 | 17 | 18 | string;

/** What `npm test` holds the principals against: the newest and the oldest, or what TIDEGATE_TEST_POSTGRES names. */
export const SERVERS: readonly Server[] = process.env.TIDEGATE_TEST_POSTGRES?.split(':').filter(
  (folder) => folder !== '',
) ?? [18, 14];

/** Both kinds of administrator there are: Azure has only the second. */
export const ADMINS = ['superuser', 'createrole'] as const;
export type Admin = (typeof ADMINS)[number];

export const SILENT: ProvisionLog = { info: () => undefined, warn: () => undefined };

export async function clusterOf(
  server: Server,
  settings: Readonly<Record<string, string>> = {},
  listen: { host: string; port: number } | null = null,
) {
  const binaries =
    server === 18 ? {} : { binaries: typeof server === 'string' ? { dir: server } : await binariesOf(server) };
  return temporaryCluster({ ...binaries, listen, settings: { max_prepared_transactions: '10', ...settings } });
}

export interface World {
  readonly cluster: Cluster;
  readonly admin: Admin;
  readonly resource: DesiredResource;
  /** As the superuser, in the resource's first database. */
  readonly root: Client;
  end(): Promise<void>;
}

let worlds = 0;

/**
 * Two databases of their own on the cluster: the first with a table and a sequence of its owner role, as a careful
 * operator would have set it up; the second empty. Nothing but CREATEROLE and the owner role for the administrator.
 */
export async function worldOn(
  cluster: Cluster,
  admin: Admin,
  options: { ownerRole?: string | null; databases?: readonly [string, string]; name?: string } = {},
): Promise<World> {
  worlds += 1;
  const key = `${admin}${worlds}`;
  const name = options.name ?? `orders-${key}`;
  const databases = options.databases ?? [`orders ${key}`, `stock.${key}`];
  const owner = options.ownerRole === undefined ? `app "owner" ${key}` : options.ownerRole;
  const ident = (text: string) => `"${text.replaceAll('"', '""')}"`;
  const user = admin === 'superuser' ? cluster.user : `tidegate_admin_${key}`;
  const password = admin === 'superuser' ? cluster.password : randomBytes(12).toString('hex');
  const postgres = await clientOf(cluster, cluster.user, cluster.password, 'postgres');
  if (admin === 'createrole') await postgres.query(`CREATE ROLE ${user} LOGIN CREATEROLE PASSWORD '${password}'`);
  const holder = owner ?? (admin === 'superuser' ? cluster.user : user);
  if (owner !== null) {
    await postgres.query(`CREATE ROLE ${ident(owner)} NOLOGIN`);
    if (admin === 'createrole') await postgres.query(`GRANT ${ident(owner)} TO ${user} WITH ADMIN OPTION`);
  }
  for (const database of databases) await postgres.query(`CREATE DATABASE ${ident(database)} OWNER ${ident(holder)}`);
  await postgres.end();
  const root = await clientOf(cluster, cluster.user, cluster.password, databases[0]);
  await root.query(`SET ROLE ${ident(holder)};
    CREATE SCHEMA shop;
    CREATE TABLE shop.orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, item text NOT NULL);
    INSERT INTO shop.orders (item) SELECT 'item ' || n FROM generate_series(1, 10) n;
    CREATE SEQUENCE shop.numbers;
    RESET ROLE`);
  const resource = desiredResource.parse({
    name,
    engine: 'postgres',
    address: { socket: cluster.socketDir, port: cluster.port },
    tls: { mode: 'disable', ca: null, serverName: null },
    databases: [...databases],
    credential: { user, source: { kind: 'secret', password } },
    ownerRole: owner,
    record: { values: 'full' },
    maxSessionsPerGrant: 10,
    allow: { localInfile: false },
    entra: [],
    reconcile: true,
  });
  return { cluster, admin, resource, root, end: () => root.end() };
}

export function contextOf(resource: DesiredResource): ProvisionerContext {
  return { resource, password: passwordOf(resource.credential), controlNow: Date.now, log: SILENT };
}

export const provisionerOf = (world: World, administrator?: Administrator) =>
  postgresProvisioner(contextOf(world.resource), administrator);

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
export const newId = () => `g${[...randomBytes(7)].map((byte) => ALPHABET[byte & 31]).join('')}`;

export function grantOn(
  resource: DesiredResource,
  privileges: 'read' | 'write' | 'own',
  changes: Partial<Record<keyof DesiredGrant, unknown>> = {},
): DesiredGrant {
  const id = typeof changes.id === 'string' ? changes.id : newId();
  return desiredGrant.parse({
    id,
    resource: resource.name,
    person: 'alice',
    role: { name: { read: 'reader', write: 'editor', own: 'owner' }[privileges], privileges },
    loginName: `alice.${id}`,
    phase: 'prepare',
    duration: 'PT1H',
    startsAt: new Date().toISOString(),
    expiresAt: null,
    closing: null,
    principalPassword: randomBytes(24).toString('base64url'),
    scram: { salt: randomBytes(16).toString('base64'), iterations: 4096 },
    tickets: [],
    entra: null,
    ...changes,
  });
}

export const refOf = (grant: DesiredGrant) => ({
  grant: grant.id,
  loginName: grant.loginName,
  privileges: kindOf(grant.role),
  since: grant.startsAt === null ? null : Temporal.Instant.from(grant.startsAt),
});

export const inAnHour = () => Temporal.Instant.fromEpochMilliseconds(Date.now() + 3_600_000);

/** A connection; one that is ended by the server says so at the next query instead of ending the test. */
export async function clientOf(cluster: Cluster, user: string, password: string, database: string) {
  const client = new Client({ ...cluster.connection(database), user, password });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/** As the relay would: the grant's principal with its own password. */
export const login = (world: World, grant: DesiredGrant, database = world.resource.databases[0] ?? '') =>
  clientOf(world.cluster, grant.loginName, grant.principalPassword, database);

/** SQLSTATE of what a connection is ended with. */
export async function ending(client: Client): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  client.once('error', (error) => resolve('code' in error ? String(error.code) : error.message));
  return promise;
}

/** SQLSTATE of what the work is refused with; fails when it is not. */
export async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
    throw error;
  }
  throw new Error('was not refused');
}

export async function roleState(world: World, loginName: string) {
  const { rows } = await world.root.query(
    `SELECT rolcanlogin AS login, rolvaliduntil AS until, rolconnlimit AS connections,
            (SELECT count(*)::int FROM pg_auth_members m WHERE m.member = r.oid) AS memberships
     FROM pg_roles r WHERE rolname = $1`,
    [loginName],
  );
  return rows[0] ?? null;
}
