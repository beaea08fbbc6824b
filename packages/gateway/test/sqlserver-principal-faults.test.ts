/** Killed anywhere, at work twice, or hindered by the person themselves: it always converges, and shut means shut. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { DriverError } from '../src/engines/sqlserver/principal/driver.ts';
import { database } from './sqlserver-fake.ts';
import {
  ADMIN_PASSWORD,
  DATABASES,
  grantOn,
  principalsOn,
  refOf,
  type Stage,
  stage,
  UNTIL,
} from './sqlserver-support.ts';

const [ORDERS, STOCK] = DATABASES;
const uncontained = () => database({ contained: false });

const SERVERS: readonly (readonly [string, () => Stage])[] = [
  ['contained users', () => stage()],
  ['Azure SQL Database', () => stage({ edition: 5 })],
  ['some contained, some not', () => stage({ databases: { [ORDERS]: database(), [STOCK]: uncontained() } })],
];

/** Looks for sessions are 100 ms apart; the scripted server needs no time to settle, and there are thousands of looks. */
beforeEach(() => {
  const later = globalThis.setTimeout;
  vi.stubGlobal('setTimeout', (work: () => void, ms: number) => later(work, ms === 100 ? 0 : ms));
});
afterEach(() => vi.unstubAllGlobals());

const lost = () => new DriverError('killed', 'connection_lost');

/** From the nth batch on nothing is heard: as if the gateway died before sending it, or before its answer came. */
function dieAt({ server }: Stage, batch: number, when: 'before' | 'after'): { readonly died: boolean } {
  const state = { died: false };
  let left = batch;
  const die = () => {
    state.died = true;
    throw lost();
  };
  server.onBatch = () => {
    if (state.died) throw lost();
    left -= 1;
    if (left === 0 && when === 'before') die();
  };
  server.afterBatch = () => {
    if (left === 0 && when === 'after') die();
  };
  return state;
}

function live({ server }: Stage): void {
  server.onBatch = () => undefined;
  server.afterBatch = () => undefined;
}

function canLogIn({ server }: Stage, name: string, password: string): boolean {
  return DATABASES.some((where) => {
    try {
      server.login(name, password, where);
      return true;
    } catch (error) {
      if (error instanceof DriverError && error.code === '18456') return false;
      throw error;
    }
  });
}

describe.each(SERVERS)('%s', (_what, make) => {
  test.each(['before', 'after'] as const)(
    'killed %s any batch, in any operation: a new gateway gets there',
    async (when) => {
      for (const operation of ['prepare', 'open', 'close'] as const) {
        for (let batch = 1, died = true; died; batch += 1) {
          const world = make();
          const { server, resource } = world;
          const grant = grantOn(resource, 'own');
          const run = (principals: Stage['principals']) =>
            operation === 'prepare'
              ? principals.prepare(grant)
              : operation === 'open'
                ? principals.open(grant, UNTIL)
                : principals.close(refOf(grant));
          if (operation === 'close') {
            await world.principals.open(grant, UNTIL);
            for (const where of DATABASES) server.login(grant.loginName, grant.principalPassword, where);
            server.database(ORDERS).owned.push({ word: 'SCHEMA', schema: null, name: 's', owner: grant.loginName });
          }
          const death = dieAt(world, batch, when);
          const first = principalsOn(server, resource);
          await run(first).catch((error: unknown) => {
            expect(error).toMatchObject({ code: 'connection_lost' });
          });
          died = death.died;
          live(world);
          // Nobody is let in by an opening half done before its time: prepare never opens.
          if (operation === 'prepare') expect(canLogIn(world, grant.loginName, grant.principalPassword)).toBe(false);
          const second = principalsOn(server, resource);
          await run(second);
          expect(canLogIn(world, grant.loginName, grant.principalPassword), `${operation} ${batch}`).toBe(
            operation === 'open',
          );
          expect(await second.close(refOf(grant))).toMatchObject({ gone: true });
          expect(server.sessions).toEqual([]);
          expect(Object.keys(server.state.logins)).toEqual([]);
          for (const where of DATABASES) expect(server.user(grant.loginName, where)).toBeNull();
          for (const { owner } of server.database(ORDERS).owned) expect(owner).toBe('dbo');
          expect(await second.leftovers(new Set())).toEqual([]);
        }
      }
    },
  );

  test('killed while preparing: what is left is found by its mark, if anything is', async () => {
    for (let batch = 1, died = true; died; batch += 1) {
      const world = make();
      const { server, resource } = world;
      const grant = grantOn(resource, 'read');
      const death = dieAt(world, batch, 'after');
      await world.principals.prepare(grant).catch(() => null);
      died = death.died;
      live(world);
      const other = principalsOn(server, resource);
      const isThere =
        DATABASES.some((where) => server.user(grant.loginName, where) !== null) ||
        grant.loginName in server.state.logins;
      const marks = await other.leftovers(new Set());
      expect(marks.map(({ loginName }) => loginName)).toEqual(isThere ? [grant.loginName] : []);
      for (const mark of marks) expect(await other.close(mark)).toMatchObject({ gone: true });
      expect(server.state.logins).toEqual({});
    }
  });

  test('two gateways at work on one grant end where one would', async () => {
    const { server, resource } = make();
    const grant = grantOn(resource, 'write');
    const both = [principalsOn(server, resource), principalsOn(server, resource)];
    await Promise.all(both.map((principals) => principals.open(grant, UNTIL)));
    for (const where of DATABASES) {
      expect(server.user(grant.loginName, where)?.roles).toEqual(['db_datareader', 'db_datawriter']);
    }
    server.login(grant.loginName, grant.principalPassword, STOCK);
    const closed = await Promise.all(both.map((principals) => principals.close(refOf(grant))));
    expect(closed.every(({ gone }) => gone)).toBe(true);
    expect(server.sessions).toEqual([]);
    expect(await both[0]?.leftovers(new Set())).toEqual([]);
  });
});

describe('closing', () => {
  test('shut out comes before all else: a login after the first word of close is refused', async () => {
    const world = stage();
    const { server, principals, resource } = world;
    const grant = grantOn(resource, 'write');
    await principals.open(grant, UNTIL);
    const tried: boolean[] = [];
    server.afterBatch = (text) => {
      if (/KILL|DROP/.test(text)) tried.push(canLogIn(world, grant.loginName, grant.principalPassword));
    };
    server.login(grant.loginName, grant.principalPassword, ORDERS);
    await principals.close(refOf(grant));
    expect(tried.length).toBeGreaterThan(3);
    expect(tried).not.toContain(true);
  });

  test('a login that had passed its checks when it was shut out is ended as well', async () => {
    const { server, principals, resource } = stage();
    const grant = grantOn(resource, 'read');
    await principals.open(grant, UNTIL);
    let looks = 0;
    server.onBatch = (text) => {
      if (!text.includes('dm_exec_sessions')) return;
      looks += 1;
      if (looks === 2) {
        const late = { id: server.nextId(), login: grant.loginName, sid: '0xFF', database: ORDERS, stubborn: 0 };
        server.sessions.push(late);
      }
    };
    expect(await principals.close(refOf(grant))).toMatchObject({ gone: true });
    expect(server.sessions).toEqual([]);
    expect(looks).toBe(4);
  });

  test('sessions that are shown by SID instead of by name are ended too', async () => {
    const { server, principals, resource } = stage({ edition: 5 });
    server.showsSids = true;
    const grant = grantOn(resource, 'read');
    await principals.open(grant, UNTIL);
    for (const where of DATABASES) server.login(grant.loginName, grant.principalPassword, where);
    expect(server.sessions.every(({ login }) => login.startsWith('0x'))).toBe(true);
    expect(await principals.close(refOf(grant))).toMatchObject({ gone: true });
    expect(server.sessions).toEqual([]);
  });

  test('one that is still rolling back: not closed, and said so; closed when it is done', async () => {
    vi.unstubAllGlobals();
    const { server, principals, resource } = stage();
    const grant = grantOn(resource, 'write');
    await principals.open(grant, UNTIL);
    server.login(grant.loginName, grant.principalPassword, ORDERS);
    const [session] = server.sessions;
    if (session === undefined) throw new Error('no session');
    session.stubborn = Number.POSITIVE_INFINITY;
    await expect(principals.close(refOf(grant))).rejects.toMatchObject({ code: 'session_left' });
    expect(server.user(grant.loginName, ORDERS)?.denied).toContain('CONNECT');
    session.stubborn = 0;
    expect(await principals.close(refOf(grant))).toMatchObject({ gone: true });
  }, 15_000);

  test('without the right to see sessions nothing is called closed', async () => {
    const { server, principals, resource } = stage();
    const grant = grantOn(resource, 'write');
    await principals.open(grant, UNTIL);
    server.login(grant.loginName, grant.principalPassword, ORDERS);
    server.serverRights.views = false;
    await expect(principals.close(refOf(grant))).rejects.toMatchObject({
      code: 'sessions_hidden',
      detail: expect.stringContaining('VIEW SERVER STATE'),
    });
    expect(server.user(grant.loginName, STOCK)?.denied).toContain('CONNECT');
    expect(server.user(grant.loginName, ORDERS)).not.toBeNull();
  });

  test('a trigger that undoes it in one database keeps neither the other open nor a session alive', async () => {
    const { server, principals, resource } = stage();
    const grant = grantOn(resource, 'own');
    await principals.open(grant, UNTIL);
    for (const where of DATABASES) server.login(grant.loginName, grant.principalPassword, where);
    server.database(ORDERS).triggers.push('no security events');
    await expect(principals.close(refOf(grant))).rejects.toMatchObject({
      code: '3609',
      detail: expect.stringContaining('A DDL trigger of database "orders" rolled the change back.'),
    });
    expect(server.sessions).toEqual([]);
    expect(server.user(grant.loginName, STOCK)?.denied).toContain('CONNECT');
    server.database(ORDERS).triggers.length = 0;
    expect(await principals.close(refOf(grant))).toMatchObject({ gone: true });
  });

  test('its own open transaction holds the lock that shutting needs: it is ended, then shut', async () => {
    const { server, principals, resource } = stage();
    const grant = grantOn(resource, 'own');
    await principals.open(grant, UNTIL);
    server.login(grant.loginName, grant.principalPassword, ORDERS);
    server.onBatch = (text) => {
      if (text.startsWith('DENY CONNECT') && server.sessions.length > 0) throw new DriverError('gesperrt', '1222');
    };
    expect(await principals.close(refOf(grant))).toEqual({ gone: true, changed: true, findings: [] });
  });

  test.each([3, 5])(
    'a database that is offline keeps no other open, and is tried again (edition %i)',
    async (edition) => {
      const { server, principals, resource } = stage({ edition });
      const grant = grantOn(resource, 'read');
      await principals.open(grant, UNTIL);
      server.login(grant.loginName, grant.principalPassword, STOCK);
      const offline = server.database(ORDERS);
      delete server.state.databases[ORDERS];
      const other = principalsOn(server, resource);
      await expect(other.close(refOf(grant))).rejects.toMatchObject({ code: '4060' });
      expect(server.user(grant.loginName, STOCK)?.denied).toContain('CONNECT');
      expect(server.sessions).toEqual([]);
      server.state.databases[ORDERS] = offline;
      expect(await other.close(refOf(grant))).toMatchObject({ gone: true, changed: true });
    },
  );

  test('dropped by hand while a session lives: the session is ended', async () => {
    const { server, principals, resource } = stage({ databases: { [ORDERS]: database() } });
    const grant = grantOn(resource, 'read');
    await principals.open(grant, UNTIL);
    server.login(grant.loginName, grant.principalPassword, ORDERS);
    server.database(ORDERS).users = {};
    expect(await principals.close(refOf(grant))).toEqual({ gone: true, changed: true, findings: [] });
    expect(server.sessions).toEqual([]);
  });

  test('a login of ours that cannot be dropped is told, and is disabled', async () => {
    const { server, principals, resource } = stage({ databases: { [ORDERS]: uncontained() } });
    const grant = grantOn(resource, 'own');
    await principals.open(grant, UNTIL);
    server.onBatch = (text) => {
      if (text.startsWith('DROP LOGIN')) throw new DriverError('besitzt eine Datenbank', '15174');
    };
    expect(await principals.close(refOf(grant))).toMatchObject({
      gone: false,
      findings: [{ kind: 'undroppable_principal', detail: expect.stringContaining('(error 15174)') }],
    });
    expect(server.state.logins[grant.loginName]?.disabled).toBe(true);
  });

  test("somebody else's login of the same name is not touched", async () => {
    const { server, principals, resource } = stage({ databases: { [ORDERS]: uncontained() } });
    const grant = grantOn(resource, 'read');
    server.state.logins[grant.loginName] = {
      sid: '0x0123456789ABCDEF0123456789ABCDEF',
      disabled: false,
      password: 'x',
      modified: 1,
    };
    await expect(principals.prepare(grant)).rejects.toMatchObject({ code: 'name_taken' });
    expect(await principals.close(refOf(grant))).toMatchObject({ gone: false, changed: false });
    expect(server.changes()).toEqual([]);
  });
});

describe('secrets', () => {
  test('a refused password appears in no error, whatever the server quotes', async () => {
    const { principals, resource } = stage();
    const grant = grantOn(resource, 'read', { principalPassword: 'alllowercase' });
    const error = await principals.prepare(grant).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: '40632', detail: expect.stringContaining('password policy') });
    expect(everything(error)).not.toContain('alllowercase');
  });

  test("the administrator's password is read at each connect, and is in no error", async () => {
    const { server, resource } = stage();
    let rotated = 0;
    const principals = principalsOn(server, resource, async () => {
      rotated += 1;
      return `${ADMIN_PASSWORD}${rotated}`;
    });
    await principals.prepare(grantOn(resource, 'read'));
    const used = server.connects.map(({ credential }) => (credential.kind === 'password' ? credential.password : ''));
    expect(used).toEqual(DATABASES.map((_, at) => `${ADMIN_PASSWORD}${at + 1}`));
    server.onBatch = () => {
      throw new DriverError('Anmeldung fehlgeschlagen', '18456');
    };
    const error = await principals.prepare(grantOn(resource, 'read')).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: '18456', message: "The database refuses Tidegate's administrator." });
    expect(everything(error)).not.toContain(ADMIN_PASSWORD);
  });
});

/** All that an error could put into a log. */
function everything(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return [error.stack, JSON.stringify(error), error.cause === undefined ? '' : everything(error.cause)].join('\n');
}

describe('the way in', () => {
  test('TLS is verified by default; verify-ca leaves out the name alone; disable is without', async () => {
    const wanted = async (tls: object) => {
      const { server, principals } = stage({ tls });
      await principals.check();
      const { encryption, verifyName, ca, serverName } = server.connects[0] ?? {};
      return { encryption, verifyName, ca, serverName };
    };
    expect(await wanted({})).toEqual({ encryption: 'required', verifyName: true, ca: null, serverName: null });
    expect(await wanted({ mode: 'verify-ca', ca: 'PEM' })).toMatchObject({
      encryption: 'required',
      verifyName: false,
      ca: 'PEM',
    });
    expect(await wanted({ mode: 'disable' })).toMatchObject({ encryption: 'none' });
  });

  test('a server that hangs up on the older greeting is asked again with TLS first, and from then on', async () => {
    const { server, resource } = stage();
    const { connect } = server;
    const asked: string[] = [];
    server.connect = async (options) => {
      asked.push(options.encryption);
      if (options.encryption !== 'strict') throw new DriverError('socket hang up', 'ECONNRESET');
      return connect(options);
    };
    expect(await principalsOn(server, resource).check()).toMatchObject({ ok: true });
    expect(asked.slice(0, 3)).toEqual(['required', 'strict', 'strict']);
    asked.length = 0;
    server.connect = async (options) => {
      asked.push(options.encryption);
      throw new DriverError('nobody there', options.encryption === 'strict' ? 'ETIMEDOUT' : 'ECONNRESET');
    };
    expect(await principalsOn(server, resource).check()).toMatchObject({
      ok: false,
      detail: expect.stringContaining('reset'),
    });
    expect(asked).toEqual(['required', 'strict']);
  });
});
