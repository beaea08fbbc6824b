/**
 * The provisioner through its real driver against the TDS server of the tests: users are made and dropped by SQL that a
 * server runs, principals log in with their own passwords, sessions are killed. That server knows enough of SQL Server's
 * catalog to answer it; the exact questions are in sqlserver-statements/.
 */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { TdsServer } from '../../../test/tds-server/index.ts';
import { ADMINISTRATOR, type Certificates, certificates, startShop } from '../../../test/tds-server/support.ts';
import type { Provisioner } from '../src/engines/provisioner.ts';
import type { DriverConnection } from '../src/engines/sqlserver/principal/driver.ts';
import { sqlserverProvisioner } from '../src/engines/sqlserver/principal/index.ts';
import { Connections } from '../src/engines/sqlserver/principal/sessions.ts';
import { connectTedious } from '../src/engines/sqlserver/principal/tedious.ts';
import { grantOn, refOf, stage, UNTIL } from './sqlserver-support.ts';

let pems: Certificates;
let server: TdsServer;
let principals: Provisioner;
const opened: DriverConnection[] = [];

beforeAll(async () => {
  pems = await certificates();
  server = await startShop(pems.tls);
});
beforeEach(() => {
  const password = async () => ADMINISTRATOR.password;
  const administrator = new Connections({ resource: resource(), password, connect: connectTedious });
  const log = { info: () => undefined, warn: () => undefined };
  principals = sqlserverProvisioner({ resource: resource(), password, controlNow: Date.now, log }, administrator);
  return async () => {
    for (const connection of opened.splice(0)) connection.close();
    await principals.end();
  };
});
afterAll(() => server?.close());

const resource = () => ({
  ...stage().resource,
  address: { host: 'localhost', port: server.port },
  tls: { mode: 'verify-full' as const, ca: pems.ca, serverName: null },
  databases: ['shop'],
  credential: { user: ADMINISTRATOR.name, source: { kind: 'secret' as const, password: ADMINISTRATOR.password } },
});

async function login(user: string, password: string): Promise<DriverConnection> {
  const connection = await connectTedious({
    host: 'localhost',
    port: server.port,
    database: 'shop',
    credential: {
      kind: 'password',
      user,
      password,
    },
    encryption: 'required',
    verifyName: true,
    ca: pems.ca,
    serverName: null,
    connectWithinMs: 5_000,
    answerWithinMs: 5_000,
  });
  opened.push(connection);
  return connection;
}

const refused = (work: Promise<unknown>) => expect(work).rejects.toMatchObject({ name: 'DriverError' });
const things = 'SELECT COUNT(*) AS n FROM dbo.things';

test('check', async () => {
  expect(await principals.check()).toMatchObject({ ok: true, detail: expect.stringContaining('over TLSv1.2') });
});

test('a reader: shut, let in, read only, and cut off in the middle of a transaction', async () => {
  const grant = grantOn(resource(), 'read');
  const { loginName, principalPassword } = grant;
  await principals.prepare(grant);
  await refused(login(loginName, principalPassword));
  expect(await principals.open(grant, UNTIL)).toEqual({ changed: true });
  expect(await principals.open(grant, UNTIL)).toEqual({ changed: false });
  const connection = await login(loginName, principalPassword);
  expect(await connection.query('SELECT COUNT(*) AS n FROM dbo.things')).toEqual([{ n: 2 }]);
  const writer = await login(loginName, principalPassword);
  await expect(writer.query(`INSERT INTO dbo.things (name) VALUES (N'mine')`)).rejects.toMatchObject({ code: '229' });
  await refused(login(loginName, 'not its password'));

  expect(await principals.close(refOf(grant))).toEqual({ gone: true, changed: true, findings: [] });
  await refused(connection.query(things));
  await refused(login(loginName, principalPassword));
  expect(await principals.close(refOf(grant))).toEqual({ gone: true, changed: false, findings: [] });
});

test('an editor: what was not committed is undone by the close', async () => {
  const grant = grantOn(resource(), 'write');
  await principals.open(grant, UNTIL);
  const connection = await login(grant.loginName, grant.principalPassword);
  await connection.query('BEGIN TRANSACTION');
  await connection.query(`INSERT INTO dbo.things (name) VALUES (N'never kept')`);
  // Its open transaction holds the whole database there, so shutting it out comes after ending it.
  expect(await principals.close(refOf(grant))).toMatchObject({ gone: true });
  await refused(connection.query(things));
  const admin = await login(ADMINISTRATOR.name, ADMINISTRATOR.password);
  expect(await admin.query(`SELECT name FROM dbo.things WHERE name = N'never kept'`)).toEqual([]);
});

test('an owner: a schema of its own outlives it, as dbo’s', async () => {
  const grant = grantOn(resource(), 'own');
  await principals.open(grant, UNTIL);
  const admin = await login(ADMINISTRATOR.name, ADMINISTRATOR.password);
  await admin.query(`CREATE SCHEMA [odd ]] schema] AUTHORIZATION [${grant.loginName}]`);
  expect(await principals.close(refOf(grant))).toEqual({ gone: true, changed: true, findings: [] });
  const owner = `SELECT p.name AS name FROM sys.schemas s JOIN sys.database_principals p ON p.principal_id = s.principal_id WHERE s.name = N'odd ] schema'`;
  expect(await admin.query(owner)).toEqual([{ name: 'dbo' }]);
});

test('left behind: found by its mark alone, and removed', async () => {
  const grant = grantOn(resource(), 'write', { person: `o'neil "x" [z] 名` });
  await principals.open(grant, UNTIL);
  const marks = await principals.leftovers(new Set());
  expect(marks).toMatchObject([{ grant: grant.id, person: `o'neil "x" [z] 名`, loginName: grant.loginName }]);
  const [mark] = marks;
  if (mark === undefined) throw new Error('none found');
  expect(await principals.close(mark)).toMatchObject({ gone: true });
  expect(await principals.leftovers(new Set())).toEqual([]);
});
