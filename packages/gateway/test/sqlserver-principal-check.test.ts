/** What a server lacks is said in words that say what to run; and the small parts: quoting, the mark of a login, codes. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DriverError } from '../src/engines/sqlserver/principal/driver.ts';
import { markOfLogin, SID_BEGINNING, sidOf } from '../src/engines/sqlserver/principal/login-mark.ts';
import { quoteName, quoteText } from '../src/engines/sqlserver/principal/quote.ts';
import { database, type FakeDatabase } from './sqlserver-fake.ts';
import { grantOn, principalsOn, type Stage, stage } from './sqlserver-support.ts';

const on = (orders: Partial<FakeDatabase>, options: Parameters<typeof stage>[0] = {}): Stage =>
  stage({ databases: { orders: database(orders) }, ...options });

describe('check', () => {
  test('all is well: server, TLS, administrator, kind of principals, and what SQL Server cannot do', async () => {
    expect(await on({}).principals.check()).toEqual({
      ok: true,
      detail:
        'SQL Server 16.0.1000.6 over TLSv1.3, administrator [tidegate_admin]. Principals: [orders] contained users. SQL Server has no end date for users: while no gateway runs, a principal stays, with a password that only gateways know.',
    });
    const azure = await on({}, { edition: 5 }).principals.check();
    expect(azure).toMatchObject({ ok: true, detail: expect.stringMatching(/^Azure SQL Database .*contained users/) });
    const logins = await on({ contained: false }).principals.check();
    expect(logins).toMatchObject({ ok: true, detail: expect.stringContaining('[orders] logins') });
  });

  const FAILING: readonly (readonly [string, () => Stage, string])[] = [
    ['not in db_owner', () => on({ dbOwner: false }, {}), 'Tidegate cannot act as dbo in database "orders"'],
    [
      'no KILL on Azure',
      () => on({ killer: false }, { edition: 5 }),
      'run GRANT VIEW DATABASE STATE, KILL DATABASE CONNECTION TO [tidegate_admin] there.',
    ],
    [
      'no right on the server',
      () => {
        const world = on({ contained: false });
        world.server.serverRights = { logins: false, views: true, kills: false };
        return world;
      },
      'lacks ALTER ANY LOGIN, ALTER ANY CONNECTION: run USE [master]; GRANT ALTER ANY LOGIN, ALTER ANY CONNECTION TO [tidegate_admin].',
    ],
    ['a replica', () => on({ readOnly: true }), 'give the address of the primary'],
    ['Synapse', () => on({}, { edition: 6 }), 'EngineEdition 6'],
    [
      'too old',
      () => {
        const world = on({});
        world.server.version = '12.0.6449.1';
        return world;
      },
      '2016 (13) or newer is needed',
    ],
    ['no owner role', () => on({}, { ownerRole: 'app' }), 'run CREATE ROLE [app] there.'],
    [
      'an owner role with too much',
      () => on({ roles: { app: { tooMuch: true } } }, { ownerRole: 'app' }),
      'The owner role [app] is too powerful',
    ],
  ];
  test.each(FAILING)('%s', async (_what, make, words) => {
    const health = await make().principals.check();
    expect(health.ok).toBe(false);
    expect(health.detail).toContain(words);
  });

  test('a test of a connection tells the same, part by part', async () => {
    expect(await on({}).principals.test()).toEqual({
      failedAt: null,
      server: 'SQL Server 16.0.1000.6',
      administrator: '[tidegate_admin]',
      tls: 'TLSv1.3',
      problems: [],
      warnings: [],
    });
    const lacking = on({}, { ownerRole: 'app' });
    expect(await lacking.principals.test()).toMatchObject({
      failedAt: 'privileges',
      server: 'SQL Server 16.0.1000.6',
      problems: [expect.stringContaining('run CREATE ROLE [app] there.')],
    });
    expect(await on({}, { edition: 6 }).principals.test()).toMatchObject({ failedAt: 'server', server: null });
    const { server, resource } = on({});
    for (const [code, failedAt] of [
      ['18456', 'login'],
      ['ECONNREFUSED', 'reach'],
      ['SELF_SIGNED_CERT_IN_CHAIN', 'tls'],
    ] as const) {
      server.connect = async () => {
        throw new DriverError('eigene Worte', code);
      };
      expect(await principalsOn(server, resource).test()).toMatchObject({ failedAt });
    }
  });

  test('what may go wrong is said though all is well', async () => {
    const triggers = ['audit', 'b]c'];
    const trusting = on({ trustworthy: true, triggers });
    const { ok, detail } = await trusting.principals.check();
    expect(ok).toBe(true);
    expect(detail).toContain('run ALTER DATABASE [orders] SET TRUSTWORTHY OFF.');
    expect(detail).toContain('DDL triggers in database [orders] run whenever a user is made');
    expect(detail).toContain('[audit], [b]]c]');
    const off = on({});
    off.server.containedLogins = false;
    expect((await off.principals.check()).detail).toContain('logins are made instead');
  });

  test.each([
    ['40615', 'The firewall of sql.example:1433 does not let this gateway in'],
    ['40613', 'Cannot reach sql.example:1433: the database is not available now'],
    ['18456', 'The server does not let the administrator "tidegate_admin" in'],
    ['ECONNREFUSED', 'Cannot reach sql.example:1433: connection refused.'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'The TLS certificate of sql.example:1433 is refused'],
    ['no_tls', 'does not offer TLS'],
    ['deadline', 'did not answer a statement in time'],
    ['50123', 'sql.example:1433 refused: error 50123: eigene Worte'],
  ])('%s in words, whatever language the server speaks', async (code, words) => {
    const { server, resource } = on({});
    server.connect = async () => {
      throw new DriverError('eigene Worte', code);
    };
    const health = await principalsOn(server, resource).check();
    expect(health).toMatchObject({ ok: false, detail: expect.stringContaining(words) });
  });
});

describe('quoting', () => {
  test('a name ends at its own bracket alone, and comes back as it was', () => {
    expect(quoteName('a]b')).toBe('[a]]b]');
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 128, unit: 'grapheme' }), (name) => {
        fc.pre(name.length <= 128 && !name.includes('\0') && name.isWellFormed());
        const quoted = quoteName(name);
        const inner = quoted.slice(1, -1);
        expect(inner.replaceAll(']]', '')).not.toContain(']');
        expect(inner.replaceAll(']]', ']')).toBe(name);
      }),
    );
  });

  test('a literal ends at its own quote alone, and comes back as it was', () => {
    expect(quoteText("o'clock")).toBe("N'o''clock'");
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        fc.pre(!text.includes('\0') && text.isWellFormed() && !/\\\r?\n/.test(text));
        const inner = quoteText(text).slice(2, -1);
        expect(inner.replaceAll("''", '')).not.toContain("'");
        expect(inner.replaceAll("''", "'")).toBe(text);
      }),
    );
  });

  test('what SQL Server could not take as it stands is refused', () => {
    for (const name of ['', 'x'.repeat(129), 'a\0b', '\ud800']) expect(() => quoteName(name)).toThrow(RangeError);
    // T-SQL drops a backslash and the line end after it, in literals too.
    for (const text of ['a\0b', '\udfff', 'a\\\nb', 'a\\\r\nb']) expect(() => quoteText(text)).toThrow(RangeError);
  });

  test('names that SQL Server cannot have are refused before anything is sent', async () => {
    const { server, principals, resource } = on({});
    const grant = grantOn(resource, 'read', { loginName: 'x'.repeat(129) });
    await expect(principals.prepare(grant)).rejects.toMatchObject({ code: 'name' });
    expect(server.log).toEqual([]);
  });
});

describe('the mark of a login', () => {
  const { resource } = on({});
  const grant = grantOn(resource, 'read', { id: 'g7k2m0ab' });

  test('is its SID: 16 bytes that say whose it is and of which resource and grant', () => {
    const sid = sidOf('sales', grant.id);
    expect(sid).toMatch(/^0x[0-9A-F]{32}$/);
    expect(sid.startsWith(SID_BEGINNING)).toBe(true);
    expect(markOfLogin(resource.name, 'alice.g7k2m0ab', sid)).toMatchObject({
      grant: 'g7k2m0ab',
      person: 'alice',
      until: null,
    });
    expect(sidOf('stock', grant.id)).not.toBe(sid);
  });

  test('is nobody else’s', () => {
    const sid = sidOf('stock', grant.id);
    expect(markOfLogin(resource.name, 'alice.g7k2m0ab', sid)).toBeNull();
    expect(markOfLogin(resource.name, 'alice', sidOf('sales', grant.id))).toBeNull();
    expect(markOfLogin(resource.name, '.g7k2m0ab', sidOf('sales', grant.id))).toBeNull();
  });
});
