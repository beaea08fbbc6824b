/** Every error at once, each where it stands; and what is allowed but looks wrong. */
import { generateKeyPairSync } from 'node:crypto';
import type { GroupName, PersonName } from '@tidegate/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { InvalidConfig } from '../src/errors.ts';
import { parseConfig } from '../src/parse.ts';

const GOOD = `apiVersion: tidegate/v1
groups:
  - name: engineers
    members: [alice]
  - name: leads
    members: [bob, lea]
resources:
  - name: orders
    engine: postgres
    address: db.example.com:5432
    databases: [orders]
    credential: { user: admin, env: ORDERS_PASSWORD }
policies:
  - name: read
    resources: { names: [orders] }
    roles: [reader]
    who: { groups: [engineers, leads] }
    approvals:
      - from: { groups: [leads] }
`;

/** `line:column path: message`, one an error. */
function errorsOf(text: string, known?: Parameters<typeof parseConfig>[1]): string[] {
  try {
    parseConfig(text, known);
    return [];
  } catch (error) {
    if (!(error instanceof InvalidConfig)) throw error;
    return error.problems.map(({ line, column, path, message }) => `${line}:${column} ${path}: ${message}`);
  }
}
const changed = (...changes: [string, string][]): string =>
  changes.reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`${from} is not in the text`);
    return text.replace(from, to);
  }, GOOD);

test('a good one has no errors, and every default in its place', () => {
  const { config, warnings } = parseConfig(GOOD);
  expect(warnings).toEqual([]);
  expect(config.policy.roles.map(({ name }) => name)).toEqual(['reader', 'editor', 'owner']);
  expect(config.resources[0]).toMatchObject({ tls: { mode: 'verify-full' }, maxSessionsPerGrant: 100, labels: {} });
  expect(config.policy.rules[0]).toMatchObject({ reason: { required: true, ticket: null }, maxDuration: null });
});

describe('an error', () => {
  test.each<[string, [string, string][], string[]]>([
    [
      'a misspelt key',
      [['    approvals:', '    aprovals:']],
      [
        '14:5 policies[0]: This must say “approvals”, “autoApprove” or “breakGlass”: an empty list of approvals gives access at once.',
        '18:5 policies[0].aprovals: There is no “aprovals” here. Did you mean “approvals”?',
      ],
    ],
    [
      'a key that is nothing like ours',
      [['    engine:', '    colour: red\n    engine:']],
      [
        '9:5 resources[0].colour: There is no “colour” here. Here stand name, engine, address, databases, labels, owners, credential, tls, ownerRole, record, maxSessionsPerGrant, allow.',
      ],
    ],
    [
      'a wrong type',
      [
        ['name: orders', 'name: 2024'],
        ['databases: [orders]', 'databases: orders'],
      ],
      [
        '8:11 resources[0].name: This must be text, and is a whole number. Put it in quotes if it is meant as text.',
        '11:16 resources[0].databases: This must be a list, and is text.',
        '15:26 policies[0].resources.names[0]: There is no resource “orders”.',
      ],
    ],
    [
      'a wrong name',
      [['- name: orders', '- name: Our Orders']],
      [
        '8:11 resources[0].name: This must be 1 to 63 of a–z, 0–9, dot, hyphen and underscore, and begin with a–z or 0–9.',
        '15:26 policies[0].resources.names[0]: There is no resource “orders”. Did you mean “Our Orders”?',
      ],
    ],
    [
      'an unknown engine',
      [['engine: postgres', 'engine: oracle']],
      ['9:13 resources[0].engine: This must be one of “postgres”, “mysql”, “sqlserver”.'],
    ],
    [
      'a name that is too long for its engine',
      [['databases: [orders]', `databases: [${'d'.repeat(64)}]`]],
      ['11:17 resources[0].databases[0]: A database’s name has at most 63 bytes here.'],
    ],
    [
      'a socket where the engine has none',
      [
        ['engine: postgres', 'engine: sqlserver'],
        ['address: db.example.com:5432', 'address: /run/sql:1433'],
        ['databases: [orders]', `databases: [${'d'.repeat(128)}]`],
      ],
      ['10:14 resources[0].address: SQL Server is not reached by a socket: give host:port.'],
    ],
    [
      'a token that would go without TLS',
      [
        ['address: db.example.com:5432', 'address: localhost:5432'],
        [
          'credential: { user: admin, env: ORDERS_PASSWORD }',
          'credential: { user: admin, tokenFile: /run/token }\n    tls: { mode: disable }',
        ],
      ],
      ['12:43 resources[0].credential.tokenFile: A token is sent inside TLS only: give host:port, with TLS.'],
    ],
    [
      'local files where the engine has none',
      [['    engine: postgres', '    engine: postgres\n    allow: { localInfile: true }']],
      ['10:27 resources[0].allow.localInfile: PostgreSQL has no local files to allow: take this out.'],
    ],
    [
      'an unknown role',
      [['roles: [reader]', 'roles: [readre]']],
      ['16:13 policies[0].roles[0]: There is no role “readre”. Did you mean “reader”?'],
    ],
    [
      'an unknown group',
      [['from: { groups: [leads] }', 'from: { groups: [leader] }']],
      ['19:26 policies[0].approvals[0].from.groups[0]: There is no group “leader”. Did you mean “leads”?'],
    ],
    ['an empty list', [['roles: [reader]', 'roles: []']], ['16:12 policies[0].roles: This must not be empty.']],
    [
      'two of one name',
      [['  - name: leads', '  - name: engineers']],
      [
        '5:11 groups[1].name: There is a group “engineers” already, further up.',
        '17:32 policies[0].who.groups[1]: There is no group “leads”.',
        '19:26 policies[0].approvals[0].from.groups[0]: There is no group “leads”.',
      ],
    ],
    [
      'a key twice',
      [['    engine: postgres', '    engine: postgres\n    engine: postgres']],
      ['10:5 resources[0].engine: “engine” stands here twice.'],
    ],
    [
      'no port',
      [['db.example.com:5432', 'db.example.com']],
      ['10:14 resources[0].address: The address must end in a port: host:port, [v6]:port or /folder/of/socket:port.'],
    ],
    [
      'two sources of a password',
      [['env: ORDERS_PASSWORD', 'env: X, stored: true']],
      ['12:17 resources[0].credential: Only one of “env” and “stored” can be where the password comes from.'],
    ],
    [
      'no source of a password',
      [[', env: ORDERS_PASSWORD', '']],
      [
        '12:17 resources[0].credential: Say where the password comes from: “env” (a variable at the gateway), “file” (a file there), “tokenFile” (a token in a file there), or “stored: true” (tidegate resources credential).',
      ],
    ],
    [
      'a certificate that is none',
      [['    databases', '    tls: { ca: "x" }\n    databases']],
      ['11:16 resources[0].tls.ca: This must be certificates in PEM (“-----BEGIN CERTIFICATE-----” …).'],
    ],
    [
      'a ticket’s pattern',
      [['    approvals:', '    reason: { ticket: "(INC" }\n    approvals:']],
      [
        expect.stringMatching(
          /^18:23 policies\[0\]\.reason\.ticket: This is no pattern for tickets: /,
        ) as unknown as string,
      ],
    ],
    [
      'durations',
      [['    approvals:', '    lapseAfter: 0m\n    duration: { max: 90d }\n    approvals:']],
      [
        '18:17 policies[0].lapseAfter: A duration must be longer than nothing.',
        '19:22 policies[0].duration.max: “90d” is longer than 30 days, the longest that can be asked for.',
      ],
    ],
    [
      'a role’s durations',
      [['policies:', 'roles:\n  - { name: reader, privileges: read, duration: { default: 3h, max: 2h } }\npolicies:']],
      ['14:60 roles[0].duration.default: The default is longer than the longest, 2h.'],
    ],
    [
      'approvals that nobody could give',
      [['    members: [bob, lea]\n', '']],
      ['18:9 policies[0].approvals[0]: Nobody could ever give this approval: too few different people are in leads.'],
    ],
    [
      'more approvals than people',
      [
        [
          '      - from: { groups: [leads] }',
          '      - { from: { groups: [leads] }, count: 2 }\n      - from: { people: [bob] }',
        ],
      ],
      ['20:9 policies[0].approvals[1]: Nobody could ever give this approval: too few different people are in bob.'],
    ],
    ['a version of tomorrow', [['tidegate/v1', 'tidegate/v2']], ['1:13 apiVersion: This must be “tidegate/v1”.']],
  ])('%s', (_, changes, expected) => {
    expect(errorsOf(changed(...changes))).toEqual(expected);
  });

  test('in TLS: disabled only where nothing leaves the machine', () => {
    const at = (address: string) => changed(['db.example.com:5432', `"${address}"\n    tls: { mode: disable }`]);
    for (const local of ['localhost:1', '127.0.0.1:1', '127.9.9.9:1', '[::1]:1', '/run/postgresql:5432']) {
      expect(errorsOf(at(local))).toEqual([]);
    }
    for (const remote of ['localhost.example.com:1', '10.0.0.1:1', '[fe80::1]:1', '128.0.0.1:1', '0.0.0.0:1']) {
      expect(errorsOf(at(remote))).toMatchObject([expect.stringContaining('11:18 resources[0].tls.mode: TLS can be')]);
    }
  });

  test.each([
    ['', '1:1 : This must be a set of keys, and is empty.'],
    ['- 1', '1:1 : This must be a set of keys, and is a list.'],
    ['groups:\n\t- name: x', '2:1 : A tab cannot indent: YAML takes spaces only.'],
    ['a: 1\n---\nb: 2', '2:1 : Only one document is expected: nothing may follow a second “---”.'],
    ['groups: *all', '1:9 groups: The alias “*all” has no anchor “&all” before it.'],
    ['groups: &a [*a]', '1:13 groups[0]: The alias “*a” would hold itself.'],
    ['groups: !!js/function x', '1:9 : Tags (“!…”) are not used here.'],
    [`a: ${'['.repeat(5_000)}`, 'This is nested too deeply.'],
    [
      `a: &a [${'x,'.repeat(9)}x]\n${'bcdefgh'
        .split('')
        .map((name, at) => `${name}: &${name} [${`*${'abcdefg'[at]},`.repeat(9)}]`)
        .join('\n')}`,
      'There are more than 200 aliases.',
    ],
    [`a:\n${'  - x\n'.repeat(310_000)}`, 'There are more than 300000 values here.'],
    ['x'.repeat(4_000_001), '1:1 : The configuration is longer than 4000000 characters.'],
    ['__proto__: { name: x }', 'There is no “__proto__” here.'],
  ])('in the text itself: %.30s', (text, expected) => {
    expect(errorsOf(text).join('\n')).toContain(expected);
  });

  test('never shows a value where a secret may stand', () => {
    const text = changed(['env: ORDERS_PASSWORD', 'env: hunter 2, password: hunter2']);
    expect(errorsOf(text)).toHaveLength(2);
    expect(errorsOf(text).join()).not.toContain('hunter');
  });
});

describe('a warning', () => {
  const warningsOf = (text: string, known?: Parameters<typeof parseConfig>[1]) => parseConfig(text, known).warnings;

  test('for a group that nobody is in, unless the store has members of it', () => {
    const text = changed(['    members: [alice]\n', '']);
    expect(warningsOf(text)).toEqual(['Line 3: Nobody is in the group “engineers”.']);
    const members = new Map([['engineers' as GroupName, new Set(['eve' as PersonName])]]);
    expect(warningsOf(text, { members, disabled: new Set() })).toEqual([]);
  });

  test('for a rule that never matches, and one that others always decide before', () => {
    const rule = (name: string, rest: string) =>
      `  - name: ${name}\n    roles: [reader]\n    approvals: []\n    ${rest}\n`;
    const text = `${GOOD}${rule('again', 'who: { people: [alice] }\n    resources: { all: true }')}${rule('prod', 'who: { groups: [leads] }\n    resources: { labels: { env: prod } }')}${rule('void', 'who: {}\n    resources: { all: true }')}`;
    expect(warningsOf(text)).toEqual([
      'Line 20: Rule “again” never decides: “read” always does before it.',
      'Line 25: Rule “prod” never matches: no resource is what it asks for.',
      'Line 30: Rule “void” never matches: it names nobody.',
    ]);
  });

  test('of two rules with one condition the later is hidden, unless it speaks without it too', () => {
    const rule = (name: string, rest: string) =>
      `  - name: ${name}\n    roles: [editor]\n    who: { groups: [engineers] }\n    resources: { all: true }\n    ${rest}\n`;
    const night = 'request.duration <= duration("2h")';
    const first = rule('first', `when: '${night}'\n    approvals: []`);
    expect(warningsOf(`${GOOD}${first}${rule('hidden', `when: '${night}'\n    approvals: []`)}`)).toEqual([
      'Line 26: Rule “hidden” never decides: “first” always does before it.',
    ]);
    // Longer ones come to it, and are asked for approval.
    const asks = rule('asks', `autoApprove: '${night}'\n    approvals: [{ from: { groups: [leads] } }]`);
    expect(warningsOf(`${GOOD}${first}${asks}`)).toEqual([]);
  });

  test('for people whose own requests nobody could approve', () => {
    const text = changed(['members: [bob, lea]', 'members: [bob]']);
    expect(warningsOf(text)).toEqual([
      'Line 19: Nobody could approve what bob would ask for by this rule: nobody approves their own.',
    ]);
    const known = { members: new Map(), disabled: new Set(['lea' as PersonName]) };
    expect(warningsOf(GOOD, known)).toHaveLength(1);
  });
});

test('a certificate of an authority of one’s own is taken', () => {
  // A key is no certificate, PEM or not.
  const { publicKey } = generateKeyPairSync('ed25519');
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const text = changed(['    databases', `    tls: { ca: ${JSON.stringify(pem)} }\n    databases`]);
  expect(errorsOf(text)).toMatchObject([expect.stringContaining('resources[0].tls.ca')]);
});

describe('whatever the text', () => {
  /** Values of every kind, with keys of ours among them, so that every part of the schema is met. */
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.string(),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.constantFrom('reader', 'orders', 'tidegate/v1', '2h', 'postgres'),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(
        fc.constantFrom(
          'apiVersion',
          'groups',
          'resources',
          'roles',
          'policies',
          'name',
          'who',
          'approvals',
          'from',
          'x',
        ),
        tie('value'),
        { maxKeys: 5 },
      ),
    ),
  }));

  const hasPositions = (text: string) => {
    const lines = text.split('\n').length;
    try {
      parseConfig(text);
    } catch (error) {
      if (!(error instanceof InvalidConfig)) throw error;
      expect(error.problems.length).toBeGreaterThan(0);
      for (const { line, column, message } of error.problems) {
        expect(line).toBeGreaterThanOrEqual(1);
        expect(line).toBeLessThanOrEqual(lines);
        expect(column).toBeGreaterThanOrEqual(1);
        expect(message.length).toBeGreaterThan(5);
      }
      const order = error.problems.map(({ line, column }) => line * 1e6 + column);
      expect(order).toEqual(order.toSorted((a, b) => a - b));
    }
  };

  test('every error has its place in it (property: any value)', () => {
    fc.assert(
      fc.property(value, (any) => hasPositions(stringify(any))),
      { numRuns: 300 },
    );
  });

  test('every error has its place in it (property: a good file, damaged)', () => {
    fc.assert(
      fc.property(fc.nat(GOOD.length), fc.nat(12), fc.string({ maxLength: 6 }), (at, length, put) => {
        hasPositions(GOOD.slice(0, at) + put + GOOD.slice(at + length));
      }),
      { numRuns: 300 },
    );
  });
});
