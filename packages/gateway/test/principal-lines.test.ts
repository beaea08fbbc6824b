/** Roles that list what they give, on PostgreSQL: exactly that, in the databases that have it, gone at the end. */
import { type DesiredGrant, desiredGrant } from '@tidegate/contract';
import { type GrantLine, isProblem, parseGrantLine } from '@tidegate/core';
import type { TemporaryCluster } from '@tidegate/embedded/testing';
import type { Client } from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Provisioner } from '../src/engines/provisioner.ts';
import {
  ADMINS,
  clientOf,
  clusterOf,
  grantOn,
  inAnHour,
  login,
  provisionerOf,
  refOf,
  refusal,
  roleState,
  SERVERS,
  type World,
  worldOn,
} from './principal-support.ts';

function lines(...texts: string[]): GrantLine[] {
  return texts.map((text) => {
    const line = parseGrantLine(text, 'postgres');
    if (isProblem(line)) throw new Error(`${text}: ${line.message}`);
    return line;
  });
}

const listing = (world: World, ...texts: string[]): DesiredGrant =>
  desiredGrant.parse({ ...grantOn(world.resource, 'read'), role: { name: 'support', lines: lines(...texts) } });

describe.each(SERVERS)('PostgreSQL %s', (server) => {
  let cluster: TemporaryCluster;
  beforeAll(async () => {
    cluster = await clusterOf(server);
  });
  afterAll(() => cluster?.stop());

  describe.each(ADMINS)('administrator: %s', (admin) => {
    let world: World;
    let principals: Provisioner;
    const clients: Client[] = [];

    beforeAll(async () => {
      world = await worldOn(cluster, admin);
      const [first, second] = world.resource.databases;
      const owner = `"${(world.resource.ownerRole ?? '').replaceAll('"', '""')}"`;
      await world.root.query(`SET ROLE ${owner};
        CREATE TABLE shop.customers (id int PRIMARY KEY, name text, secret text);
        INSERT INTO shop.customers VALUES (1, 'Ann', 'x');
        CREATE TABLE shop.notes (id serial PRIMARY KEY, note text);
        CREATE FUNCTION shop.refund(n int) RETURNS int LANGUAGE sql AS 'SELECT n';
        CREATE FUNCTION shop.refund(t text) RETURNS text LANGUAGE sql AS 'SELECT t';
        CREATE PROCEDURE shop.tidy() LANGUAGE sql SECURITY DEFINER AS 'DELETE FROM shop.notes';
        REVOKE EXECUTE ON ALL ROUTINES IN SCHEMA shop FROM PUBLIC;
        CREATE SCHEMA "Odd ""schema""";
        CREATE TABLE "Odd ""schema"""."A table" ("Its column" int);
        RESET ROLE;
        REVOKE CONNECT ON DATABASE "${second}" FROM PUBLIC`);
      const other = await clientOf(cluster, cluster.user, cluster.password, second ?? '');
      await other.query(
        `SET ROLE ${owner}; CREATE SCHEMA stock; CREATE TABLE stock.items (id int); CREATE SCHEMA shop`,
      );
      await other.end();
      principals = provisionerOf(world);
      expect(first).not.toBe(second);
    });
    afterEach(async () => {
      for (const client of clients.splice(0)) await client.end().catch(() => undefined);
    });
    afterAll(async () => {
      await principals?.end();
      await world?.end();
    });

    async function opened(...texts: string[]): Promise<DesiredGrant> {
      const grant = listing(world, ...texts);
      await principals.prepare(grant);
      await principals.open(grant, inAnHour());
      return grant;
    }
    async function inside(grant: DesiredGrant, database?: string): Promise<Client> {
      const client = await login(world, grant, database);
      clients.push(client);
      return client;
    }

    test('prepared: it has what is listed, and cannot log in', async () => {
      const grant = listing(world, 'SELECT ON shop.orders');
      expect(await principals.prepare(grant)).toEqual({ changed: true });
      expect(await roleState(world, grant.loginName)).toMatchObject({ login: false, memberships: 0 });
      expect(await refusal(login(world, grant))).toMatch(/^28/);
      expect(await principals.prepare(grant)).toEqual({ changed: false });
      expect(await principals.leftovers(new Set())).toContainEqual(
        expect.objectContaining({ grant: grant.id, privileges: 'lines' }),
      );
      await principals.close(refOf(grant));
    });

    test('tables and nothing else', async () => {
      const grant = await opened('SELECT ON shop.orders', 'SELECT (id, name), UPDATE (name) ON shop.customers');
      const client = await inside(grant);
      expect((await client.query('SELECT count(*)::int AS n FROM shop.orders')).rows).toEqual([{ n: 10 }]);
      expect((await client.query('SELECT id, name FROM shop.customers')).rows).toEqual([{ id: 1, name: 'Ann' }]);
      await client.query(`UPDATE shop.customers SET name = 'Anne'`);
      for (const text of [
        'SELECT secret FROM shop.customers',
        'SELECT * FROM shop.notes',
        `UPDATE shop.customers SET secret = 'y'`,
        'DELETE FROM shop.orders',
        `INSERT INTO shop.orders (item) VALUES ('x')`,
        'SELECT shop.refund(1)',
        'CREATE TABLE shop.mine (id int)',
      ]) {
        expect([text, await refusal(client.query(text))]).toEqual([text, '42501']);
      }
      await principals.close(refOf(grant));
    });

    test('rows can be added: what the table’s columns draw from comes along', async () => {
      const grant = await opened('INSERT, SELECT ON shop.notes', 'INSERT ON shop.orders');
      const client = await inside(grant);
      expect((await client.query(`INSERT INTO shop.notes (note) VALUES ('a') RETURNING id`)).rowCount).toBe(1);
      await client.query(`INSERT INTO shop.orders (item) VALUES ('b')`);
      expect(await refusal(client.query(`SELECT nextval('shop.numbers')`))).toBe('42501');
      await principals.close(refOf(grant));
    });

    test('a schema’s tables, also those that come later; sequences; routines by their arguments', async () => {
      const grant = await opened(
        'SELECT ON ALL TABLES IN SCHEMA "Odd ""schema"""',
        'USAGE ON SEQUENCE shop.numbers',
        'EXECUTE ON FUNCTION shop.refund(integer)',
        'EXECUTE ON PROCEDURE shop.tidy()',
      );
      const client = await inside(grant);
      await client.query(`SELECT "Its column" FROM "Odd ""schema"""."A table"`);
      await client.query(`SELECT nextval('shop.numbers'), shop.refund(1)`);
      expect(await refusal(client.query(`SELECT shop.refund('x'::text)`))).toBe('42501');
      await client.query('CALL shop.tidy()');
      await world.root.query(`CREATE TABLE "Odd ""schema""".later (id int);
        GRANT ALL ON "Odd ""schema""".later TO "${world.resource.credential.user}" WITH GRANT OPTION`);
      expect(await principals.open(grant, inAnHour())).toEqual({ changed: true });
      await client.query(`SELECT * FROM "Odd ""schema""".later`);
      await principals.close(refOf(grant));
      await world.root.query(`DROP TABLE "Odd ""schema""".later`);
    });

    test('each database that has it, and the one that is named', async () => {
      const [first = '', second = ''] = world.resource.databases;
      const grant = await opened('SELECT ON shop.orders', `SELECT ON stock.items IN DATABASE "${second}"`);
      await (await inside(grant, first)).query('SELECT * FROM shop.orders');
      await (await inside(grant, second)).query('SELECT * FROM stock.items');
      await principals.close(refOf(grant));
      const other = await opened('SELECT ON shop.orders');
      // PUBLIC may not connect there, and the grant has nothing there.
      expect(await refusal(login(world, other, second))).toBe('42501');
      await principals.close(refOf(other));
    });

    test('what is missing is told, and nothing is made', async () => {
      const grant = listing(
        world,
        'SELECT ON shop.orders, shop.nope',
        'SELECT (id, nope) ON shop.customers',
        'EXECUTE ON FUNCTION shop.refund(date)',
        'SELECT ON shop.orders IN DATABASE elsewhere',
        'SELECT ON ALL TABLES IN SCHEMA nowhere',
      );
      const failed = principals.prepare(grant);
      await expect(failed).rejects.toMatchObject({
        code: 'missing',
        message:
          'The database does not have what is to be opened. There is no table shop.nope. ' +
          'The table shop.customers has no column nope. There is no function shop.refund(date). ' +
          'The resource has no database elsewhere. There is no schema nowhere.',
      });
      expect(await roleState(world, grant.loginName)).toBeNull();
    });

    test('what somebody gave it beyond its lines is taken back', async () => {
      const grant = await opened('SELECT (id) ON shop.customers');
      const { loginName } = grant;
      await world.root.query(`SET ROLE "${(world.resource.ownerRole ?? '').replaceAll('"', '""')}";
        GRANT SELECT, DELETE ON shop.customers TO "${loginName}" WITH GRANT OPTION;
        GRANT CREATE ON SCHEMA shop TO "${loginName}"; GRANT USAGE ON SCHEMA shop TO "${loginName}" WITH GRANT OPTION;
        RESET ROLE`);
      expect(await principals.open(grant, inAnHour())).toEqual({ changed: true });
      const client = await inside(grant);
      expect(await refusal(client.query('DELETE FROM shop.customers'))).toBe('42501');
      expect(await refusal(client.query('SELECT name FROM shop.customers'))).toBe('42501');
      expect(await refusal(client.query('CREATE TABLE shop.mine (id int)'))).toBe('42501');
      await client.query('SELECT id FROM shop.customers');
      await principals.close(refOf(grant));
    });

    test('closed: everything is taken back; what it made belongs to a role that may do nothing', async () => {
      const grant = await opened('SELECT ON shop.customers');
      const { loginName } = grant;
      await world.root.query(`GRANT CREATE, USAGE ON SCHEMA shop TO "${loginName}"`);
      const client = await inside(grant);
      await client.query(`CREATE FUNCTION shop.peek() RETURNS SETOF shop.customers LANGUAGE sql SECURITY DEFINER
        AS 'SELECT * FROM shop.customers'`);
      expect(await principals.close(refOf(grant))).toEqual({ gone: true, changed: true, findings: [] });
      expect(await roleState(world, loginName)).toBeNull();
      const { rows } = await world.root.query(
        `SELECT o.rolname AS owner, o.rolcanlogin AS login, has_table_privilege(o.oid, 'shop.customers', 'SELECT') AS reads
         FROM pg_proc p JOIN pg_roles o ON o.oid = p.proowner WHERE p.proname = 'peek'`,
      );
      expect(rows).toEqual([{ owner: `tidegate_${world.resource.name}_lines`, login: false, reads: false }]);
      expect(await principals.close(refOf(grant))).toMatchObject({ gone: true, changed: false });
      await world.root.query('DROP FUNCTION shop.peek()');
    });

    test('looked at: what is missing, what runs as its owner, and which tables there are', async () => {
      const wanted = lines('SELECT ON shop.nope', 'SELECT ON shop.orders', 'EXECUTE ON PROCEDURE shop.tidy()');
      expect(await principals.look({ kind: 'lines', lines: wanted })).toEqual({
        kind: 'lines',
        notes: [
          { line: 0, kind: 'missing', message: 'There is no table shop.nope.' },
          {
            line: 2,
            kind: 'warning',
            message: expect.stringMatching(
              /^The procedure shop.tidy\(\) runs with the rights of its owner app "owner" /,
            ),
          },
        ],
      });
      const objects = await principals.look({ kind: 'objects' });
      expect(objects).toMatchObject({ kind: 'objects', more: false });
      const tables = 'tables' in objects ? objects.tables : [];
      expect(tables).toContainEqual({
        database: world.resource.databases[0],
        schema: 'shop',
        name: 'customers',
        kind: 'table',
        columns: ['id', 'name', 'secret'],
      });
      expect(tables.map(({ schema }) => schema)).not.toContain('pg_catalog');
    });
  });
});
