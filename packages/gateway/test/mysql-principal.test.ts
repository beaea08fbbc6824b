/** What must hold for principals on MariaDB, with both kinds of administrator. */
import { type TemporaryMariadb, temporaryMariadb } from '@tidegate/embedded/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { granted } from '../src/engines/mysql/principal/quote.ts';
import type { Provisioner } from '../src/engines/provisioner.ts';
import {
  ADMINS,
  accountState,
  clientOf,
  ending,
  isLocked,
  login,
  provisionerOf,
  switchTime,
  until,
  type World,
  worldOn,
} from './mysql-principal-support.ts';
import { grantOn, inAnHour, refOf, refusal } from './principal-support.ts';

let server: TemporaryMariadb;
beforeAll(async () => {
  server = await temporaryMariadb();
});
afterAll(() => server?.stop());

const DENIED = /^ER_(ACCESS_DENIED|DBACCESS_DENIED|TABLEACCESS_DENIED|SPECIFIC_ACCESS_DENIED|PROCACCESS_DENIED)/;
const atSecond = (end: Temporal.Instant) => new Date(Math.ceil(end.epochMilliseconds / 1000) * 1000);
const utc = (date: Date) => date.toISOString().slice(0, 19).replace('T', ' ');

describe.each(ADMINS)('administrator: %s', (admin) => {
  let world: World;
  let principals: Provisioner;
  beforeAll(async () => {
    world = await worldOn(server, admin);
    principals = provisionerOf(world);
  });
  afterAll(async () => {
    await principals?.end();
    await world?.end();
  });

  async function opened(privileges: 'read' | 'write' | 'own', changes = {}) {
    const grant = grantOn(world.resource, privileges, changes);
    await principals.prepare(grant);
    await principals.open(grant, inAnHour());
    return grant;
  }
  const rowsOf = async (client: Awaited<ReturnType<typeof login>>, text: string) => (await client.query(text))[0];

  test('prepared: there, marked, with its privileges, and unable to log in', async () => {
    const grant = grantOn(world.resource, 'read');
    expect(await principals.prepare(grant)).toEqual({ changed: true });
    expect(await accountState(world, grant.loginName)).toEqual({ locked: true, tls: 0, connections: 12 });
    expect(await isLocked(login(world, grant))).toBe(true);
    expect(await principals.leftovers(new Set())).toContainEqual(
      expect.objectContaining({ grant: grant.id, person: 'alice', until: null, loginName: grant.loginName }),
    );
    expect(await principals.leftovers(new Set([grant.id]))).toEqual([]);
    expect(await principals.prepare(grant)).toEqual({ changed: false });
    expect(await principals.close(refOf(grant))).toEqual({ gone: true, changed: true, findings: [] });
    expect(await accountState(world, grant.loginName)).toBeNull();
    expect(await principals.leftovers(new Set())).toEqual([]);
    expect(await principals.close(refOf(grant))).toEqual({ gone: true, changed: false, findings: [] });
  });

  test('open: until its end, which the database keeps too, in every database of the resource', async () => {
    const grant = grantOn(world.resource, 'read');
    const end = inAnHour();
    await principals.prepare(grant);
    expect(await principals.open(grant, end)).toEqual({ changed: true });
    expect(await principals.open(grant, end)).toEqual({ changed: false });
    expect(await accountState(world, grant.loginName)).toMatchObject({ locked: false });
    expect(await switchTime(world, grant.loginName)).toBe(utc(atSecond(end)));
    for (const database of world.resource.databases) {
      const client = await login(world, grant, database);
      expect(await rowsOf(client, 'SELECT CURRENT_USER() AS me, DATABASE() AS place')).toEqual([
        { me: `${grant.loginName}@%`, place: database },
      ]);
      await client.end();
    }
    await principals.open(grant, Temporal.Instant.fromEpochMilliseconds(Date.now() - 1_000));
    expect(await isLocked(login(world, grant))).toBe(true);
    expect(await switchTime(world, grant.loginName)).toBeNull();
    await principals.close(refOf(grant));
  });

  test('opened at once, without having been prepared; extended; its password and its privileges put back', async () => {
    const grant = grantOn(world.resource, 'write');
    await principals.open(grant, inAnHour());
    const client = await login(world, grant);
    const later = inAnHour().add({ hours: 1 });
    expect(await principals.open(grant, later)).toEqual({ changed: true });
    expect(await switchTime(world, grant.loginName)).toBe(utc(atSecond(later)));
    expect(await rowsOf(client, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    // An account may always change its own password, and would have a way around the gateway.
    await client.query("SET PASSWORD = PASSWORD('my own')");
    await client.end();
    expect(await refusal(login(world, grant))).toBe('ER_ACCESS_DENIED_ERROR');
    const name = `\`${grant.loginName}\`@'%'`;
    if (admin === 'root') await world.root.query(`GRANT RELOAD ON *.* TO ${name}`);
    await world.root.query(`GRANT DROP ON ${granted(world.resource.databases[0] ?? '')} TO ${name} WITH GRANT OPTION`);
    await world.root.query(`ALTER EVENT tidegate.\`${grant.loginName}\` DISABLE`);
    expect(await principals.open(grant, later)).toEqual({ changed: true });
    await (await login(world, grant)).end();
    expect(await refusal(clientOf(server, grant.loginName, 'my own'))).toBe('ER_ACCESS_DENIED_ERROR');
    const left = await world.ask(
      `SELECT PRIVILEGE_TYPE AS p FROM information_schema.SCHEMA_PRIVILEGES WHERE GRANTEE = ? AND (IS_GRANTABLE = 'YES' OR PRIVILEGE_TYPE = 'DROP')
       UNION SELECT PRIVILEGE_TYPE FROM information_schema.USER_PRIVILEGES WHERE GRANTEE = ? AND PRIVILEGE_TYPE <> 'USAGE'`,
      [`'${grant.loginName}'@'%'`, `'${grant.loginName}'@'%'`],
    );
    expect(left).toEqual([]);
    expect(await principals.open(grant, later)).toEqual({ changed: false });
    await principals.close(refOf(grant));
  });

  test.runIf(admin === 'plain')('what the administrator cannot take back holds nothing up', async () => {
    const grant = await opened('read');
    await world.root.query(`GRANT RELOAD ON *.* TO \`${grant.loginName}\`@'%'`);
    expect(await principals.open(grant, inAnHour().add({ hours: 1 }))).toEqual({ changed: true });
    expect(await principals.close(refOf(grant))).toEqual({ gone: true, changed: true, findings: [] });
  });

  test('a reader reads what is there and what comes, and changes nothing', async () => {
    const grant = await opened('read');
    const client = await login(world, grant);
    expect(await rowsOf(client, 'SELECT COUNT(*) AS n FROM orders')).toEqual([{ n: 10 }]);
    for (const text of [
      "INSERT INTO orders (item) VALUES ('x')",
      'DELETE FROM orders',
      'TRUNCATE orders',
      'CREATE TABLE mine (id INT)',
      'CREATE VIEW mine AS SELECT 1',
      'SELECT * FROM mysql.user',
      'DELETE FROM tidegate.principals',
      `CREATE USER me IDENTIFIED BY 'mine'`,
      `GRANT SELECT ON \`${world.resource.databases[0]}\`.* TO 'root'@'localhost'`,
    ]) {
      expect(await refusal(client.query(text)), text).toMatch(DENIED);
    }
    await world.root.query('CREATE TABLE later (id INT)');
    expect(await rowsOf(client, 'SELECT COUNT(*) AS n FROM later')).toEqual([{ n: 0 }]);
    await world.root.query('DROP TABLE later');
    await client.end();
    await principals.close(refOf(grant));
  });

  test('an editor writes rows and calls routines, and makes nothing', async () => {
    const grant = await opened('write');
    await world.root.query('CREATE PROCEDURE twice() SELECT 2 AS n');
    const client = await login(world, grant);
    await client.query("INSERT INTO orders (item) VALUES ('mine')");
    await client.query("UPDATE orders SET item = 'ours' WHERE item = 'mine'");
    await client.query("DELETE FROM orders WHERE item = 'ours'");
    await client.query('CALL twice()');
    for (const text of ['CREATE TABLE mine (id INT)', 'DROP TABLE orders', 'ALTER TABLE orders ADD x INT']) {
      expect(await refusal(client.query(text)), text).toMatch(DENIED);
    }
    await client.end();
    await principals.close(refOf(grant));
    await world.root.query('DROP PROCEDURE twice');
  });

  test('a database whose name the other’s is a pattern for stays closed', async () => {
    const [first] = world.resource.databases;
    const similar = String(first).replace('_', 'x');
    await world.root.query(`CREATE DATABASE IF NOT EXISTS \`${similar}\``);
    const grant = await opened('own');
    expect(await refusal(login(world, grant, similar))).toMatch(DENIED);
    await principals.close(refOf(grant));
  });

  test('what an owner makes goes on under the durable account, and works', async () => {
    const grant = await opened('own');
    const client = await login(world, grant);
    const [place = '', other = ''] = world.resource.databases;
    const made = [
      "CREATE TABLE mine (id INT PRIMARY KEY, note VARCHAR(40) DEFAULT 'it\\'s \\\\ é')",
      "CREATE ALGORITHM=MERGE VIEW `odd ``view` AS SELECT id, 'q\\'uote \\\\ ünï' AS x FROM mine WHERE id < 100 WITH CHECK OPTION",
      'CREATE PROCEDURE `pro``c`(IN a INT) COMMENT "it\'s" BEGIN SELECT a, "ANSI?" AS x; END',
      'CREATE FUNCTION fun(a INT) RETURNS INT DETERMINISTIC RETURN a + 1',
      'CREATE TRIGGER t1 BEFORE INSERT ON mine FOR EACH ROW SET NEW.note = CONCAT(COALESCE(NEW.note, ""), "1")',
      'CREATE TRIGGER t2 BEFORE INSERT ON mine FOR EACH ROW SET NEW.note = CONCAT(COALESCE(NEW.note, ""), "2")',
      'CREATE TRIGGER t0 BEFORE INSERT ON mine FOR EACH ROW PRECEDES t1 SET NEW.note = CONCAT(COALESCE(NEW.note, ""), "0")',
      'CREATE EVENT `e v` ON SCHEDULE EVERY 1 DAY DISABLE DO DELETE FROM mine',
      'CREATE EVENT busy ON SCHEDULE EVERY 1 SECOND DO SELECT SLEEP(0.9)',
      `CREATE VIEW \`${other}\`.elsewhere AS SELECT 1 AS one`,
    ];
    for (const text of made) await client.query(text);
    await world.root.query(`GRANT EXECUTE ON FUNCTION \`${place}\`.fun TO 'root'@'localhost'`);
    await client.query('BEGIN');
    await client.query('INSERT INTO mine (id) VALUES (99)'); // and stays: its locks must not hold the end up
    expect(await principals.close(refOf(grant))).toEqual({ gone: true, changed: true, findings: [] });
    expect(await accountState(world, grant.loginName)).toBeNull();
    const owner = `tidegate_${world.resource.name}_owner`;
    expect(await accountState(world, owner)).toMatchObject({ locked: true });
    const definers = await world.ask(
      `SELECT DEFINER AS d FROM information_schema.VIEWS WHERE TABLE_SCHEMA IN (?, ?)
       UNION ALL SELECT DEFINER FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA IN (?, ?)
       UNION ALL SELECT DEFINER FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA IN (?, ?)
       UNION ALL SELECT DEFINER FROM information_schema.EVENTS WHERE EVENT_SCHEMA IN (?, ?)`,
      [place, other, place, other, place, other, place, other],
    );
    expect(definers).toHaveLength(9);
    expect(new Set(definers.map(({ d }) => d))).toEqual(new Set([`${owner}@%`]));
    await world.root.query('INSERT INTO mine (id, note) VALUES (1, NULL)');
    expect(await world.ask('SELECT note FROM mine')).toEqual([{ note: '012' }]); // the triggers, in their order
    expect(await world.ask('SELECT * FROM `odd ``view`')).toEqual([{ id: 1, x: "q'uote \\ ünï" }]);
    expect(await refusal(world.root.query('INSERT INTO `odd ``view` (id) VALUES (100)'))).toBe('ER_VIEW_CHECK_FAILED');
    expect(await world.ask('SELECT fun(41) AS n')).toEqual([{ n: 42 }]);
    expect(await world.ask("SELECT STATUS AS s FROM information_schema.EVENTS WHERE EVENT_NAME = 'e v'")).toEqual([
      { s: 'DISABLED' },
    ]);
    for (const text of ['DROP EVENT `e v`', 'DROP EVENT busy', 'DROP VIEW `odd ``view`', 'DROP TABLE mine']) {
      await world.root.query(text);
    }
    await world.root.query('DROP PROCEDURE `pro``c`');
    await world.root.query('DROP FUNCTION fun');
    expect(await world.ask('SELECT * FROM tidegate.handovers')).toEqual([]);
  });

  test('the switch fires: the database itself locks the account', async () => {
    const grant = await opened('read');
    const client = await login(world, grant);
    await principals.open(grant, Temporal.Now.instant().add({ milliseconds: 1_100 }));
    await until(async () => (await accountState(world, grant.loginName))?.locked === true);
    expect(await isLocked(login(world, grant))).toBe(true);
    expect(await switchTime(world, grant.loginName)).toBeNull();
    // Extended afterwards (the control plane knows best): it opens again, with a switch of its own.
    expect(await principals.open(grant, inAnHour())).toEqual({ changed: true });
    await (await login(world, grant)).end();
    expect(await switchTime(world, grant.loginName)).not.toBeNull();
    await client.end();
    await principals.close(refOf(grant));
  });

  test('its sessions end with it, in the middle of a statement and of a transaction', async () => {
    const grant = await opened('write');
    const idle = await login(world, grant);
    await idle.query('BEGIN');
    await idle.query('DELETE FROM orders');
    const busy = await login(world, grant);
    const asleep = refusal(busy.query('SELECT SLEEP(600)'));
    const ended = ending(idle);
    expect(await principals.close(refOf(grant))).toEqual({ gone: true, changed: true, findings: [] });
    expect(await asleep).toMatch(/ER_CONNECTION_KILLED|PROTOCOL_CONNECTION_LOST|ER_QUERY_INTERRUPTED/);
    expect(await ended).toMatch(/ER_CONNECTION_KILLED|PROTOCOL_CONNECTION_LOST/);
    expect(await world.ask('SELECT COUNT(*) AS n FROM orders')).toEqual([{ n: 10 }]);
  });

  test('no more sessions at once than the resource allows', async () => {
    const grant = await opened('read');
    // And the two that are there to stop what sessions run.
    const clients = await Promise.all(Array.from({ length: 12 }, () => login(world, grant)));
    expect(await refusal(login(world, grant))).toMatch(/ER_(TOO_MANY_USER_CONNECTIONS|USER_LIMIT_REACHED)/);
    await Promise.all(clients.map((client) => client.end()));
    await principals.close(refOf(grant));
  });

  test('a prepared transaction that came up meanwhile is told, one from before is not', async () => {
    await world.root.query("XA START 'before'");
    await world.root.query("XA END 'before'");
    await world.root.query("XA PREPARE 'before'");
    const grant = await opened('write');
    const client = await login(world, grant);
    for (const text of ["XA START 'mine','it',7", "INSERT INTO orders (item) VALUES ('x')", "XA END 'mine','it',7"]) {
      await client.query(text);
    }
    await client.query("XA PREPARE 'mine','it',7");
    const closed = await principals.close(refOf(grant));
    expect(closed).toMatchObject({ gone: true, findings: [{ kind: 'prepared_transaction' }] });
    expect(closed.findings[0]?.detail).toContain("XA ROLLBACK 'mine','it',7");
    expect(closed.findings[0]?.detail).not.toContain('before');
    await world.root.query("XA ROLLBACK 'before'");
    await world.root.query("XA ROLLBACK 'mine','it',7");
  });

  test('an account that is not in the list is nobody’s business here', async () => {
    const grant = grantOn(world.resource, 'read');
    await world.root.query(`CREATE USER \`${grant.loginName}\`@'%' IDENTIFIED BY 'theirs'`);
    expect(await refusal(principals.prepare(grant))).toBe('name_taken');
    expect(await principals.close(refOf(grant))).toMatchObject({ gone: false, changed: false, findings: [{}] });
    await (await clientOf(server, grant.loginName, 'theirs')).end();
    await world.root.query(`DROP USER \`${grant.loginName}\`@'%'`);
  });

  test.each([`o'dd "\\\` na.me`, 'ünï.çødé', '%._'])('any name: %s', async (loginName) => {
    const grant = await opened('own', { loginName });
    const client = await login(world, grant);
    await client.query('CREATE VIEW named AS SELECT 1 AS one');
    const end = inAnHour().add({ hours: 2 });
    await principals.open(grant, end);
    expect(await principals.open(grant, end)).toEqual({ changed: false });
    expect(await principals.close(refOf(grant))).toEqual({ gone: true, changed: true, findings: [] });
    expect(await accountState(world, loginName)).toBeNull();
    await world.root.query('DROP VIEW named');
  });
});

test('databases of odd names, and a resource’s too long for an account', async () => {
  const world = await worldOn(server, 'root', {
    databases: ["a'b`c\\d_%.é", 'x"y'],
    name: 'a-resource-with-a-very-long-name-indeed-longer-than-thirty-two',
  });
  const principals = provisionerOf(world);
  expect(await principals.check()).toMatchObject({ ok: true });
  for (const privileges of ['read', 'write', 'own'] as const) {
    const grant = grantOn(world.resource, privileges);
    const end = inAnHour();
    await principals.open(grant, end);
    expect(await principals.open(grant, end)).toEqual({ changed: false });
    for (const database of world.resource.databases) {
      const client = await login(world, grant, database);
      if (privileges === 'own') await client.query('CREATE VIEW v AS SELECT 1 AS one');
      await client.end();
    }
    expect(await principals.close(refOf(grant))).toEqual({ gone: true, changed: true, findings: [] });
  }
  const [row] = await world.ask("SELECT DISTINCT DEFINER AS d FROM information_schema.VIEWS WHERE TABLE_NAME = 'v'");
  expect(String(row?.d)).toMatch(/^tidegate_a-res\S*_[0-9a-f]{8}_owner@%$/);
  expect(String(row?.d).length - 2).toBeLessThanOrEqual(32);
  await principals.end();
  await world.end();
});

test('an ownerRole of the operator’s inherits what owners make', async () => {
  await using own = await temporaryMariadb();
  const world = await worldOn(own, 'plain', { ownerRole: 'app@10.0.%' });
  const principals = provisionerOf(world);
  expect(await principals.check()).toMatchObject({
    ok: false,
    detail: expect.stringContaining('CREATE USER `app`@`10.0.%`'),
  });
  await world.root.query("CREATE USER 'app'@'10.0.%' ACCOUNT LOCK");
  await world.root.query(`GRANT ALL ON \`${world.resource.databases[0]?.replace('_', '\\_')}\`.* TO 'app'@'10.0.%'`);
  expect(await principals.check()).toMatchObject({ ok: true });
  const grant = grantOn(world.resource, 'own');
  await principals.open(grant, inAnHour());
  await (await login(world, grant)).query('CREATE VIEW v AS SELECT 1 AS one');
  expect(await principals.close(refOf(grant))).toEqual({ gone: true, changed: true, findings: [] });
  expect(await world.ask("SELECT DEFINER AS d FROM information_schema.VIEWS WHERE TABLE_NAME = 'v'")).toEqual([
    { d: 'app@10.0.%' },
  ]);
  // With it owners would reach further than their grant.
  await world.root.query("GRANT SELECT ON mysql.* TO 'app'@'10.0.%'");
  expect(await principals.check()).toMatchObject({ ok: false, detail: expect.stringContaining('too powerful') });
  await principals.end();
  await world.end();
});
