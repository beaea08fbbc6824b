/** Roles that list what they give, on MariaDB: exactly that, gone at the end. */
import { type DesiredGrant, desiredGrant } from '@tidegate/contract';
import { type GrantLine, isProblem, parseGrantLine } from '@tidegate/core';
import { type TemporaryMariadb, temporaryMariadb } from '@tidegate/embedded/testing';
import type { Connection } from 'mysql2/promise';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { account, granted, quoteIdent } from '../src/engines/mysql/principal/quote.ts';
import type { Provisioner } from '../src/engines/provisioner.ts';
import {
  ADMINS,
  accountState,
  isLocked,
  login,
  provisionerOf,
  type World,
  worldOn,
} from './mysql-principal-support.ts';
import { grantOn, inAnHour, refOf } from './principal-support.ts';

function lines(...texts: string[]): GrantLine[] {
  return texts.map((text) => {
    const line = parseGrantLine(text, 'mysql');
    if (isProblem(line)) throw new Error(`${text}: ${line.message}`);
    return line;
  });
}

let server: TemporaryMariadb;
beforeAll(async () => {
  server = await temporaryMariadb();
});
afterAll(() => server?.stop());

describe.each(ADMINS)('administrator: %s', (admin) => {
  let world: World;
  let principals: Provisioner;
  let shop: string;
  let stock: string;
  const clients: Connection[] = [];

  beforeAll(async () => {
    world = await worldOn(server, admin);
    [shop = '', stock = ''] = world.resource.databases.map(quoteIdent);
    for (const text of [
      'CREATE TABLE customers (id INT PRIMARY KEY, Name TEXT, secret TEXT)',
      `INSERT INTO customers VALUES (1, 'Ann', 'x')`,
      'CREATE VIEW names AS SELECT Name FROM customers',
      'CREATE FUNCTION refund(n INT) RETURNS INT RETURN n',
      `CREATE PROCEDURE tidy() SQL SECURITY INVOKER SELECT 1`,
      `CREATE TABLE ${stock}.items (id INT)`,
    ]) {
      await world.root.query(text);
    }
    principals = provisionerOf(world);
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.destroy();
  });
  afterAll(async () => {
    await principals?.end();
    await world?.end();
  });

  const listing = (...texts: string[]): DesiredGrant =>
    desiredGrant.parse({ ...grantOn(world.resource, 'read'), role: { name: 'support', lines: lines(...texts) } });
  async function opened(...texts: string[]): Promise<DesiredGrant> {
    const grant = listing(...texts);
    await principals.prepare(grant);
    await principals.open(grant, inAnHour());
    return grant;
  }
  async function inside(grant: DesiredGrant, database?: string): Promise<Connection> {
    const client = await login(world, grant, database);
    clients.push(client);
    return client;
  }
  /** 1142 table, 1143 column, 1370 routine, 1044 database. */
  const errno = (work: Promise<unknown>) =>
    work.then(
      () => 'not refused',
      (error: unknown) => (error instanceof Error && 'errno' in error ? error.errno : error),
    );

  test('prepared: it has what is listed, and cannot log in; nothing changes the second time', async () => {
    const grant = listing(`SELECT ON ${shop}.orders`, `SELECT (id), UPDATE (name) ON ${shop}.customers`);
    expect(await principals.prepare(grant)).toEqual({ changed: true });
    expect(await principals.prepare(grant)).toEqual({ changed: false });
    expect(await isLocked(login(world, grant))).toBe(true);
    expect(await principals.leftovers(new Set())).toContainEqual(
      expect.objectContaining({ grant: grant.id, privileges: 'lines' }),
    );
    expect(await principals.close(refOf(grant))).toMatchObject({ gone: true });
  });

  test('tables and columns and nothing else', async () => {
    const grant = await opened(`SELECT ON ${shop}.orders`, `SELECT (id, name), UPDATE (NAME) ON ${shop}.customers`);
    const client = await inside(grant);
    await client.query('SELECT * FROM orders');
    await client.query('SELECT id, name FROM customers');
    await client.query(`UPDATE customers SET name = 'Anne'`);
    expect(await errno(client.query('SELECT secret FROM customers'))).toBe(1143);
    expect(await errno(client.query(`UPDATE customers SET secret = 'y'`))).toBe(1143);
    expect(await errno(client.query('DELETE FROM orders'))).toBe(1142);
    expect(await errno(client.query('SELECT * FROM names'))).toBe(1142);
    expect(await errno(client.query('SELECT refund(1)'))).toBe(1370);
    expect(await errno(client.query('CREATE TABLE mine (id INT)'))).toBe(1142);
    expect(await errno(inside(grant, world.resource.databases[1]))).toBe(1044);
    await principals.close(refOf(grant));
    expect(await accountState(world, grant.loginName)).toBeNull();
  });

  test('all tables of a database, routines by name, two databases', async () => {
    const grant = await opened(
      `SELECT, INSERT ON ALL TABLES IN SCHEMA ${stock}`,
      `EXECUTE ON FUNCTION ${shop}.REFUND`,
      `EXECUTE ON PROCEDURE ${shop}.tidy`,
    );
    const client = await inside(grant);
    await client.query('SELECT refund(1)');
    await client.query('CALL tidy()');
    await client.query(`INSERT INTO ${stock}.items VALUES (1)`);
    expect(await errno(client.query('SELECT * FROM orders'))).toBe(1142);
    expect(await principals.open(grant, inAnHour())).toMatchObject({});
    await principals.close(refOf(grant));
    expect(await world.ask('SELECT * FROM mysql.procs_priv WHERE User = ?', [grant.loginName])).toEqual([]);
  });

  test('what is missing is told, and nothing is made', async () => {
    const grant = listing(
      `SELECT ON ${shop}.orders, ${shop}.nope`,
      `SELECT (id, nope) ON ${shop}.customers`,
      `EXECUTE ON PROCEDURE ${shop}.refund`,
      'SELECT ON elsewhere.orders',
    );
    const [name] = world.resource.databases;
    await expect(principals.prepare(grant)).rejects.toMatchObject({
      code: 'missing',
      message:
        `The database does not have what is to be opened. There is no table ${name}.nope. ` +
        `The table ${name}.customers has no column nope. There is no procedure ${name}.refund. ` +
        'The resource has no database elsewhere.',
    });
    expect(await accountState(world, grant.loginName)).toBeNull();
  });

  test('what somebody gave it beyond its lines is taken back', async () => {
    const grant = await opened(`SELECT (id) ON ${shop}.customers`);
    const name = account(grant.loginName);
    for (const text of [
      `GRANT SELECT, DELETE ON ${shop}.customers TO ${name} WITH GRANT OPTION`,
      `GRANT SELECT (secret) ON ${shop}.customers TO ${name}`,
      `GRANT EXECUTE ON FUNCTION ${shop}.refund TO ${name}`,
      `GRANT INSERT ON ${granted(world.resource.databases[1] ?? '')} TO ${name}`,
    ]) {
      await world.root.query(text);
    }
    expect(await principals.open(grant, inAnHour())).toEqual({ changed: true });
    const client = await inside(grant);
    await client.query('SELECT id FROM customers');
    expect(await errno(client.query('SELECT secret FROM customers'))).toBe(1143);
    expect(await errno(client.query('DELETE FROM customers'))).toBe(1142);
    expect(await errno(client.query('SELECT refund(1)'))).toBe(1370);
    expect(await errno(client.query(`INSERT INTO ${stock}.items VALUES (1)`))).toBe(1142);
    expect(await principals.prepare(grant)).toMatchObject({});
    expect(await principals.prepare(grant)).toEqual({ changed: false });
    await principals.close(refOf(grant));
  });

  test('looked at: what is missing, what runs as its definer, and which tables there are', async () => {
    const wanted = lines(
      `SELECT ON ${shop}.nope`,
      `EXECUTE ON FUNCTION ${shop}.refund`,
      `EXECUTE ON PROCEDURE ${shop}.tidy`,
    );
    const [name] = world.resource.databases;
    expect(await principals.look({ kind: 'lines', lines: wanted })).toEqual({
      kind: 'lines',
      notes: [
        { line: 0, kind: 'missing', message: `There is no table ${name}.nope.` },
        { line: 1, kind: 'warning', message: expect.stringContaining('runs with the rights of its definer root@') },
      ],
    });
    const objects = await principals.look({ kind: 'objects' });
    expect(objects).toMatchObject({
      kind: 'objects',
      more: false,
      tables: [
        { database: name, schema: name, name: 'customers', kind: 'table', columns: ['id', 'Name', 'secret'] },
        { name: 'names', kind: 'view', columns: ['Name'] },
        { name: 'orders' },
        { database: world.resource.databases[1], name: 'items' },
      ],
    });
  });
});
