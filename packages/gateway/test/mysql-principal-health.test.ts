/** What `check` says, and what stands in the way: the server, TLS, the administrator's privileges, what can't be handed over. */
import { type TemporaryMariadb, temporaryMariadb } from '@tidegate/embedded/testing';
import { createConnection } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ownerOf } from '../src/engines/mysql/principal/names.ts';
import { account } from '../src/engines/mysql/principal/quote.ts';
import { accountState, login, provisionerOf, type World, worldOn } from './mysql-principal-support.ts';
import { authority } from './principal-certificates.ts';
import { grantOn, inAnHour, refOf, refusal } from './principal-support.ts';

let server: TemporaryMariadb;
let certificates: Awaited<ReturnType<typeof authority>>;
beforeAll(async () => {
  certificates = await authority('ours');
  const { pem: cert, key } = await certificates.issue('db.example');
  server = await temporaryMariadb({ listen: { host: '127.0.0.1', port: 0 }, tls: { cert, key } });
});
afterAll(() => server?.stop());

const checked = async (world: World) => {
  const principals = provisionerOf(world);
  try {
    return await principals.check();
  } finally {
    await principals.end();
  }
};
/** The world's resource, reached another way. */
const elsewhere = (world: World, changes: Partial<World['resource']>): World => ({
  ...world,
  resource: { ...world.resource, ...changes },
});

test('all is well: what, how, as whom', async () => {
  const world = await worldOn(server, 'plain');
  const { user } = world.resource.credential;
  expect(await checked(world)).toEqual({
    ok: true,
    detail: expect.stringMatching(
      new RegExp(`^MariaDB ${server.version}\\S* through a Unix socket, administrator \`${user}\`@\`%\`\\.$`),
    ),
  });
  await world.end();
});

test('a test of a connection says what is in the way, and makes nothing', async () => {
  const world = await worldOn(server, 'plain');
  const tested = async (changes: Partial<World['resource']>) => {
    const principals = provisionerOf(elsewhere(world, changes));
    try {
      return await principals.test();
    } finally {
      await principals.end();
    }
  };
  const name = 'untried' as World['resource']['name'];
  expect(await tested({ name })).toMatchObject({
    failedAt: null,
    server: expect.stringContaining(`MariaDB ${server.version}`),
    administrator: `\`${world.resource.credential.user}\`@\`%\``,
    problems: [],
  });
  expect(await accountState(world, ownerOf({ name, ownerRole: null }).user)).toBeNull();
  expect(await tested({ databases: ['nowhere'] })).toMatchObject({
    failedAt: 'privileges',
    problems: expect.arrayContaining([expect.stringContaining('`nowhere` does not exist')]),
  });
  expect(await tested({ address: { socket: '/nowhere/mysqld.sock', port: 3306 } })).toMatchObject({
    failedAt: 'reach',
    server: null,
  });
  expect(await tested({ credential: { user: 'nobody', source: { kind: 'secret', password: 'x' } } })).toMatchObject({
    failedAt: 'login',
  });
  await world.end();
});

test('no socket, nobody listening, no name, a wrong password', async () => {
  const world = await worldOn(server, 'plain');
  const disable = { mode: 'disable', ca: null, serverName: null } as const;
  for (const [changes, words] of [
    [{ address: { socket: '/nowhere/mysqld.sock', port: 3306 } }, 'no such socket'],
    [{ address: { host: '127.0.0.1', port: 1 }, tls: disable }, 'Cannot reach 127.0.0.1:1'],
    [{ address: { host: 'nobody.invalid', port: 3306 }, tls: disable }, 'Cannot reach nobody.invalid'],
    [{ credential: { user: 'nobody', source: { kind: 'secret', password: 'x' } } }, '"nobody"'],
  ] as const) {
    expect(await checked(elsewhere(world, changes))).toMatchObject({
      ok: false,
      detail: expect.stringContaining(words),
    });
  }
  await world.end();
});

describe('TLS', () => {
  test('the authority and the name are verified; who comes by TLS has principals that can come no other way', async () => {
    const world = await worldOn(server, 'plain');
    const address = { host: '127.0.0.1', port: server.port ?? 0 };
    const tls = { mode: 'verify-full', ca: certificates.pem, serverName: 'db.example' } as const;
    const over = elsewhere(world, { address, tls });
    expect(await checked(over)).toMatchObject({ ok: true, detail: expect.stringMatching(/ over TLSv1\.[23],/) });
    const wrong = [
      { ...tls, serverName: 'other.example' },
      { ...tls, ca: null },
      { ...tls, ca: (await authority('another')).pem },
    ];
    for (const each of wrong) {
      expect(await checked(elsewhere(over, { tls: each })), JSON.stringify(each.serverName)).toMatchObject({
        ok: false,
        detail: expect.stringContaining('certificate'),
      });
    }
    expect(await checked(elsewhere(over, { tls: { ...tls, mode: 'verify-ca', serverName: null } }))).toMatchObject({
      ok: true,
    });
    expect(await checked(elsewhere(over, { tls: { ...tls, serverName: null } }))).toMatchObject({
      ok: false,
      detail: expect.stringContaining('tls.serverName'),
    });

    const principals = provisionerOf(over);
    const grant = grantOn(world.resource, 'read');
    await principals.open(grant, inAnHour());
    expect(await accountState(world, grant.loginName)).toMatchObject({ tls: 1 });
    const plain = { ...address, user: grant.loginName, password: grant.principalPassword };
    expect(await refusal(createConnection(plain))).toBe('ER_ACCESS_DENIED_ERROR');
    const client = await createConnection({ ...plain, ssl: { ca: certificates.pem, verifyIdentity: false } });
    await client.end();
    await principals.close(refOf(grant));
    await principals.end();
    await world.end();
  });

  test('a server without TLS is not spoken to when TLS is asked for', async () => {
    await using other = await temporaryMariadb({ listen: { host: '127.0.0.1', port: 0 } });
    const world = await worldOn(other, 'plain');
    const tls = { mode: 'verify-full', ca: certificates.pem, serverName: 'db.example' } as const;
    const address = { host: '127.0.0.1', port: other.port ?? 0 };
    expect(await checked(elsewhere(world, { address, tls }))).toMatchObject({
      ok: false,
      detail: expect.stringContaining('does not offer TLS'),
    });
    await world.end();
  });
});

describe('privileges: each that is missing is named with what to run', () => {
  test.each([
    [/CREATE USER/, 'GRANT CREATE USER, PROCESS, CONNECTION ADMIN ON *.* TO '],
    [/ON mysql/, 'GRANT SELECT ON `mysql`.* TO '],
    [/ON tidegate/, 'GRANT ALL ON `tidegate`.* TO '],
    [/stock/, 'GRANT ALL ON `stock \\%.'],
  ])('without %s', async (without, words) => {
    const world = await worldOn(server, 'plain', { without });
    const health = await checked(world);
    expect(health).toMatchObject({ ok: false, detail: expect.stringContaining(words) });
    // What it says to run is enough.
    const said = [...health.detail.matchAll(/run (GRANT .+?)(?:\.(?= |$))/g)].map(([, text]) => text ?? '');
    expect(said).toHaveLength(1);
    for (const text of said) await world.root.query(text);
    expect(await checked(world)).toMatchObject({ ok: true });
    await world.end();
  });

  test('without SET USER nothing can be handed over: said before, kept and told at the end, done when it can be', async () => {
    const world = await worldOn(server, 'plain', { without: /SET USER/ });
    const principals = provisionerOf(world);
    const health = await principals.check();
    expect(health).toMatchObject({ ok: true, detail: expect.stringContaining('GRANT SET USER ON *.*') });
    const grant = grantOn(world.resource, 'own');
    await principals.open(grant, inAnHour());
    const client = await login(world, grant);
    await client.query('CREATE VIEW v AS SELECT 1 AS one');
    await client.query('CREATE EVENT e ON SCHEDULE EVERY 1 SECOND DO SELECT SLEEP(0.9)');
    const closed = await principals.close(refOf(grant));
    expect(closed).toMatchObject({ gone: false, findings: [{ kind: 'undroppable_principal' }] });
    expect(closed.findings[0]?.detail).toContain('VIEW');
    expect(closed.findings[0]?.detail).toContain('EVENT');
    expect(await accountState(world, grant.loginName)).toMatchObject({ locked: true });
    // Nothing became the administrator's on the way.
    const definers = "SELECT DEFINER AS d FROM information_schema.EVENTS WHERE EVENT_NAME = 'e'";
    expect(await world.ask(definers)).toEqual([{ d: `${grant.loginName}@%` }]);
    await world.root.query(`GRANT SET USER ON *.* TO ${account(world.resource.credential.user)}`);
    await principals.end();
    const again = provisionerOf(world);
    expect(await again.close(refOf(grant))).toEqual({ gone: true, changed: true, findings: [] });
    expect(await world.ask(definers)).toEqual([{ d: `tidegate_${world.resource.name}_owner@%` }]);
    await world.root.query('DROP EVENT e');
    await again.end();
    await world.end();
  });
});

test('the event scheduler is off: said, with what to run; and all the rest works', async () => {
  await using other = await temporaryMariadb({ settings: { event_scheduler: 'OFF' } });
  const world = await worldOn(other, 'plain');
  expect(await checked(world)).toMatchObject({
    ok: true,
    detail: expect.stringContaining('SET GLOBAL event_scheduler = ON'),
  });
  const principals = provisionerOf(world);
  const grant = grantOn(world.resource, 'write');
  await principals.open(grant, inAnHour());
  expect(await principals.close(refOf(grant))).toMatchObject({ gone: true });
  await principals.end();
  await world.end();
});

test('a read-only server is no place for principals', async () => {
  await using other = await temporaryMariadb({ settings: { read_only: 'ON' } });
  const world = await worldOn(other, 'plain');
  expect(await checked(world)).toMatchObject({ ok: false, detail: expect.stringContaining('the primary') });
  await world.end();
});

test.each(['mysql', 'Tidegate', 'information_schema'])(
  'the database %s cannot be given to anybody',
  async (database) => {
    const world = await worldOn(server, 'root');
    const health = await checked(elsewhere(world, { databases: [database] }));
    expect(health).toMatchObject({ ok: false, detail: expect.stringContaining('take it out') });
    await world.end();
  },
);
