/**
 * What is asked of MySQL 8 where it differs from MariaDB, as exact statements: no MySQL server is to be had here, so nothing
 * of this has run against one. The order and the logic are the same code that the other tests run on MariaDB.
 */
import { execFileSync } from 'node:child_process';
import { resourceName } from '@tidegate/contract';
import { describe, expect, test } from 'vitest';
import { killStatement } from '../src/engines/mysql/principal/close.ts';
import { eventChange, handOver, redefined, triggerText } from '../src/engines/mysql/principal/handover.ts';
import type { Actual } from '../src/engines/mysql/principal/inspect.ts';
import { ownerOf } from '../src/engines/mysql/principal/names.ts';
import { plan, type Wanted } from '../src/engines/mysql/principal/plan.ts';
import { powersOf, shortcomings } from '../src/engines/mysql/principal/powers.ts';
import { grantChanges, privilegesOf } from '../src/engines/mysql/principal/privileges.ts';
import { account, granted, quoteIdent, quoteText } from '../src/engines/mysql/principal/quote.ts';
import { sha2, stored } from '../src/engines/mysql/principal/secret.ts';
import { type Server, welcome } from '../src/engines/mysql/principal/server.ts';
import type { Administrator, Session } from '../src/engines/mysql/principal/sessions.ts';
import { preparedTransactions } from '../src/engines/mysql/principal/transactions.ts';

const MYSQL: Server = {
  flavour: 'mysql',
  version: '8.4.3',
  release: 804,
  administrator: 'adm@%',
  tls: 'TLSv1.3',
  azure: false,
  eventScheduler: true,
  lowerCaseNames: false,
  skewMs: 0,
};

/** Answers by what a statement begins with, and keeps what it was asked. */
function scripted(server: Server, answers: Readonly<Record<string, readonly object[]>>) {
  const asked: string[] = [];
  const answer = (text: string) => {
    asked.push(text);
    const key = Object.keys(answers).find((each) => text.trimStart().startsWith(each));
    return key === undefined ? [] : (answers[key] ?? []);
  };
  const session: Session = {
    server,
    rows: async (shape, text) => answer(text).map((row) => shape.parse(row)),
    run: async (texts) => void texts.map(answer),
    runSecret: async (texts) => void texts.map(answer),
  };
  const administrator: Administrator = { use: (_, work) => work(session), end: async () => undefined };
  return { asked, session, administrator };
}

const WANTED: Omit<Wanted, 'privileges'> = {
  loginName: 'alice.g7k2m0ab',
  stored: { plugin: 'caching_sha2_password', secret: sha2('secret', '01234567890123456789') },
  requireTls: true,
  connectionLimit: 10,
  openUntil: Date.UTC(2026, 10, 22, 18, 0, 0, 250),
  tolerance: 0,
};
const NAME = '`alice.g7k2m0ab`@`%`';
const steps = (wanted: typeof WANTED, actual: Actual | null, alarm: Parameters<typeof plan>[2] = null) => {
  const privileges = grantChanges(NAME, ['shop_1'], privilegesOf('read', MYSQL), actual?.held ?? [], MYSQL);
  return plan({ ...wanted, privileges }, actual, alarm);
};
const texts = (...of: Parameters<typeof steps>) => steps(...of).map(({ text }) => text);
const AS_WANTED: Actual = {
  ...WANTED.stored,
  locked: false,
  tls: 'any',
  connectionLimit: 10,
  held: ['SELECT', 'SHOW VIEW'].map((privilege) => ({ database: 'shop\\_1', privilege, grantable: false })),
};

describe('a principal', () => {
  test('made and opened at once: locked until its switch is set', () => {
    expect(texts(WANTED, null)).toEqual([
      `CREATE USER ${NAME} IDENTIFIED WITH caching_sha2_password AS '${WANTED.stored.secret}' REQUIRE SSL WITH MAX_USER_CONNECTIONS 10 PASSWORD EXPIRE NEVER ACCOUNT LOCK`,
      `GRANT SELECT, SHOW VIEW ON \`shop\\_1\`.* TO ${NAME}`,
      `CREATE EVENT \`tidegate\`.\`alice.g7k2m0ab\` ON SCHEDULE AT '2026-11-22 18:00:01' ON COMPLETION NOT PRESERVE DO ALTER USER ${NAME} ACCOUNT LOCK`,
      `ALTER USER ${NAME} ACCOUNT UNLOCK`,
    ]);
    expect(steps(WANTED, null).map(({ secret }) => secret)).toEqual([true, false, false, false]);
  });

  test('as it should be: nothing; extended: the switch alone, in one step; shut: first the lock', () => {
    const alarm = { at: '2026-11-22 18:00:01', status: 'ENABLED' };
    expect(texts(WANTED, AS_WANTED, alarm)).toEqual([]);
    const later = { ...WANTED, openUntil: Date.UTC(2026, 10, 22, 19) };
    expect(texts(later, AS_WANTED, alarm)).toEqual([
      "ALTER EVENT `tidegate`.`alice.g7k2m0ab` ON SCHEDULE AT '2026-11-22 19:00:00' ON COMPLETION NOT PRESERVE ENABLE",
    ]);
    expect(texts({ ...WANTED, openUntil: null }, { ...AS_WANTED, held: [] }, alarm)).toEqual([
      `ALTER USER ${NAME} ACCOUNT LOCK`,
      `GRANT SELECT, SHOW VIEW ON \`shop\\_1\`.* TO ${NAME}`,
      'DROP EVENT IF EXISTS `tidegate`.`alice.g7k2m0ab`',
    ]);
  });

  test('a switch that the clocks’ difference moves a little stays; one that is disabled does not', () => {
    const near = { at: '2026-11-22 18:00:02', status: 'ENABLED' };
    expect(texts({ ...WANTED, tolerance: 2_000 }, AS_WANTED, near)).toEqual([]);
    expect(texts(WANTED, AS_WANTED, near)).toHaveLength(1);
    expect(texts(WANTED, AS_WANTED, { ...near, at: '2026-11-22 18:00:01', status: 'SLAVESIDE_DISABLED' })).toHaveLength(
      1,
    );
  });

  test('what it was given beyond its role is taken, at the place it was given', () => {
    const held = [
      ...AS_WANTED.held,
      { database: null, privilege: 'RELOAD', grantable: false },
      { database: 'shop_1', privilege: 'DROP', grantable: true },
      { database: 'shop\\_1', privilege: 'DELETE', grantable: false },
    ];
    expect(grantChanges(NAME, ['shop_1'], privilegesOf('read', MYSQL), held, MYSQL)).toEqual({
      takes: [
        `REVOKE DELETE ON \`shop\\_1\`.* FROM ${NAME}`,
        `REVOKE RELOAD ON *.* FROM ${NAME}`,
        `REVOKE DROP, GRANT OPTION ON \`shop_1\`.* FROM ${NAME}`,
      ],
      gives: [],
    });
  });

  test('names that are kept in lower case are the same however they are written', () => {
    const held = AS_WANTED.held.map((each) => ({ ...each, database: 'shop\\_1' }));
    const lower = { lowerCaseNames: true };
    expect(grantChanges(NAME, ['Shop_1'], privilegesOf('read', MYSQL), held, lower)).toEqual({ takes: [], gives: [] });
    expect(grantChanges(NAME, ['Shop_1'], privilegesOf('read', MYSQL), held, MYSQL).gives).toHaveLength(1);
  });

  test('MySQL knows no DELETE HISTORY', () => {
    expect(privilegesOf('own', MYSQL)).not.toContain('DELETE HISTORY');
    expect(privilegesOf('own', { flavour: 'mariadb' })).toEqual([...privilegesOf('own', MYSQL), 'DELETE HISTORY']);
  });
});

describe('the stored password', () => {
  test('is SHA-256 crypt, as OpenSSL has it, and as MySQL stores it', () => {
    const known = execFileSync('openssl', ['passwd', '-5', '-salt', 'abcdefgh', 'correct horse']).toString().trim();
    expect(sha2('correct horse', 'abcdefgh')).toBe(`$A$005$abcdefgh${known.slice('$5$abcdefgh$'.length)}`);
    // The example of hashcat's mode 7401.
    const salt = Buffer.from('F9CC98CE08892924F50A213B6BC571A2C11778C5', 'hex').toString('latin1');
    expect(sha2('hashcat', salt)).toBe(`$A$005$${salt}bTy95Y99eAME1dwEkHOA1ndHGBWz.1bxSSRkuTXFGV/`);
  });

  test('is made anew only where it is of another password', () => {
    const first = stored('mysql', 'one', null);
    expect(first.secret).toMatch(/^\$A\$005\$[./0-9A-Za-z]{20}[./0-9A-Za-z]{43}$/);
    expect(stored('mysql', 'one', first)).toBe(first);
    expect(stored('mysql', 'two', first).secret).not.toBe(first.secret);
    expect(stored('mysql', 'one', { plugin: 'mysql_native_password', secret: 'x' }).plugin).toBe(
      'caching_sha2_password',
    );
    expect(stored('mariadb', 'password', null)).toEqual({
      plugin: 'mysql_native_password',
      secret: '*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19',
    });
  });
});

describe('handing over', () => {
  const HEIR = '`tidegate_shop_owner`@`%`';
  const routine = {
    kind: 'PROCEDURE',
    place: 'shop',
    name: 'p`1',
    sqlMode: 'ANSI_QUOTES',
    collation: 'utf8mb4_0900_ai_ci',
  } as const;

  test('a routine is written down, dropped, made again with its privileges, and struck off', async () => {
    const { asked, administrator } = scripted(MYSQL, {
      'SHOW CREATE PROCEDURE': [
        { 'Create Procedure': `CREATE DEFINER=${NAME} PROCEDURE \`p\`\`1\`()\nSELECT 'CREATE DEFINER=${NAME}'` },
      ],
      'SELECT User': [
        { user: 'app', host: '10.%', privileges: 'Execute,Alter Routine' },
        { user: 'dba', host: '%', privileges: 'Execute,Grant' },
      ],
    });
    await handOver({ administrator, loginName: 'alice.g7k2m0ab', heir: HEIR }, routine);
    expect(asked.map((text) => text.replaceAll(/\s+/g, ' ').trim().slice(0, 105))).toEqual([
      'SHOW CREATE PROCEDURE `p``1`',
      expect.stringContaining('FROM mysql.procs_priv'),
      expect.stringMatching(/^INSERT INTO `tidegate`\.handovers /),
      "SET SESSION sql_mode = 'ANSI_QUOTES', collation_connection = 'utf8mb4_0900_ai_ci'",
      'DROP PROCEDURE IF EXISTS `p``1`',
      `CREATE DEFINER=${HEIR} PROCEDURE \`p\`\`1\`() SELECT 'CREATE DEFINER=${NAME}'`.slice(0, 105),
      'GRANT EXECUTE, ALTER ROUTINE ON PROCEDURE `shop`.`p``1` TO `app`@`10.%`',
      'GRANT EXECUTE ON PROCEDURE `shop`.`p``1` TO `dba`@`%` WITH GRANT OPTION',
      "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_BACKSLASH_ESCAPES,NO_ENGINE_SUBSTITUTION', collation_connection = utf8mb4_general_ci".slice(
        0,
        105,
      ),
      expect.stringMatching(/^DELETE FROM `tidegate`\.handovers /),
    ]);
  });

  test('a routine that is shown without its text is not dropped', async () => {
    const { asked, administrator } = scripted(MYSQL, { 'SHOW CREATE PROCEDURE': [{ 'Create Procedure': null }] });
    const work = handOver({ administrator, loginName: 'alice.g7k2m0ab', heir: HEIR }, routine);
    await expect(work).rejects.toMatchObject({ code: '1227' });
    expect(asked).toEqual(['SHOW CREATE PROCEDURE `p``1`']);
  });

  test('a trigger is made again while nobody may write to its table, in its place', async () => {
    const trigger = {
      kind: 'TRIGGER',
      place: 'shop',
      name: 't',
      sqlMode: '',
      collation: 'utf8mb4_general_ci',
      table: 'orders',
      timing: 'BEFORE',
      event: 'INSERT',
      body: 'SET NEW.a = 1',
      previous: 'first',
      next: null,
    } as const;
    const { asked, administrator } = scripted(MYSQL, {});
    await handOver({ administrator, loginName: 'alice.g7k2m0ab', heir: HEIR }, trigger);
    expect(asked.slice(2, 6)).toEqual([
      'LOCK TABLES `orders` WRITE',
      'DROP TRIGGER IF EXISTS `t`',
      `CREATE DEFINER = ${HEIR} TRIGGER \`shop\`.\`t\` BEFORE INSERT ON \`shop\`.\`orders\` FOR EACH ROW FOLLOWS \`first\` SET NEW.a = 1`,
      'UNLOCK TABLES',
    ]);
    expect(triggerText({ ...trigger, next: 'last' }, 'CREATE', HEIR)).toContain(' FOR EACH ROW PRECEDES `last` SET');
  });

  test('an event keeps its status, and always names its definer', () => {
    const event = { kind: 'EVENT', place: 'shop', name: 'e', sqlMode: '', collation: '' } as const;
    expect(eventChange({ ...event, status: 'ENABLED' }, HEIR)).toBe(
      `ALTER DEFINER = ${HEIR} EVENT \`shop\`.\`e\` ENABLE`,
    );
    expect(eventChange({ ...event, status: 'DISABLED' }, HEIR)).toMatch(/ DISABLE$/);
    expect(eventChange({ ...event, status: 'REPLICA_SIDE_DISABLED' }, HEIR)).toMatch(/ DISABLE ON SLAVE$/);
  });

  test('only the definer that stands before all else is changed; any other text is not touched', () => {
    const view = `CREATE ALGORITHM=UNDEFINED DEFINER=${NAME} SQL SECURITY DEFINER VIEW \`v\` AS select 'DEFINER=${NAME}' AS \`x\``;
    expect(redefined(view, 'CREATE OR REPLACE', 'alice.g7k2m0ab', HEIR)).toBe(
      `CREATE OR REPLACE ALGORITHM=UNDEFINED DEFINER=${HEIR} SQL SECURITY DEFINER VIEW \`v\` AS select 'DEFINER=${NAME}' AS \`x\``,
    );
    expect(() => redefined(view, 'CREATE', 'bob.g7k2m0ab', HEIR)).toThrow('could not be handed over');
  });
});

test('sessions end by KILL; on Azure by its own procedure', () => {
  expect(killStatement(false, '42')).toBe('KILL 42');
  expect(killStatement(true, '42')).toBe('CALL mysql.az_kill(42)');
});

test('prepared transactions are asked for, and named, as each server has it', async () => {
  const row = { formatID: 1, gtrid_length: 4, bqual_length: 2, data: '0x6D696E656974' };
  const { asked, session } = scripted(MYSQL, { 'XA RECOVER': [row] });
  expect(await preparedTransactions(session)).toEqual(["X'6D696E65',X'6974',1"]);
  expect(asked).toEqual(['XA RECOVER CONVERT XID']);
});

describe('the server', () => {
  async function welcomed(version: string, extra: Readonly<Record<string, readonly object[]>> = {}) {
    const asked: string[] = [];
    const server = await welcome(
      async (text) => {
        asked.push(text);
        if (text.startsWith('SELECT VERSION()')) {
          return [
            { version, administrator: 'adm@%', read_only: 0, events: 'ON', lower_case: 1, now_ms: '1000000000000.123' },
          ];
        }
        return extra[text] ?? [];
      },
      () => 1_000_000_000_000,
    );
    return { server, asked };
  }

  test('MySQL, MariaDB and Azure are told apart', async () => {
    const { server, asked } = await welcomed('8.0.40', {
      "SHOW GLOBAL VARIABLES LIKE 'aad_auth_only'": [{ Variable_name: 'aad_auth_only', Value: 'OFF' }],
      "SHOW SESSION STATUS LIKE 'Ssl_version'": [{ Variable_name: 'Ssl_version', Value: 'TLSv1.3' }],
    });
    expect(server).toMatchObject({
      flavour: 'mysql',
      release: 800,
      azure: true,
      tls: 'TLSv1.3',
      lowerCaseNames: true,
      skewMs: 0,
    });
    expect(asked).toContain('SET SESSION max_execution_time = 15000');
    const other = await welcomed('5.5.5-10.11.2-MariaDB-log');
    expect(other.server).toMatchObject({ flavour: 'mariadb', release: 1011, azure: false, tls: null });
    expect(other.asked).toContain('SET SESSION max_statement_time = 15');
  });

  test.each(['5.7.44', '10.5.9-MariaDB'])('too old: %s', async (version) => {
    await expect(welcomed(version)).rejects.toMatchObject({ code: 'too_old' });
  });
});

describe('what the administrator of a MySQL may do', () => {
  const OWN = privilegesOf('own', MYSQL).join(', ');
  const grants = (...lines: string[]) =>
    lines.map((text) => ({ 'Grants for adm@%': `GRANT ${text} TO \`adm\`@\`%\`` }));

  test('enough: read from its own grants, patterns and lists too', async () => {
    const { asked, session } = scripted(MYSQL, {
      'SELECT CURRENT_ROLE()': [{ roles: 'NONE' }],
      'SHOW GRANTS': [
        ...grants(
          'PROCESS, CREATE USER ON *.*',
          'CONNECTION_ADMIN,SET_ANY_DEFINER,SHOW_ROUTINE,XA_RECOVER_ADMIN ON *.*',
          'SELECT ON `mysql`.*',
          'ALL PRIVILEGES ON `tidegate`.*',
        ),
        { g: `GRANT ${OWN} ON \`shop\\_1\`.* TO \`adm\`@\`%\` WITH GRANT OPTION` },
        { g: `GRANT ALL PRIVILEGES ON \`odd\`\`%\`.* TO \`adm\`@\`%\` WITH GRANT OPTION` },
      ],
    });
    const powers = await powersOf(session);
    expect(asked).toEqual(['SELECT CURRENT_ROLE() AS roles', 'SHOW GRANTS']);
    expect(shortcomings(MYSQL, powers, ['shop_1', 'odd`s'], true)).toEqual({ problems: [], warnings: [] });
    expect(shortcomings(MYSQL, powers, ['shopx1'], true).problems).toEqual([
      '`adm`@`%` may not give what roles need in `shopx1`: run GRANT ALL ON `shopx1`.* TO `adm`@`%` WITH GRANT OPTION.',
    ]);
  });

  test('its active roles count; what is missing is named by MySQL’s own words', async () => {
    const { asked, session } = scripted(MYSQL, {
      'SELECT CURRENT_ROLE()': [{ roles: '`dba`@`%`' }],
      'SHOW GRANTS FOR CURRENT_USER() USING `dba`@`%`': grants('USAGE ON *.*', 'SELECT ON `mysql`.`user`'),
    });
    const { problems, warnings } = shortcomings(MYSQL, await powersOf(session), [], true);
    expect(asked[1]).toBe('SHOW GRANTS FOR CURRENT_USER() USING `dba`@`%`');
    expect(problems[0]).toContain('run GRANT CREATE USER, PROCESS, CONNECTION_ADMIN ON *.* TO `adm`@`%`');
    expect(problems).toHaveLength(3);
    expect(warnings.join(' ')).toContain('SET_ANY_DEFINER');
    expect(warnings).toHaveLength(3);
    const azure = { ...MYSQL, release: 800, azure: true };
    const there = shortcomings(azure, await powersOf(session), [], true);
    expect(there.problems[0]).toContain('run GRANT CREATE USER, PROCESS ON *.*');
    expect(there.warnings.join(' ')).toContain('SET_USER_ID');
  });
});

test('names and literals', () => {
  expect(quoteIdent('a`b\\c"')).toBe('`a``b\\c"`');
  expect(account("o'dd@x", '10.%')).toBe("`o'dd@x`@`10.%`");
  expect(granted('a_b%c\\d`')).toBe('`a\\_b\\%c\\\\d```.*');
  expect(quoteText("it's")).toBe("'it''s'");
  for (const wrong of ['a\\b', 'a\0b', '\ud800']) expect(() => quoteText(wrong)).toThrow(RangeError);
  for (const wrong of ['', 'a\0b', '\udc00']) expect(() => quoteIdent(wrong)).toThrow(RangeError);
  const name = resourceName.parse('shop');
  expect(ownerOf({ name, ownerRole: null })).toEqual({ user: 'tidegate_shop_owner', host: '%', isOurs: true });
  expect(ownerOf({ name, ownerRole: 'app@10.%' })).toEqual({ user: 'app', host: '10.%', isOurs: false });
});
