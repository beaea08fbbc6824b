/**
 * What a gateway does with the administrator it is given, as plain SQL: proof that the role in sql/1-roles.sql is enough
 * for all of it, and that it is no more than that. Run on every version that is supported.
 */

import { readFile } from 'node:fs/promises';
import type { OtherMajor } from '@tidegate/embedded/testing';
import type { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Orders } from '../src/index.ts';
import { connect, sampleServer, stateOf, temporaryHome } from './support.ts';

const READ_ONLY = '25006';
const DENIED = '42501';
const TERMINATED = '57P01';

export function describeAdministrator(major: OtherMajor | 18): void {
  describe(`the administrator on PostgreSQL ${major}`, () => {
    let place: Awaited<ReturnType<typeof temporaryHome>>;
    let orders: Orders;
    let admin: Client;
    const alice = { user: 'alice.g7k2m', password: 'correct horse' };
    const run = async (...statements: string[]) => {
      for (const statement of statements) await admin.query(statement);
    };

    beforeAll(async () => {
      place = await temporaryHome();
      orders = await sampleServer(place.home, major);
      const password = (await readFile(orders.resource.adminPasswordFile, 'utf8')).trim();
      admin = await connect(orders, { user: orders.resource.adminUser, password });
    });
    afterAll(async () => {
      await admin?.end();
      await orders?.cluster.stop();
      await place?.remove();
    });

    test('is no superuser, and cannot become one, nor read what only one may', async () => {
      expect(
        (await admin.query('SELECT rolsuper, rolcreatedb, rolbypassrls FROM pg_roles WHERE rolname = current_user'))
          .rows,
      ).toEqual([{ rolsuper: false, rolcreatedb: false, rolbypassrls: false }]);
      for (const sql of [
        'CREATE ROLE stronger SUPERUSER',
        'ALTER ROLE tidegate_admin SUPERUSER',
        "ALTER ROLE postgres PASSWORD 'mine'",
        'GRANT postgres TO tidegate_admin',
        'SELECT rolpassword FROM pg_authid',
        "COPY categories TO PROGRAM 'cat'",
        'SET ROLE postgres',
      ]) {
        expect([sql, await stateOf(admin.query(sql))]).toEqual([sql, DENIED]);
      }
    });

    test('makes the durable roles, and gives them what there is and what will be', async () => {
      await run(
        'CREATE ROLE tidegate_orders_reader NOLOGIN',
        'CREATE ROLE tidegate_orders_editor NOLOGIN',
        'GRANT CONNECT ON DATABASE orders TO tidegate_orders_reader, tidegate_orders_editor',
        'GRANT USAGE ON SCHEMA public TO tidegate_orders_reader, tidegate_orders_editor',
        'GRANT SELECT ON ALL TABLES IN SCHEMA public TO tidegate_orders_reader, tidegate_orders_editor',
        'GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO tidegate_orders_editor',
        'GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO tidegate_orders_editor',
        'ALTER DEFAULT PRIVILEGES FOR ROLE orders_app IN SCHEMA public GRANT SELECT ON TABLES TO tidegate_orders_reader',
        'ALTER DEFAULT PRIVILEGES FOR ROLE orders_app IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO tidegate_orders_editor',
      );
    });

    test('lets a reader in: to read this database, and nothing else', async () => {
      await run(
        `CREATE ROLE "alice.g7k2m" LOGIN PASSWORD 'correct horse' VALID UNTIL '2100-01-01' CONNECTION LIMIT 5`,
        'GRANT tidegate_orders_reader TO "alice.g7k2m"',
        'ALTER ROLE "alice.g7k2m" SET default_transaction_read_only = on',
        `COMMENT ON ROLE "alice.g7k2m" IS '{"tidegate":1}'`,
      );
      const reader = await connect(orders, alice);
      expect((await reader.query('SELECT count(*)::int AS n FROM orders')).rows).toEqual([{ n: 50_000 }]);
      expect(await stateOf(reader.query('DELETE FROM refunds'))).toBe(READ_ONLY);
      await reader.query('SET default_transaction_read_only = off');
      expect(await stateOf(reader.query('DELETE FROM refunds'))).toBe(DENIED);
      expect(await stateOf(reader.query('CREATE TABLE mine ()'))).toBe(DENIED);
      expect(await stateOf(reader.query('SET ROLE orders_app'))).toBe(DENIED);
      await reader.end();
      for (const database of ['postgres', 'template1']) {
        expect([database, await stateOf(connect(orders, { ...alice, database }))]).toEqual([database, DENIED]);
      }
    });

    test('locks a principal out, ends its session with a word, and drops it', async () => {
      const reader = await connect(orders, alice);
      const waiting = stateOf(reader.query('SELECT pg_sleep(600)'));
      await run('ALTER ROLE "alice.g7k2m" NOLOGIN');
      expect(await stateOf(connect(orders, alice))).toBe('28000');
      await run("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'alice.g7k2m'");
      expect(await waiting).toBe(TERMINATED);
      await run('DROP ROLE "alice.g7k2m"');
    });

    test('lets an owner in whose work belongs to the durable role; what it made as itself is handed over', async () => {
      await run(
        `CREATE ROLE "alice.g7k2m" LOGIN PASSWORD 'correct horse' VALID UNTIL '2100-01-01'`,
        'GRANT orders_app TO "alice.g7k2m"',
        `ALTER ROLE "alice.g7k2m" IN DATABASE orders SET role = 'orders_app'`,
      );
      const owner = await connect(orders, alice);
      await owner.query('CREATE TABLE made_by_owner AS SELECT 1 AS n; ALTER TABLE products ADD COLUMN ean text');
      await owner.query('RESET ROLE; SET ROLE NONE; CREATE TABLE made_as_herself AS SELECT 2 AS n');
      await owner.end();
      // The reader's default privileges reach what the owner has just made.
      const given = "SELECT has_table_privilege('tidegate_orders_reader', 'made_by_owner', 'SELECT') AS can";
      expect((await admin.query(given)).rows).toEqual([{ can: true }]);

      await run('ALTER ROLE "alice.g7k2m" NOLOGIN');
      expect(await stateOf(admin.query('DROP ROLE "alice.g7k2m"'))).toBe('2BP01');
      await run(
        // Its maker has it WITH ADMIN, but from 16 on without its privileges.
        'GRANT "alice.g7k2m" TO CURRENT_USER',
        'REASSIGN OWNED BY "alice.g7k2m" TO orders_app',
        'DROP OWNED BY "alice.g7k2m"',
        'DROP ROLE "alice.g7k2m"',
      );
      const owners = "SELECT tableowner FROM pg_tables WHERE tablename LIKE 'made%'";
      expect((await admin.query(owners)).rows).toEqual([{ tableowner: 'orders_app' }, { tableowner: 'orders_app' }]);
    });
  });
}
