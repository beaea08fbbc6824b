/** What an operator is told, in words that say what to run; and that a secret is never among them. */
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DesiredResource } from '@tidegate/contract';
import type { TemporaryCluster } from '@tidegate/embedded/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { postgresProvisioner } from '../src/engines/postgres/principal/index.ts';
import { welcome } from '../src/engines/postgres/principal/server.ts';
import { passwordOf } from '../src/reconciler/credential.ts';
import { authority } from './principal-certificates.ts';
import { clusterOf, contextOf, grantOn, inAnHour, login, refOf, type World, worldOn } from './principal-support.ts';

const local = await authority('good');
const stranger = await authority('other');
const certificate = await local.issue('db.example');

let folder: string;
let cluster: TemporaryCluster;
let world: World;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegate-health-'));
  await chmod(folder, 0o755);
  // The server reads its certificate under another account; it asks of the key's owner and mode, so it lies in the data.
  cluster = await clusterOf(18, {}, { host: '127.0.0.1', port: 0 });
  world = await worldOn(cluster, 'createrole');
});
afterAll(async () => {
  await world?.end();
  await cluster?.stop();
  await rm(folder, { recursive: true, force: true });
});

const PASSWORD = /^(?!.*(secret-password))/;

async function healthOf(changes: Partial<DesiredResource>, user = world.resource.credential.user) {
  const resource = { ...world.resource, credential: { ...world.resource.credential, user }, ...changes };
  const principals = postgresProvisioner(contextOf(resource));
  try {
    return await principals.check();
  } finally {
    await principals.end();
  }
}

const withSource = (source: DesiredResource['credential']['source']) => ({
  credential: { user: world.resource.credential.user, source },
});

describe('reaching the server', () => {
  test('all is well: what, how, as whom', async () => {
    const health = await healthOf({});
    expect(health).toEqual({
      ok: true,
      detail: `PostgreSQL ${cluster.version} through a Unix socket, administrator "${world.resource.credential.user}".`,
    });
    expect((await healthOf({ address: { host: '127.0.0.1', port: cluster.port } })).detail).toContain('without TLS');
  });

  test('no server, no name, no socket', async () => {
    const at = (address: DesiredResource['address']) => healthOf({ address });
    expect(await at({ host: '127.0.0.1', port: 1 })).toEqual({
      ok: false,
      detail: 'Cannot reach 127.0.0.1:1: connection refused.',
    });
    expect((await at({ host: 'no.such.host.invalid', port: 5432 })).detail).toMatch(
      /^Cannot reach no\.such\.host\.invalid/,
    );
    expect((await at({ socket: '/nowhere', port: 5432 })).detail).toBe(
      'Cannot reach /nowhere/.s.PGSQL.5432: there is no such socket.',
    );
  });

  test('a wrong password, a missing one, a missing database', async () => {
    const wrong = await healthOf(withSource({ kind: 'secret', password: 'secret-password' }));
    expect(wrong.ok).toBe(false);
    expect(wrong.detail).toMatch(/^Password authentication failed for the administrator "tidegate_admin/);
    expect(wrong.detail).toMatch(PASSWORD);
    expect((await healthOf(withSource({ kind: 'env', name: 'TIDEGATE_NO_SUCH' }))).detail).toBe(
      'The environment variable TIDEGATE_NO_SUCH is not set at the gateway, or empty.',
    );
    expect((await healthOf(withSource({ kind: 'file', path: '/no/such/file' }))).detail).toBe(
      'The credential file /no/such/file cannot be read at the gateway (ENOENT).',
    );
    expect((await healthOf({ databases: ['nothing here'] })).detail).toMatch(/^Database "nothing here" does not exist/);
    expect((await healthOf({ databases: [...world.resource.databases, 'nothing'] })).detail).toMatch(
      /^Database "nothing" does not exist/,
    );
  });

  test('a credential file is read anew at each connect', async () => {
    const path = join(folder, 'credential');
    const source = world.resource.credential.source;
    if (source.kind !== 'secret') throw new Error('the world has a secret');
    const password = passwordOf({ user: 'x', source: { kind: 'file', path } });
    await writeFile(path, 'first\n');
    expect(await password()).toBe('first');
    await writeFile(path, 'second\r\n');
    expect(await password()).toBe('second');
    await writeFile(path, '\n');
    await expect(password()).rejects.toMatchObject({ code: 'credential' });
    await writeFile(path, `${source.password}\n`);
    expect(await healthOf(withSource({ kind: 'file', path }))).toMatchObject({ ok: true });
  });
});

describe('TLS', () => {
  const over = (tls: DesiredResource['tls']) => healthOf({ address: { host: '127.0.0.1', port: cluster.port }, tls });
  const verify = (mode: 'verify-full' | 'verify-ca', ca: string | null, serverName: string | null) =>
    over({ mode, ca, serverName });

  test('a server without TLS is not spoken to when TLS is asked for', async () => {
    expect((await verify('verify-full', local.pem, 'db.example')).detail).toMatch(/does not offer TLS/);
  });

  test('the authority and the name are verified', async () => {
    await world.root.query(
      `COPY (SELECT 1) TO PROGRAM 'umask 077; cat > server.key <<''END''\n${certificate.key}\nEND'`,
    );
    await world.root.query(`COPY (SELECT 1) TO PROGRAM 'cat > server.crt <<''END''\n${certificate.pem}\nEND'`);
    await writeFile(join(cluster.dataFolder, 'postgresql.auto.conf'), 'ssl = on\n');
    await world.root.query('SELECT pg_reload_conf()');
    await expect.poll(() => verify('verify-full', local.pem, 'db.example')).toMatchObject({ ok: true });
    expect((await verify('verify-full', local.pem, 'db.example')).detail).toMatch(/over TLSv1\.3/);
    expect((await verify('verify-ca', local.pem, null)).ok).toBe(true);
    for (const [tls, words] of [
      [verify('verify-full', local.pem, null), 'it is for another name'],
      [verify('verify-full', local.pem, 'other.example'), 'it is for another name'],
      [verify('verify-full', stranger.pem, 'db.example'), 'its authority is not known here'],
      [verify('verify-ca', stranger.pem, null), 'its authority is not known here'],
      [verify('verify-full', null, 'db.example'), 'its authority is not known here'],
    ] as const) {
      expect(await tls).toMatchObject({ ok: false, detail: expect.stringContaining(words) });
    }
  });
});

describe('privileges', () => {
  const admin = () => `"${world.resource.credential.user}"`;

  test('no CREATEROLE', async () => {
    await world.root.query(`ALTER ROLE ${admin()} NOCREATEROLE`);
    expect((await healthOf({})).detail).toBe(
      `The administrator ${admin()} lacks CREATEROLE: run ALTER ROLE ${admin()} CREATEROLE as a superuser.`,
    );
    await world.root.query(`ALTER ROLE ${admin()} CREATEROLE`);
  });

  test('an owner role that does not exist, is not ours to give, or could make its own way in', async () => {
    expect((await healthOf({ ownerRole: 'nobody here' })).detail).toContain('run CREATE ROLE "nobody here" NOLOGIN');
    await world.root.query(
      'CREATE ROLE billing; CREATE ROLE maker CREATEROLE; CREATE ROLE disguised; GRANT maker TO disguised',
    );
    expect((await healthOf({ ownerRole: 'billing' })).detail).toContain(
      `run GRANT "billing" TO ${admin()} WITH ADMIN OPTION`,
    );
    await world.root.query(`GRANT maker, disguised TO ${admin()} WITH ADMIN OPTION`);
    expect((await healthOf({ ownerRole: 'maker' })).detail).toContain('"maker" is too powerful');
    expect((await healthOf({ ownerRole: 'disguised' })).detail).toContain(
      '"disguised" is too powerful through "maker"',
    );
    const superuser = { user: cluster.user, source: { kind: 'secret', password: cluster.password } } as const;
    expect((await healthOf({ credential: superuser, ownerRole: cluster.user })).detail).toContain('too powerful');
    const principals = postgresProvisioner(contextOf({ ...world.resource, ownerRole: 'maker' }));
    await expect(principals.open(grantOn(world.resource, 'own'), inAnHour())).rejects.toMatchObject({
      message: "Tidegate's administrator lacks a privilege in the database.",
    });
    await principals.end();
  });

  test('what cannot be given is named, and does not keep the rest from working', async () => {
    await world.root.query(
      'SET ROLE billing; RESET ROLE; CREATE SCHEMA vault AUTHORIZATION billing; CREATE TABLE vault.v ()',
    );
    await world.root.query('ALTER TABLE vault.v OWNER TO billing');
    const health = await healthOf({});
    expect(health.ok).toBe(true);
    expect(health.detail).toContain(`2 objects of "billing" cannot be given: run GRANT "billing" TO ${admin()}.`);
    await world.root.query(`GRANT billing TO ${admin()}`);
    expect((await healthOf({})).detail).not.toContain('billing');
    const principals = postgresProvisioner(contextOf(world.resource));
    const grant = grantOn(world.resource, 'read');
    await principals.open(grant, inAnHour());
    const client = await login(world, grant);
    await client.query('SELECT * FROM vault.v');
    await client.end();
    await principals.close(refOf(grant));
    await principals.end();
  });

  test('settings that a database carries change nothing for us', async () => {
    const [database] = world.resource.databases;
    await world.root.query(`CREATE SCHEMA trap; CREATE FUNCTION trap.pg_has_role(name, text) RETURNS boolean LANGUAGE sql AS 'SELECT true';
      CREATE TABLE trap.pg_roles (rolname name);
      ALTER DATABASE "${database}" SET search_path = trap, pg_catalog;
      ALTER DATABASE "${database}" SET default_transaction_read_only = on;
      ALTER DATABASE "${database}" SET default_transaction_isolation = 'serializable';
      ALTER DATABASE "${database}" SET standard_conforming_strings = off`);
    const principals = postgresProvisioner(contextOf(world.resource));
    const grant = grantOn(world.resource, 'own', { loginName: `back\\slash'${world.resource.name}` });
    expect(await principals.check()).toMatchObject({ ok: true });
    await principals.open(grant, inAnHour());
    expect(await principals.close(refOf(grant))).toMatchObject({ gone: true });
    await principals.end();
    await world.root.query(`ALTER DATABASE "${database}" RESET ALL; DROP SCHEMA trap CASCADE`);
  });
});

test('the server’s clock is ahead: ends are set by its clock', async () => {
  const context = contextOf(world.resource);
  const principals = postgresProvisioner({ ...context, controlNow: () => Date.now() - 600_000 });
  expect((await principals.check()).detail).toContain('Its clock is 600 s ahead');
  const grant = grantOn(world.resource, 'read');
  // Ten minutes from now for the control plane: twenty on the server's clock.
  const end = Temporal.Instant.fromEpochMilliseconds(Date.now() - 600_000 + 60_000);
  await principals.open(grant, end);
  await (await login(world, grant)).end();
  expect(await principals.open(grant, end)).toEqual({ changed: false });
  const { rows } = await world.root.query('SELECT rolvaliduntil AS until FROM pg_roles WHERE rolname = $1', [
    grant.loginName,
  ]);
  expect(Math.abs(rows[0].until.getTime() - (Date.now() + 60_000))).toBeLessThan(5_000);
  await principals.close(refOf(grant));
  await principals.end();
});

test.each([
  ['a replica: principals are made on the primary', { recovery: true }, /^This server is a replica/],
  ['a server that is too old', { version: 130_010, version_text: '13.10' }, /^PostgreSQL 13\.10 is too old/],
])('refused: %s', async (_, found, words) => {
  // Neither can be had here: the server's answer is stood in for, and nothing else.
  const facts = { version: 180_004, version_text: '18.4', administrator: 'a', superuser: false, create_role: true };
  const rows = [{ ...facts, tls: null, recovery: false, now_ms: Date.now(), ...found }];
  await expect(welcome({ query: async () => ({ rows }) }, Date.now)).rejects.toMatchObject({
    detail: expect.stringMatching(words),
  });
});

describe('a test of a connection', () => {
  async function tested(changes: Partial<DesiredResource> = {}) {
    const principals = postgresProvisioner(contextOf({ ...world.resource, name: newName(), ...changes }));
    try {
      return await principals.test();
    } finally {
      await principals.end();
    }
  }
  /** One whose durable roles nobody has made. */
  let names = 0;
  const newName = () => {
    names += 1;
    return `untried-${names}` as DesiredResource['name'];
  };

  test('says server, administrator and what is in the way, and makes nothing', async () => {
    const name = newName();
    expect(await tested({ name })).toEqual({
      failedAt: null,
      server: `PostgreSQL ${cluster.version}`,
      administrator: world.resource.credential.user,
      tls: null,
      problems: [],
      warnings: [],
    });
    const { rows } = await world.root.query("SELECT 1 FROM pg_roles WHERE rolname LIKE $1 || '%'", [
      `tidegate_${name}`,
    ]);
    expect(rows).toEqual([]);
  });

  test('how far it came: the credential, the way, the login, the databases, the privileges', async () => {
    const at = async (changes: Partial<DesiredResource>) => {
      const { failedAt, problems } = await tested(changes);
      expect(problems.length).toBeGreaterThan(0);
      return failedAt;
    };
    expect(await at(withSource({ kind: 'env', name: 'TIDEGATE_NO_SUCH' }))).toBe('credential');
    expect(await at({ address: { host: '127.0.0.1', port: 1 } })).toBe('reach');
    expect(await at(withSource({ kind: 'secret', password: 'secret-password' }))).toBe('login');
    expect(await at({ databases: [...world.resource.databases, 'nothing'] })).toBe('databases');
    expect(await at({ ownerRole: 'nobody_at_all' })).toBe('privileges');
    await world.root.query(`ALTER ROLE "${world.resource.credential.user}" NOCREATEROLE`);
    expect(await tested()).toMatchObject({
      failedAt: 'privileges',
      problems: [expect.stringContaining('CREATEROLE as a superuser')],
    });
    await world.root.query(`ALTER ROLE "${world.resource.credential.user}" CREATEROLE`);
  });
});
