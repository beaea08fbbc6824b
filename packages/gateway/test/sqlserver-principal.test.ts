/** The principals of SQL Server and Azure SQL: made shut, opened, closed, found by their mark; the exact statements. */
import { describe, expect, test } from 'vitest';
import { ProvisionError } from '../src/engines/provisioner.ts';
import { database } from './sqlserver-fake.ts';
import { DATABASES, grantOn, principalsOn, refOf, type Stage, stage, UNTIL } from './sqlserver-support.ts';

const [ORDERS, STOCK] = DATABASES;
const NO_CHANGE = { changed: false };

/** Every way a server can hold principals. */
const SERVERS: readonly (readonly [string, () => Stage])[] = [
  ['contained users', () => stage()],
  ['Azure SQL Database', () => stage({ edition: 5 })],
  [
    'logins',
    () => stage({ databases: { [ORDERS]: database({ contained: false }), [STOCK]: database({ contained: false }) } }),
  ],
  [
    'some contained, some not',
    () => stage({ databases: { [ORDERS]: database(), [STOCK]: database({ contained: false }) } }),
  ],
];

/** Where it may log in with this password, now. */
function doors({ server }: Stage, name: string, password: string): string[] {
  return DATABASES.filter((where) => {
    try {
      server.login(name, password, where);
      return true;
    } catch (error) {
      expect(error).toMatchObject({ code: '18456' });
      return false;
    }
  });
}

describe.each(SERVERS)('%s', (_what, make) => {
  test('prepared it cannot connect, opened it can, closed it is gone with its sessions', async () => {
    const world = make();
    const { server, principals, resource } = world;
    const grant = grantOn(resource, 'write');
    const { loginName, principalPassword } = grant;
    expect(await principals.prepare(grant)).toEqual({ changed: true });
    expect(doors(world, loginName, principalPassword)).toEqual([]);
    expect(server.user(loginName, ORDERS)?.roles).toEqual(['db_datareader', 'db_datawriter']);

    expect(await principals.open(grant, UNTIL)).toEqual({ changed: true });
    expect(doors(world, loginName, principalPassword)).toEqual([...DATABASES]);
    expect(server.sessions).toHaveLength(2);

    expect(await principals.close(refOf(grant))).toEqual({ gone: true, changed: true, findings: [] });
    expect(server.sessions).toEqual([]);
    for (const where of DATABASES) expect(server.user(loginName, where)).toBeNull();
    expect(server.state.logins).toEqual({});
    expect(await principals.close(refOf(grant))).toEqual({ gone: true, changed: false, findings: [] });
  });

  test('as wanted already: nothing is changed, and no password is sent again', async () => {
    const { server, principals, resource } = make();
    const grant = grantOn(resource, 'own');
    await principals.prepare(grant);
    expect(await principals.prepare(grant)).toEqual(NO_CHANGE);
    await principals.open(grant, UNTIL);
    server.log.length = 0;
    expect(await principals.open(grant, UNTIL)).toEqual(NO_CHANGE);
    expect(server.changes()).toEqual([]);
  });

  test('what somebody changed by hand is put right: roles, CONNECT, password', async () => {
    const world = make();
    const { server, principals, resource } = world;
    const grant = grantOn(resource, 'read');
    await principals.open(grant, UNTIL);
    for (const where of DATABASES) {
      const user = server.user(grant.loginName, where);
      user?.roles.push('db_owner');
      user?.denied.push('CONNECT');
      if (user?.password) Object.assign(user, { password: 'theirs', modified: server.tick() });
    }
    for (const login of Object.values(server.state.logins)) {
      Object.assign(login, { password: 'theirs', disabled: true, modified: server.tick() });
    }
    expect(await principals.open(grant, UNTIL)).toEqual({ changed: true });
    expect(doors(world, grant.loginName, 'theirs')).toEqual([]);
    expect(doors(world, grant.loginName, grant.principalPassword)).toEqual([...DATABASES]);
    expect(server.user(grant.loginName, STOCK)?.roles).toEqual(['db_datareader']);
  });

  test('after a restart of the gateway the password is put again once, which is no change', async () => {
    const { server, principals, resource } = make();
    const grant = grantOn(resource, 'read');
    await principals.open(grant, UNTIL);
    const restarted = principalsOn(server, resource);
    server.log.length = 0;
    expect(await restarted.open(grant, UNTIL)).toEqual(NO_CHANGE);
    expect(server.changes().length).toBeGreaterThan(0);
    expect(server.changes().every((text) => / WITH PASSWORD = /.test(text))).toBe(true);
    server.log.length = 0;
    expect(await restarted.open(grant, UNTIL)).toEqual(NO_CHANGE);
    expect(server.changes()).toEqual([]);
  });

  test('leftovers are found by their mark alone, one for each principal, and not those of known grants', async () => {
    const { server, principals, resource } = make();
    const left = grantOn(resource, 'write');
    const kept = grantOn(resource, 'read');
    await principals.open(left, UNTIL);
    await principals.prepare(kept);
    server.database(ORDERS).users['somebody.else'] = {
      id: 7,
      authentication: 2,
      password: 'x',
      modified: 1,
      mark: '{"tidegate": 2}',
      roles: [],
      granted: ['CONNECT'],
      denied: [],
    };
    const other = principalsOn(server, { ...resource });
    const found = await other.leftovers(new Set([kept.id]));
    expect(found).toEqual([
      {
        grant: left.id,
        person: 'alice',
        resource: 'sales',
        privileges: 'write',
        loginName: left.loginName,
        since: Temporal.Instant.from('2026-11-22T10:00:00Z'),
        until: UNTIL,
      },
    ]);
    const [mark] = found;
    if (mark === undefined) throw new Error('none found');
    expect(await other.close(mark)).toMatchObject({ gone: true, changed: true });
    expect((await other.leftovers(new Set())).map(({ grant }) => grant)).toEqual([kept.id]);
  });

  test('a user of the same name without our mark is neither taken over nor closed', async () => {
    const { server, principals, resource } = make();
    const grant = grantOn(resource, 'read');
    server.database(STOCK).users[grant.loginName] = {
      id: 7,
      authentication: 2,
      password: 'x',
      modified: 1,
      mark: null,
      roles: [],
      granted: ['CONNECT'],
      denied: [],
    };
    server.login(grant.loginName, 'x', STOCK);
    await expect(principals.prepare(grant)).rejects.toMatchObject({ code: 'name_taken' });
    const closed = await principals.close(refOf(grant));
    expect(closed).toMatchObject({ gone: false, changed: false, findings: [{ kind: 'undroppable_principal' }] });
    expect(server.changes()).toEqual([]);
    expect(server.sessions).toHaveLength(1);
  });
});

describe('the exact statements of a life', () => {
  const fixed = { id: 'g7k2m0ab', principalPassword: "Tg1.o'clock" };

  async function life(world: Stage, privileges: 'read' | 'write' | 'own'): Promise<string> {
    const { server, principals, resource } = world;
    const grant = grantOn(resource, privileges, fixed);
    await principals.prepare(grant);
    await principals.open(grant, UNTIL);
    server.login(grant.loginName, grant.principalPassword, ORDERS);
    await principals.leftovers(new Set());
    await principals.close(refOf(grant));
    await principals.check();
    return server.log.map(({ database: where, as, text }) => `-- ${where}, as ${as}\n${text};\n`).join('\n');
  }

  const only = (changes: Parameters<typeof database>[0]) => ({ databases: { [ORDERS]: database(changes) } });

  test('a contained user, of an owner', async () => {
    await expect(await life(stage(only({})), 'own')).toMatchFileSnapshot('sqlserver-statements/contained-owner.sql');
  });

  test('a login and its user, of an editor', async () => {
    const world = stage(only({ contained: false }));
    await expect(await life(world, 'write')).toMatchFileSnapshot('sqlserver-statements/login-editor.sql');
  });

  test('Azure SQL Database, a reader', async () => {
    const world = stage({ ...only({}), edition: 5 });
    await expect(await life(world, 'read')).toMatchFileSnapshot('sqlserver-statements/azure-reader.sql');
  });
});

describe('roles', () => {
  test('an owner can change the schema and run it, but neither make users nor DDL triggers', async () => {
    const { server, principals, resource } = stage();
    const grant = grantOn(resource, 'own');
    await principals.open(grant, UNTIL);
    expect(server.user(grant.loginName, ORDERS)).toMatchObject({
      roles: ['db_datareader', 'db_datawriter', 'db_ddladmin'],
      granted: ['CONNECT', 'EXECUTE', 'VIEW DEFINITION'],
      denied: ['ALTER ANY DATABASE DDL TRIGGER'],
    });
  });

  test("with an owner role of the operator's, membership in it is all an owner has, and it inherits", async () => {
    const orders = database({ roles: { app_owner: { tooMuch: false } } });
    const { server, principals, resource } = stage({ databases: { [ORDERS]: orders }, ownerRole: 'app_owner' });
    const grant = grantOn(resource, 'own');
    await principals.open(grant, UNTIL);
    expect(server.user(grant.loginName, ORDERS)).toMatchObject({
      roles: ['app_owner'],
      denied: ['ALTER ANY DATABASE DDL TRIGGER'],
    });
    server.database(ORDERS).owned.push({ word: 'SCHEMA', schema: null, name: 'new', owner: grant.loginName });
    server.database(ORDERS).owned.push({ word: 'CERTIFICATE', schema: null, name: 'c', owner: grant.loginName });
    expect(await principals.close(refOf(grant))).toMatchObject({ gone: true });
    expect(server.database(ORDERS).owned.map(({ owner }) => owner)).toEqual(['app_owner', 'dbo']);
  });
});

describe('what an owner leaves', () => {
  test('schemas and objects become dbo’s, and what others were given on them they keep', async () => {
    const { server, principals, resource } = stage();
    const grant = grantOn(resource, 'own');
    await principals.open(grant, UNTIL);
    const orders = server.database(ORDERS);
    const by = grant.loginName;
    orders.owned.push(
      { word: 'SCHEMA', schema: null, name: 'rep]orts', owner: by },
      { word: 'OBJECT', schema: 'dbo', name: 'summary', owner: by },
      { word: 'TYPE', schema: 'dbo', name: 'money2', owner: by },
      { word: 'ROLE', schema: null, name: 'helpers', owner: by },
    );
    const given = { class: 1, permission: 'SELECT', schema: 'dbo', name: 'summary', column: null } as const;
    orders.permissions.push(
      { ...given, state: 'G', grantee: 'app', grantor: by },
      { ...given, state: 'W', grantee: 'lead', grantor: 'dbo', permission: 'UPDATE' },
      { ...given, state: 'D', grantee: 'guest2', grantor: by, column: 'sal]ary' },
      { ...given, class: 3, schema: null, name: 'rep]orts', state: 'G', grantee: 'app', grantor: by },
      { ...given, class: 1, schema: 'shop', name: 'not_its', state: 'G', grantee: 'app', grantor: by },
    );
    const before = orders.permissions.map((each) => ({ ...each, grantor: 'dbo' }));
    expect(await principals.close(refOf(grant))).toEqual({ gone: true, changed: true, findings: [] });
    expect(server.database(ORDERS).owned.every(({ owner }) => owner === 'dbo')).toBe(true);
    const after = server.database(ORDERS).permissions;
    expect(after).toEqual(expect.arrayContaining(before));
    expect(after).toHaveLength(before.length);
  });

  test('code that runs as it keeps it: shut, stripped, told with what to do, dropped once that is gone', async () => {
    const { server, principals, resource } = stage();
    const grant = grantOn(resource, 'own');
    await principals.open(grant, UNTIL);
    server.database(ORDERS).modules.push({ schema: 'dbo', name: 'nightly', as: grant.loginName });
    const closed = await principals.close(refOf(grant));
    expect(closed).toMatchObject({ gone: false, changed: true });
    expect(closed.findings).toEqual([
      {
        kind: 'undroppable_principal',
        principal: grant.loginName,
        detail: `In database [${ORDERS}] the user [${grant.loginName}] cannot connect and is in no role, but cannot be dropped (error 15136). These run as it: [dbo].[nightly]. Alter them to EXECUTE AS CALLER or another user. Tidegate then drops it.`,
      },
    ]);
    expect(server.user(grant.loginName, ORDERS)).toMatchObject({
      roles: [],
      denied: expect.arrayContaining(['CONNECT']),
    });
    expect(server.user(grant.loginName, STOCK)).toBeNull();
    server.database(ORDERS).modules.length = 0;
    expect(await principals.close(refOf(grant))).toMatchObject({ gone: true, findings: [] });
  });
});

test('a resource on a socket is refused in words', async () => {
  const { server, resource } = stage();
  const principals = principalsOn(server, { ...resource, address: { socket: '/tmp/x', port: 1 } });
  expect(await principals.check()).toMatchObject({ ok: false, detail: expect.stringContaining('host and port') });
  await expect(principals.prepare(grantOn(resource, 'read'))).rejects.toBeInstanceOf(ProvisionError);
});
