/** What must hold for principals on every version and with both kinds of administrator. */

import type { TemporaryCluster } from '@tidegate/embedded/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Administrator } from '../src/engines/postgres/principal/sessions.ts';
import { Connections } from '../src/engines/postgres/principal/sessions.ts';
import type { Provisioner } from '../src/engines/provisioner.ts';
import {
  ADMINS,
  clientOf,
  clusterOf,
  contextOf,
  ending,
  grantOn,
  inAnHour,
  login,
  provisionerOf,
  refOf,
  refusal,
  roleState,
  type Server,
  type World,
  worldOn,
} from './principal-support.ts';

export function principalSuite(server: Server): void {
  describe(`PostgreSQL ${server}`, () => {
    let cluster: TemporaryCluster;
    beforeAll(async () => {
      cluster = await clusterOf(server);
    });
    afterAll(() => cluster?.stop());
    for (const admin of ADMINS) {
      describe(`administrator: ${admin}`, () => {
        let world: World;
        let principals: Provisioner;
        beforeAll(async () => {
          world = await worldOn(cluster, admin);
          principals = provisionerOf(world);
        });
        afterAll(async () => {
          await principals?.end();
          await world?.end();
        });
        lifecycle(
          () => world,
          () => principals,
        );
        owners(
          () => world,
          () => principals,
        );
        endings(
          () => world,
          () => principals,
        );
      });
    }
  });
}

type Its<T> = () => T;

async function opened(world: World, principals: Provisioner, privileges: 'read' | 'write' | 'own', changes = {}) {
  const grant = grantOn(world.resource, privileges, changes);
  await principals.prepare(grant);
  await principals.open(grant, inAnHour());
  return grant;
}

function lifecycle(world: Its<World>, principals: Its<Provisioner>): void {
  test('prepared: there, marked, with its privileges, and unable to log in', async () => {
    const grant = grantOn(world().resource, 'read');
    expect(await principals().prepare(grant)).toEqual({ changed: true });
    expect(await roleState(world(), grant.loginName)).toMatchObject({ login: false, memberships: 1 });
    expect(await refusal(login(world(), grant))).toMatch(/^28/);
    expect(await principals().leftovers(new Set())).toContainEqual(
      expect.objectContaining({ grant: grant.id, person: 'alice', until: null, loginName: grant.loginName }),
    );
    expect(await principals().prepare(grant)).toEqual({ changed: false });
    expect(await principals().close(refOf(grant))).toEqual({ gone: true, changed: true, findings: [] });
    expect(await roleState(world(), grant.loginName)).toBeNull();
    expect(await principals().close(refOf(grant))).toEqual({ gone: true, changed: false, findings: [] });
  });

  test('open: until its end and no longer, in every database of the resource', async () => {
    const grant = grantOn(world().resource, 'read');
    const end = inAnHour();
    await principals().prepare(grant);
    expect(await principals().open(grant, end)).toEqual({ changed: true });
    expect(await principals().open(grant, end)).toEqual({ changed: false });
    const state = await roleState(world(), grant.loginName);
    expect(state).toMatchObject({ login: true, connections: 10 });
    expect(state.until.getTime()).toBe(end.epochMilliseconds);
    for (const database of world().resource.databases) {
      const client = await login(world(), grant, database);
      expect((await client.query('SELECT session_user AS me')).rows).toEqual([{ me: grant.loginName }]);
      await client.end();
    }
    await principals().open(grant, Temporal.Instant.fromEpochMilliseconds(Date.now() - 1_000));
    expect(await refusal(login(world(), grant))).toBe('28P01');
    await principals().close(refOf(grant));
  });

  test('opened at once, without having been prepared; extended; its password put back', async () => {
    const grant = grantOn(world().resource, 'write');
    await principals().open(grant, inAnHour());
    const client = await login(world(), grant);
    const later = inAnHour().add({ hours: 1 });
    expect(await principals().open(grant, later)).toEqual({ changed: true });
    expect((await roleState(world(), grant.loginName)).until.getTime()).toBe(later.epochMilliseconds);
    expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    // A role may always change its own password, and would have a way around the gateway.
    await client.query(`ALTER ROLE "${grant.loginName}" PASSWORD 'my own'`);
    await client.end();
    expect(await refusal(login(world(), grant))).toBe('28P01');
    await principals().open(grant, later);
    await (await login(world(), grant)).end();
    expect(await refusal(clientOf(cluster(), grant.loginName, 'my own', world().resource.databases[0] ?? ''))).toBe(
      '28P01',
    );
    await principals().close(refOf(grant));
  });
  const cluster = () => world().cluster;

  test('a reader reads what is there and what comes, and cannot write whatever it sets', async () => {
    const grant = await opened(world(), principals(), 'read');
    const client = await login(world(), grant);
    expect((await client.query('SELECT count(*)::int AS n FROM shop.orders')).rows).toEqual([{ n: 10 }]);
    expect(await refusal(client.query(`INSERT INTO shop.orders (item) VALUES ('x')`))).toBe('25006');
    await client.query('SET default_transaction_read_only = off');
    for (const text of [
      `INSERT INTO shop.orders (item) VALUES ('x')`,
      'DELETE FROM shop.orders',
      'TRUNCATE shop.orders',
      'CREATE TABLE shop.mine (id int)',
      `SELECT nextval('shop.numbers')`,
    ]) {
      expect(await refusal(client.query(text)), text).toBe('42501');
    }
    await asOwner(
      world(),
      'CREATE TABLE shop.later (id int); CREATE SCHEMA annex; CREATE VIEW annex.v AS SELECT 1 AS one',
    );
    expect((await client.query('SELECT count(*)::int AS n FROM shop.later, annex.v')).rows).toEqual([{ n: 0 }]);
    await asOwner(world(), 'DROP TABLE shop.later; DROP SCHEMA annex CASCADE');
    await client.end();
    await principals().close(refOf(grant));
  });

  test('an editor changes rows, and nothing else', async () => {
    const grant = await opened(world(), principals(), 'write');
    const client = await login(world(), grant);
    await client.query(`BEGIN; INSERT INTO shop.orders (item) VALUES ('x'); UPDATE shop.orders SET item = 'y';
      DELETE FROM shop.orders; SELECT nextval('shop.numbers'); ROLLBACK`);
    expect(await refusal(client.query('TRUNCATE shop.orders'))).toBe('42501');
    expect(await refusal(client.query('ALTER TABLE shop.orders ADD COLUMN x int'))).toBe('42501');
    expect(await refusal(client.query(`SET ROLE "${world().resource.ownerRole?.replaceAll('"', '""')}"`))).toBe(
      '42501',
    );
    await client.end();
    await principals().close(refOf(grant));
  });

  test('the principal of another grant is not touched, whatever its name', async () => {
    const grant = await opened(world(), principals(), 'read');
    const namesake = grantOn(world().resource, 'read', { loginName: grant.loginName });
    await expect(principals().open(namesake, inAnHour())).rejects.toMatchObject({ code: 'name_taken' });
    expect(await principals().close(refOf(namesake))).toMatchObject({ gone: false, changed: false });
    expect(await roleState(world(), grant.loginName)).toMatchObject({ login: true, memberships: 1 });
    await principals().close(refOf(grant));
  });

  test('a role of the same name without the mark is not touched', async () => {
    const grant = grantOn(world().resource, 'read');
    await world().root.query(`CREATE ROLE "${grant.loginName}" LOGIN`);
    await expect(principals().prepare(grant)).rejects.toMatchObject({ code: 'name_taken' });
    await expect(principals().open(grant, inAnHour())).rejects.toMatchObject({ code: 'name_taken' });
    const closed = await principals().close(refOf(grant));
    expect(closed).toMatchObject({ gone: false, changed: false, findings: [{ kind: 'undroppable_principal' }] });
    expect(await roleState(world(), grant.loginName)).toMatchObject({ login: true });
    await world().root.query(`COMMENT ON ROLE "${grant.loginName}" IS '{"tidegate":1,"grant":"g0000000"}'`);
    expect(await principals().leftovers(new Set())).toEqual([]);
    await world().root.query(`DROP ROLE "${grant.loginName}"`);
  });
}

async function asOwner(world: World, sql: string): Promise<void> {
  const owner = world.resource.ownerRole?.replaceAll('"', '""');
  await world.root.query(`SET ROLE "${owner}"; ${sql}; RESET ROLE`);
}

const OWNED = `
SELECT pg_get_userbyid(owner) AS owner, count(*)::int AS n FROM (
  SELECT relowner AS owner FROM pg_class WHERE relname IN ('made', 'made_id_seq') AND relkind <> 'i'
  UNION ALL SELECT typowner FROM pg_type WHERE typname = 'mood'
  UNION ALL SELECT proowner FROM pg_proc WHERE proname = 'twice'
  UNION ALL SELECT nspowner FROM pg_namespace WHERE nspname = 'annex'
  UNION ALL SELECT lomowner FROM pg_largeobject_metadata
) o GROUP BY 1`;

function owners(world: Its<World>, principals: Its<Provisioner>): void {
  test('what an owner makes belongs to the durable role, and outlives the grant', async () => {
    const grant = await opened(world(), principals(), 'own');
    const client = await login(world(), grant);
    const everything = `CREATE SCHEMA annex; CREATE TABLE annex.made (id serial); CREATE TYPE annex.mood AS ENUM ('good');
      CREATE FUNCTION annex.twice(n int) RETURNS int LANGUAGE sql AS 'SELECT 2 * n'; SELECT lo_from_bytea(0, 'kept')`;
    // Each of these would make an ordinary member itself again.
    for (const reset of ['DISCARD ALL', 'RESET ROLE', 'RESET ALL', 'SET SESSION AUTHORIZATION DEFAULT']) {
      await client.query(reset);
      expect((await client.query('SELECT current_user AS me')).rows, reset).toEqual([
        { me: world().resource.ownerRole },
      ]);
    }
    await client.query(everything);
    await client.query('ALTER TABLE shop.orders ADD COLUMN note text');
    await client.query('SET ROLE NONE');
    expect(await refusal(client.query('CREATE TABLE shop.own (id int)'))).toBe('42501');
    await client.end();
    expect((await world().root.query(OWNED)).rows).toEqual([{ owner: world().resource.ownerRole, n: 6 }]);
    expect(await principals().close(refOf(grant))).toEqual({ gone: true, changed: true, findings: [] });
    expect((await world().root.query(OWNED)).rows).toEqual([{ owner: world().resource.ownerRole, n: 6 }]);
    await world().root.query(`DROP SCHEMA annex CASCADE; SELECT lo_unlink(oid) FROM pg_largeobject_metadata;
      ALTER TABLE shop.orders DROP COLUMN note`);
  });

  test('what a principal owns in its own name goes to its group, wherever it lies', async () => {
    const grant = await opened(world(), principals(), 'write');
    const [first, second] = world().resource.databases;
    const outside = await clientOf(world().cluster, world().cluster.user, world().cluster.password, second ?? '');
    const name = `"${grant.loginName}"`;
    await world().root.query(`CREATE TABLE shop.stray (id int); ALTER TABLE shop.stray OWNER TO ${name};
      CREATE FUNCTION shop.stray() RETURNS int SECURITY DEFINER LANGUAGE sql AS 'SELECT 1'; ALTER FUNCTION shop.stray() OWNER TO ${name};
      GRANT SELECT ON shop.orders TO ${name}; CREATE POLICY stray ON shop.orders TO ${name} USING (true)`);
    await outside.query(`CREATE TABLE public.stray (id int); ALTER TABLE public.stray OWNER TO ${name}`);
    const client = await login(world(), grant, first);
    await client.query(`ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC; SELECT lo_create(0);
      CREATE TEMPORARY TABLE scratch (id int)`);
    expect(await principals().close(refOf(grant))).toEqual({ gone: true, changed: true, findings: [] });
    const owner = `SELECT pg_get_userbyid(relowner) AS owner FROM pg_class WHERE relname = 'stray'`;
    const group = `tidegate_${world().resource.name}_editor`;
    expect((await world().root.query(owner)).rows).toEqual([{ owner: group }]);
    expect((await outside.query(owner)).rows).toEqual([{ owner: group }]);
    // An owner's right must never come to what an editor wrote.
    expect(
      (await world().root.query(`SELECT pg_get_userbyid(proowner) AS owner FROM pg_proc WHERE proname = 'stray'`)).rows,
    ).toEqual([{ owner: group }]);
    await outside.query('DROP TABLE public.stray');
    await outside.end();
    await world().root.query(
      'DROP TABLE shop.stray; DROP FUNCTION shop.stray; SELECT lo_unlink(oid) FROM pg_largeobject_metadata',
    );
  });

  test('a durable owner role of our own, where none is named', async () => {
    const own = await worldOn(world().cluster, world().admin, { ownerRole: null });
    const provisioner = provisionerOf(own);
    const health = await provisioner.check();
    expect(health).toMatchObject({ ok: true });
    const grant = await opened(own, provisioner, 'own');
    const client = await login(own, grant);
    const role = `tidegate_${own.resource.name}_owner`;
    await client.query(
      'CREATE TABLE shop.made (id int); INSERT INTO shop.orders (item) VALUES ($$x$$); TRUNCATE shop.orders',
    );
    await client.end();
    await provisioner.close(refOf(grant));
    const { rows } = await own.root.query(
      `SELECT pg_get_userbyid(relowner) AS owner FROM pg_class WHERE relname = 'made'`,
    );
    expect(rows).toEqual([{ owner: role }]);
    const reader = await opened(own, provisioner, 'read');
    const reading = await login(own, reader);
    expect((await reading.query('SELECT count(*)::int AS n FROM shop.made')).rows).toEqual([{ n: 0 }]);
    await reading.end();
    await provisioner.close(refOf(reader));
    await provisioner.end();
    await own.end();
  });

  test('an owner where PUBLIC may not connect', async () => {
    const [database] = world().resource.databases;
    const name = `"${database}"`;
    await world().root.query(`REVOKE CONNECT ON DATABASE ${name} FROM PUBLIC`);
    const provisioner = provisionerOf(world());
    for (const privileges of ['own', 'read'] as const) {
      const grant = await opened(world(), provisioner, privileges);
      await (await login(world(), grant, database)).end();
      expect(await provisioner.close(refOf(grant))).toEqual({ gone: true, changed: true, findings: [] });
    }
    await provisioner.end();
    await world().root.query(`GRANT CONNECT ON DATABASE ${name} TO PUBLIC`);
  });

  test('an owner where PUBLIC may not connect, and the administrator may give CONNECT in its own name too', async () => {
    const [database] = world().resource.databases;
    const name = `"${database}"`;
    const user = `"${world().resource.credential.user}"`;
    await world().root.query(`REVOKE CONNECT ON DATABASE ${name} FROM PUBLIC;
      GRANT CONNECT ON DATABASE ${name} TO ${user} WITH GRANT OPTION`);
    const provisioner = provisionerOf(world());
    const grant = await opened(world(), provisioner, 'own');
    await (await login(world(), grant, database)).end();
    expect(await provisioner.close(refOf(grant))).toEqual({ gone: true, changed: true, findings: [] });
    await provisioner.end();
    await world().root.query(`REVOKE CONNECT ON DATABASE ${name} FROM ${user} CASCADE;
      GRANT CONNECT ON DATABASE ${name} TO PUBLIC`);
  });
}

function endings(world: Its<World>, principals: Its<Provisioner>): void {
  test('NOLOGIN is committed before a session is ended, and the client is told', async () => {
    const order: string[] = [];
    const connections = new Connections(contextOf(world().resource));
    const watching: Administrator = {
      use: (database, work) =>
        connections.use(database, (session) =>
          work({
            ...session,
            rows: async (shape, text, values) => {
              if (text.includes('pg_terminate_backend')) {
                const state = await roleState(world(), grant.loginName);
                order.push(`terminate: ${state.login ? 'LOGIN' : 'NOLOGIN'}, ${state.memberships} memberships`);
              }
              return session.rows(shape, text, values);
            },
          }),
        ),
      end: () => connections.end(),
    };
    const provisioner = provisionerOf(world(), watching);
    const grant = await opened(world(), provisioner, 'write');
    const told = ending(await login(world(), grant));
    expect(await provisioner.close(refOf(grant))).toMatchObject({ gone: true });
    expect(order[0]).toBe('terminate: NOLOGIN, 0 memberships');
    expect(order.length).toBeGreaterThanOrEqual(2);
    expect(await told).toBe('57P01');
    await provisioner.end();
  });

  test('its prepared transactions are rolled back; an owner role’s are told', async () => {
    const editor = await opened(world(), principals(), 'write');
    const first = await login(world(), editor);
    await first.query(`BEGIN; UPDATE shop.orders SET item = 'held'; PREPARE TRANSACTION 'it''s ${editor.id}'`);
    await first.end();
    expect(await principals().close(refOf(editor))).toEqual({ gone: true, changed: true, findings: [] });
    expect((await world().root.query(`SELECT item FROM shop.orders WHERE item = 'held' FOR UPDATE`)).rows).toEqual([]);

    const owner = await opened(world(), principals(), 'own', { startsAt: new Date(Date.now() - 1_000).toISOString() });
    const second = await login(world(), owner);
    await second.query(`BEGIN; UPDATE shop.orders SET item = 'held'; PREPARE TRANSACTION '${owner.id}'`);
    await second.end();
    const closed = await principals().close(refOf(owner));
    expect(closed).toMatchObject({ gone: true, findings: [{ kind: 'prepared_transaction' }] });
    expect(closed.findings[0]?.detail).toContain(`ROLLBACK PREPARED '${owner.id}'`);
    await world().root.query(`ROLLBACK PREPARED '${owner.id}'`);
    expect(await principals().close(refOf(owner))).toEqual({ gone: true, changed: false, findings: [] });
  });

  test('what cannot be dropped cannot log in, has nothing, is told, and goes when it can', async () => {
    const grant = await opened(world(), principals(), 'read');
    const name = `"${grant.loginName}"`;
    const elsewhere = `closed_${grant.id}`;
    await world().root.query(`CREATE DATABASE ${elsewhere}`);
    const outside = await clientOf(world().cluster, world().cluster.user, world().cluster.password, elsewhere);
    await outside.query(`CREATE TABLE public.held (id int); GRANT SELECT ON public.held TO ${name}`);
    await world().root.query(`ALTER DATABASE ${elsewhere} ALLOW_CONNECTIONS false`);
    const closed = await principals().close(refOf(grant));
    expect(closed).toMatchObject({
      gone: false,
      findings: [{ kind: 'undroppable_principal', principal: grant.loginName }],
    });
    expect(closed.findings[0]?.detail).toContain(elsewhere);
    expect(await roleState(world(), grant.loginName)).toMatchObject({ login: false, memberships: 0 });
    expect(await principals().leftovers(new Set())).toMatchObject([{ grant: grant.id }]);
    await world().root.query(`ALTER DATABASE ${elsewhere} ALLOW_CONNECTIONS true`);
    // CREATEROLE alone does not reach what a superuser gave away in its own database: the operator does as told.
    if (world().admin === 'createrole') await outside.query(`DROP OWNED BY ${name}`);
    expect(await principals().close(refOf(grant))).toMatchObject({ gone: true, findings: [] });
    await outside.end();
    await world().root.query(`DROP DATABASE ${elsewhere} WITH (FORCE)`);
  });

  test('leftovers of this resource alone are found, known ones left out', async () => {
    const other = await worldOn(world().cluster, world().admin);
    const others = provisionerOf(other);
    const [mine, known, foreign] = [
      await opened(world(), principals(), 'read', { person: 'Zoë "the" Ops' }),
      await opened(world(), principals(), 'own'),
      await opened(other, others, 'read'),
    ];
    const found = await principals().leftovers(new Set([known.id]));
    expect(found).toMatchObject([{ grant: mine.id, person: 'Zoë "the" Ops', privileges: 'read' }]);
    for (const mark of found) expect(await principals().close(mark)).toMatchObject({ gone: true });
    await principals().close(refOf(known));
    expect(await roleState(world(), foreign.loginName)).toMatchObject({ login: true });
    await others.close(refOf(foreign));
    await others.end();
    await other.end();
  });

  test('names of any kind', async () => {
    const odd = `o"d.d ö'; DROP TABLE x; --\\`;
    const long = `${'ß'.repeat(31)}x`;
    const strange = await worldOn(world().cluster, world().admin, {
      name: 'r'.repeat(63),
      ownerRole: `${odd} owner ${world().admin}`,
      databases: [`${odd} ${world().admin}`, long.slice(0, 25) + world().admin],
    });
    const provisioner = provisionerOf(strange);
    expect(await provisioner.check()).toMatchObject({ ok: true });
    for (const privileges of ['read', 'write', 'own'] as const) {
      for (const loginName of [`${odd}${privileges}`, long, 'UPPER.Case']) {
        const grant = await opened(strange, provisioner, privileges, { loginName });
        for (const database of strange.resource.databases) await (await login(strange, grant, database)).end();
        expect(await provisioner.close(refOf(grant)), loginName).toEqual({ gone: true, changed: true, findings: [] });
      }
    }
    for (const loginName of [`${long}y`, '', 'nul\0']) {
      const grant = grantOn(strange.resource, 'read', { loginName });
      await expect(provisioner.prepare(grant)).rejects.toMatchObject({ code: 'name' });
    }
    const groups = await strange.root.query(`SELECT rolname FROM pg_roles WHERE rolname ~ '^tidegate_r' ORDER BY 1`);
    for (const { rolname } of groups.rows) expect(Buffer.byteLength(rolname)).toBe(63);
    await provisioner.end();
    await strange.end();
    await dropWorld(strange);
  });
}

/** The long resource name is the same for both administrators: who comes second must not meet the first one's groups. */
async function dropWorld({ cluster, resource }: World): Promise<void> {
  const client = await clientOf(cluster, cluster.user, cluster.password, 'postgres');
  for (const database of resource.databases) await client.query(`DROP DATABASE "${database.replaceAll('"', '""')}"`);
  await client.query(`DO $$ DECLARE n text; BEGIN FOR n IN SELECT rolname FROM pg_roles WHERE rolname ~ '^tidegate_r'
    LOOP EXECUTE format('DROP ROLE %I', n); END LOOP; END $$`);
  await client.end();
}
