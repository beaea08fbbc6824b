/** Roles in a configuration: levels, or lines; and where in the text a line goes wrong. */
import { expect, test } from 'vitest';
import { InvalidConfig, parseConfig } from '../src/index.ts';

const problems = (yaml: string) => {
  try {
    parseConfig(`apiVersion: tidegate/v1\nroles:\n${yaml}`);
    return [];
  } catch (error) {
    if (!(error instanceof InvalidConfig)) throw error;
    return error.problems.map(({ line, column, message }) => `${line}:${column} ${message}`);
  }
};

test('an hour unless asked for, at most two, where a role of lines says nothing of time', () => {
  const { config, content } = parseConfig(`
apiVersion: tidegate/v1
roles:
  - { name: support, grants: { postgres: [SELECT ON sales.orders], mysql: [SELECT ON shop.orders] } }
  - { name: longer, grants: { sqlserver: ["EXECUTE ON SCHEMA sales"] }, duration: { max: 8h } }
`);
  const [support, longer] = config.policy.roles;
  expect([support?.defaultDuration.toString(), support?.maxDuration.toString()]).toEqual(['PT1H', 'PT2H']);
  expect([longer?.defaultDuration.toString(), longer?.maxDuration.toString()]).toEqual(['PT1H', 'PT8H']);
  expect(support?.privileges).toMatchObject({
    grants: { postgres: [{ target: { on: 'tables' } }], mysql: [{ target: { on: 'tables' } }] },
  });
  expect(content.roles?.[0]).toMatchObject({ duration: { default: 'PT1H', max: 'PT2H' } });
});

test('what is wrong with a line is told at its place in the text, all of it at once', () => {
  const yaml = `  - name: support
    grants:
      postgres:
        - SELECT ON sales.orders, customers
        - "EXECUTE ON sales.refund"
        - 'DELETE (id) ON sales.orders'
      mysql: [SELECT ON shop.orders, SUPER ON *.*]
  - name: folded
    grants:
      sqlserver:
        - >-
          SELECT ON
          dbo.orders WITH GRANT OPTION
`;
  expect(problems(yaml)).toEqual([
    '6:35 The table’s schema must be named too: sales.customers.',
    '7:11 EXECUTE cannot be given on a table in PostgreSQL: there it is SELECT, INSERT, UPDATE, DELETE or TRUNCATE.',
    '8:11 In PostgreSQL DELETE is for whole tables; by columns go SELECT, INSERT or UPDATE.',
    '9:38 SUPER is never given by a role: it reaches beyond the role’s tables to the whole server.',
    '13:11 GRANT OPTION is never given by a role: what is given for a while must not be given on.',
  ]);
});

test('a role is a level or lines, and gives something', () => {
  expect(problems('  - { name: x, grants: {} }')).toEqual(['3:24 The role “x” gives nothing: name an engine.']);
  expect(problems('  - { name: x, grants: { postgres: [] } }')).toEqual(['3:36 This must not be empty.']);
  expect(problems('  - { name: x, grants: { oracle: [SELECT ON a.b] } }')).toEqual([
    expect.stringContaining('There is no “oracle” here.'),
  ]);
  const both =
    '  - { name: x, privileges: read, grants: { postgres: [SELECT ON a.b] }, duration: { default: 1h, max: 2h } }';
  expect(problems(both)).toHaveLength(1);
  expect(problems('  - { name: x, privileges: read }')).toEqual(['3:5 “duration” is missing.']);
  expect(problems('  - { name: x, grants: { postgres: [SELECT ON a.b] }, duration: { default: 3h } }')).toEqual([
    expect.stringContaining('The default is longer than the longest, PT2H.'),
  ]);
});
