/**
 * Roles that list what they give, on the TDS server of the tests: users are made and given permissions by SQL that a
 * server runs, and held to them. That it is no SQL Server is said in docs/SQLSERVER.md; `npm run verify:sqlserver` holds
 * statements against one.
 */
import { type DesiredGrant, desiredGrant } from '@tidegate/contract';
import { type GrantLine, isProblem, parseGrantLine } from '@tidegate/core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { TdsServer } from '../../../test/tds-server/index.ts';
import { ADMINISTRATOR, certificates, SHOP } from '../../../test/tds-server/support.ts';
import type { Provisioner } from '../src/engines/provisioner.ts';
import type { DriverConnection } from '../src/engines/sqlserver/principal/driver.ts';
import { sqlserverProvisioner } from '../src/engines/sqlserver/principal/index.ts';
import { lineChanges } from '../src/engines/sqlserver/principal/lines/changes.ts';
import { Connections } from '../src/engines/sqlserver/principal/sessions.ts';
import { connectTedious } from '../src/engines/sqlserver/principal/tedious.ts';
import { grantOn, refOf, stage, UNTIL } from './sqlserver-support.ts';

function lines(...texts: string[]): GrantLine[] {
  return texts.map((text) => {
    const line = parseGrantLine(text, 'sqlserver');
    if (isProblem(line)) throw new Error(`${text}: ${line.message}`);
    return line;
  });
}

let server: TdsServer;
let principals: Provisioner;
let admin: DriverConnection;
let resource: ReturnType<typeof stage>['resource'];
const opened: DriverConnection[] = [];

beforeAll(async () => {
  const { ca, tls } = await certificates();
  const stock = ['CREATE SCHEMA stock', 'CREATE TABLE stock.items (id int)'];
  const more = ['CREATE TABLE dbo.customers (id int, name nvarchar(50), secret nvarchar(50))', ...stock];
  const databases = { shop: [...SHOP, ...more], archive: ['CREATE TABLE dbo.things (id int)'] };
  server = await TdsServer.start({ logins: [ADMINISTRATOR], databases, tls });
  resource = {
    ...stage().resource,
    address: { host: 'localhost', port: server.port },
    tls: { mode: 'verify-full' as const, ca, serverName: null },
    databases: ['shop', 'archive'],
    credential: { user: ADMINISTRATOR.name, source: { kind: 'secret' as const, password: ADMINISTRATOR.password } },
  };
  const password = async () => ADMINISTRATOR.password;
  const administrator = new Connections({ resource, password, connect: connectTedious });
  const log = { info: () => undefined, warn: () => undefined };
  principals = sqlserverProvisioner({ resource, password, controlNow: Date.now, log }, administrator);
  admin = await login(ADMINISTRATOR.name, ADMINISTRATOR.password);
  opened.length = 0;
});
afterEach(() => {
  for (const connection of opened.splice(0)) connection.close();
});
afterAll(async () => {
  admin?.close();
  await principals?.end();
  await server?.close();
});

async function login(user: string, password: string, database = 'shop'): Promise<DriverConnection> {
  const { ca } = resource.tls;
  const connection = await connectTedious({
    host: 'localhost',
    port: server.port,
    database,
    credential: { kind: 'password', user, password },
    encryption: 'required',
    verifyName: true,
    ca,
    serverName: null,
    connectWithinMs: 5_000,
    answerWithinMs: 5_000,
  });
  opened.push(connection);
  return connection;
}

const listing = (...texts: string[]): DesiredGrant =>
  desiredGrant.parse({ ...grantOn(resource, 'read'), role: { name: 'support', lines: lines(...texts) } });
const inside = ({ loginName, principalPassword }: DesiredGrant, database?: string) =>
  login(loginName, principalPassword, database);
const denied = (work: Promise<unknown>) => expect(work).rejects.toMatchObject({ code: '229' });

test('tables and columns and nothing else, in the databases that have them', async () => {
  const grant = listing('SELECT ON dbo.things', 'SELECT (id, NAME), UPDATE (name) ON dbo.customers');
  expect(await principals.prepare(grant)).toEqual({ changed: true });
  await expect(inside(grant)).rejects.toMatchObject({ name: 'DriverError' });
  expect(await principals.prepare(grant)).toEqual({ changed: false });
  expect(await principals.open(grant, UNTIL)).toEqual({ changed: true });
  expect(await principals.open(grant, UNTIL)).toEqual({ changed: false });
  const client = await inside(grant);
  expect(await client.query('SELECT name FROM dbo.things WHERE id = 1')).toEqual([{ name: 'kettle' }]);
  expect(await client.query('SELECT id, name FROM dbo.customers')).toEqual([]);
  await denied((await inside(grant)).query('SELECT secret FROM dbo.customers'));
  await denied((await inside(grant)).query('SELECT * FROM dbo.customers'));
  await denied((await inside(grant)).query(`INSERT INTO dbo.things (name) VALUES (N'x')`));
  await denied((await inside(grant)).query('SELECT * FROM stock.items'));
  expect(await (await inside(grant, 'archive')).query('SELECT id FROM dbo.things')).toEqual([]);
  expect(await principals.close(refOf(grant))).toEqual({ gone: true, changed: true, findings: [] });
});

test('a schema; and nobody where there is nothing to do', async () => {
  const grant = listing('SELECT, INSERT ON ALL TABLES IN SCHEMA stock');
  await principals.open(grant, UNTIL);
  const client = await inside(grant);
  await client.query('INSERT INTO stock.items VALUES (7)');
  expect(await client.query('SELECT id FROM stock.items')).toEqual([{ id: 7 }]);
  await denied((await inside(grant)).query('SELECT name FROM dbo.things'));
  await expect(inside(grant, 'archive')).rejects.toMatchObject({ name: 'DriverError' });
  await principals.close(refOf(grant));
});

test('what is missing is told, and nothing is made', async () => {
  const grant = listing(
    'SELECT ON dbo.nope',
    'SELECT (id, nope) ON dbo.customers',
    'EXECUTE ON PROCEDURE dbo.things',
    'SELECT ON ALL TABLES IN SCHEMA stock IN DATABASE archive',
  );
  await expect(principals.prepare(grant)).rejects.toMatchObject({
    code: 'missing',
    message:
      'The database does not have what is to be opened. There is no table dbo.nope. ' +
      'The table dbo.customers has no column nope. There is no procedure dbo.things. There is no schema stock in archive.',
  });
  const made = `SELECT name FROM sys.database_principals WHERE name = N'${grant.loginName}'`;
  expect(await admin.query(made)).toEqual([]);
});

test('what somebody gave it beyond its lines is taken back', async () => {
  const grant = listing('SELECT (id) ON dbo.customers');
  await principals.open(grant, UNTIL);
  const name = `[${grant.loginName}]`;
  await admin.query(`GRANT SELECT, DELETE ON OBJECT::dbo.customers TO ${name}`);
  await admin.query(`GRANT SELECT ON SCHEMA::stock TO ${name}`);
  await admin.query(`GRANT EXECUTE TO ${name}`);
  await admin.query(`ALTER ROLE db_datareader ADD MEMBER ${name}`);
  expect(await principals.open(grant, UNTIL)).toEqual({ changed: true });
  expect(await (await inside(grant)).query('SELECT id FROM dbo.customers')).toEqual([]);
  await denied((await inside(grant)).query('SELECT name FROM dbo.customers'));
  await denied((await inside(grant)).query('SELECT id FROM stock.items'));
  await denied((await inside(grant)).query('DELETE FROM dbo.customers'));
  expect(await principals.open(grant, UNTIL)).toEqual({ changed: false });
  await principals.close(refOf(grant));
});

test('looked at: what is missing, and which tables there are', async () => {
  const wanted = lines('SELECT ON dbo.nope', 'SELECT ON dbo.things');
  expect(await principals.look({ kind: 'lines', lines: wanted })).toEqual({
    kind: 'lines',
    notes: [{ line: 0, kind: 'missing', message: 'There is no table dbo.nope.' }],
  });
  const objects = await principals.look({ kind: 'objects' });
  expect(objects).toMatchObject({ kind: 'objects', more: false });
  expect(
    'tables' in objects && objects.tables.map(({ database, schema, name }) => `${database} ${schema}.${name}`),
  ).toEqual(['shop dbo.customers', 'shop dbo.things', 'shop stock.items', 'archive dbo.things']);
  expect('tables' in objects && objects.tables[0]).toMatchObject({ kind: 'table', columns: ['id', 'name', 'secret'] });
});

test('the statements, exactly', () => {
  const on = { schema: 's]x', name: 't', column: null };
  const wanted = [
    { ...on, permission: 'UPDATE' },
    { ...on, column: 'a', permission: 'SELECT' },
    { ...on, column: 'b]', permission: 'SELECT' },
    { schema: 's]x', name: null, column: null, permission: 'EXECUTE' },
  ];
  const held = [
    { ...on, permission: 'DELETE', state: 'G' as const },
    { ...on, permission: 'UPDATE', state: 'W' as const },
    { ...on, permission: 'INSERT', state: 'D' as const },
    { schema: null, name: null, column: null, permission: 'VIEW DEFINITION', state: 'G' as const },
  ];
  expect(lineChanges('alice', wanted, held)).toEqual([
    'REVOKE DELETE ON OBJECT::[s]]x].[t] FROM [alice] CASCADE',
    'REVOKE INSERT ON OBJECT::[s]]x].[t] FROM [alice] CASCADE',
    'REVOKE VIEW DEFINITION FROM [alice] CASCADE',
    'REVOKE GRANT OPTION FOR UPDATE ON OBJECT::[s]]x].[t] FROM [alice] CASCADE',
    'GRANT SELECT ON OBJECT::[s]]x].[t] ([a], [b]]]) TO [alice]',
    'GRANT EXECUTE ON SCHEMA::[s]]x] TO [alice]',
  ]);
});
