/** A folder of files is one configuration: lists in order, each problem told in its own file. */
import { describe, expect, test } from 'vitest';
import { InvalidConfig, joinFiles, parseConfig } from '../src/index.ts';

const GROUPS = `apiVersion: tidegate/v1
groups:
  - { name: engineers, members: [alice] }
  - { name: leads, members: [bob, lea] }
`;
const ORDERS = `apiVersion: tidegate/v1
resources:
  - { name: orders, engine: postgres, address: "db:5432", databases: [orders], credential: { user: a, env: A } }
policies:
  - { name: first, resources: { names: [orders] }, roles: [reader], who: { groups: [engineers] }, approvals: [] }
`;
const SHOP = `apiVersion: tidegate/v1
resources:
  - { name: shop, engine: mysql, address: "db:3306", databases: [shop], credential: { user: a, env: A } }
policies:
  - name: second
    resources: { all: true }
    roles: [reader]
    who: { groups: [engineers] }
    approvals: [{ from: { groups: [leads] } }]
`;

const joined = (...texts: string[]) => joinFiles(texts.map((text, index) => ({ name: `${index}.yaml`, text })));

function problemsOf(text: string): string[] {
  try {
    parseConfig(text);
    return [];
  } catch (error) {
    if (!(error instanceof InvalidConfig)) throw error;
    return error.problems.map(({ file, line, column, message }) => `${file}:${line}:${column} ${message}`);
  }
}

describe('a configuration in several files', () => {
  test('is one, with its lists in the order of the files', () => {
    const { config } = parseConfig(joined(GROUPS, ORDERS, SHOP));
    expect(config.groups.map(({ name }) => name)).toEqual(['engineers', 'leads']);
    expect(config.resources.map(({ name }) => name)).toEqual(['orders', 'shop']);
    expect(config.policy.rules.map(({ name }) => name)).toEqual(['first', 'second']);
  });

  test('one file stays as it is, to the letter', () => {
    expect(joined(GROUPS)).toBe(GROUPS);
  });

  test('each problem is told in its own file', () => {
    expect(
      problemsOf(joined(GROUPS, ORDERS.replace('[engineers]', '[enginers]'), SHOP.replace('[leads]', '[leeds]'))),
    ).toEqual([
      '1.yaml:5:85 There is no group “enginers”. Did you mean “engineers”?',
      '2.yaml:9:36 There is no group “leeds”. Did you mean “leads”?',
    ]);
  });

  test('what stands twice, or is no configuration, is told', () => {
    const zone = 'timeZone: Europe/Berlin\n';
    expect(problemsOf(joined(GROUPS + zone, ORDERS + zone))).toEqual([
      '1.yaml:6:11 “timeZone” stands in 0.yaml already.',
    ]);
    expect(problemsOf(joined(GROUPS, '- a list\n'))).toEqual([
      '1.yaml:1:1 A file must be a map, beginning with “apiVersion”.',
    ]);
    expect(problemsOf(joined(GROUPS, 'groups: []\n'))).toEqual(['1.yaml:1:1 “apiVersion” is missing in this file.']);
    expect(problemsOf(joined(GROUPS, 'apiVersion: [\n'))[0]).toContain('1.yaml:');
    expect(problemsOf(`apiVersion: x\n${joined(GROUPS, ORDERS)}`)[0]).toContain('Nothing may stand before');
  });

  test('warnings name the file', () => {
    const { warnings } = parseConfig(
      joined(GROUPS, ORDERS, SHOP, 'apiVersion: tidegate/v1\ngroups: [{ name: nobody }]\n'),
    );
    expect(warnings).toContain('3.yaml line 2: Nobody is in the group “nobody”.');
  });
});
