/** One resource is put into the text or changed there, and nothing else of the text is another afterwards. */
import { describe, expect, test } from 'vitest';
import { type ResourceChange, withResource, writtenResource } from '../src/edit.ts';
import { joinFiles, parseOffline, withoutResource, withResourceRenamed } from '../src/index.ts';

const TEXT = `# what we guard
apiVersion: tidegate/v1
groups: [{name: payments}]
resources:
  - name: orders            # the shop's
    engine: postgres
    # moved in spring
    address: "orders.internal:5432"
    databases: [orders]
    labels: {env: prod}     # see the wiki
    credential: {user: tidegate, env: ORDERS_ADMIN}
    maxSessionsPerGrant: 7

  # nobody's yet
  - {name: lab, engine: mysql, address: "lab.internal:3306", databases: [lab], credential: {user: t, stored: true}}

policies:   # none
  []
`;

const NEW: ResourceChange = {
  name: 'billing',
  engine: 'postgres',
  address: 'billing.internal:5432',
  databases: ['billing', 'true'],
  labels: { env: 'prod', since: '2026' },
  owners: [],
  credential: { user: 'tidegate', stored: true },
  tls: { mode: 'verify-full', ca: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n' },
  ownerRole: undefined,
};

/** Lines that are not in the other text. */
const beyond = (text: string, other: string): string[] => {
  const known = new Set(other.split('\n'));
  return text.split('\n').filter((line) => !known.has(line));
};

describe('changing one', () => {
  test('only what is changed is another; comments and what no form knows stay', () => {
    const text = withResource(TEXT, {
      name: 'orders',
      address: 'orders.internal:6432',
      databases: ['orders'],
      labels: { env: 'prod' },
      owners: ['payments'],
      credential: { user: 'tidegate', env: 'ORDERS_ADMIN' },
    });
    // Blanks before a comment are all that is not kept to the letter.
    expect(beyond(text, TEXT + TEXT.replaceAll(/ +#/g, ' #'))).toEqual([
      '    address: "orders.internal:6432"',
      '    owners:',
      '      - payments',
    ]);
    expect(text).toContain('# moved in spring');
    expect(text).toContain("name: orders # the shop's");
    expect(text).toContain('maxSessionsPerGrant: 7');
  });

  test('the same again changes nothing that is read, a key without a value goes', () => {
    const written = writtenResource(TEXT, 'orders');
    expect(parseOffline(withResource(TEXT, { name: 'orders' })).resources).toEqual(parseOffline(TEXT).resources);
    expect(written).toMatchObject({ labels: { env: 'prod' }, maxSessionsPerGrant: 7 });
    const text = withResource(TEXT, { name: 'orders', labels: undefined });
    expect(writtenResource(text, 'orders')).not.toHaveProperty('labels');
    expect(writtenResource(text, 'lab')).toEqual(writtenResource(TEXT, 'lab'));
  });

  test('braces stay padded where they are', () => {
    const padded = 'resources:\n  - name: a\n    labels: { env: prod }\n    engine: mysql\n';
    expect(withResource(padded, { name: 'a', engine: 'postgres' })).toBe(padded.replace('mysql', 'postgres'));
  });

  test('where a password comes from is one place, not two', () => {
    const text = withResource(TEXT, { name: 'orders', credential: { user: 'tidegate', stored: true } });
    expect(writtenResource(text, 'orders')).toMatchObject({ credential: { user: 'tidegate', stored: true } });
    expect(text).not.toContain('ORDERS_ADMIN');
  });

  test('one that is written in braces stays so', () => {
    const text = withResource(TEXT, { name: 'lab', address: 'lab.internal:3307' });
    expect(beyond(text, TEXT)).toEqual([
      '  - {name: lab, engine: mysql, address: "lab.internal:3307", databases: [lab], credential: {user: t, stored: true}}',
    ]);
  });
});

describe('adding one', () => {
  test('at the end of the list, all else to the letter', () => {
    const text = withResource(TEXT, NEW);
    const at = text.indexOf('\n  - name: billing');
    expect(text.slice(0, at)).toBe(TEXT.slice(0, at));
    expect(text.endsWith(TEXT.slice(at))).toBe(true);
    expect(writtenResource(text, 'billing')).toEqual(JSON.parse(JSON.stringify(NEW)));
    expect(text).toContain('databases: [billing, "true"]');
  });

  test.each([
    ['no list', 'apiVersion: tidegate/v1\npolicies: []\n'],
    ['an empty one', 'apiVersion: tidegate/v1\nresources: []   # soon\npolicies: []\n'],
    ['nothing after the key', 'apiVersion: tidegate/v1\nresources:\npolicies: []\n'],
    ['a list in brackets', 'apiVersion: tidegate/v1\nresources: [{name: a, engine: mysql}]\npolicies: []\n'],
    ['a list that is not indented', 'apiVersion: tidegate/v1\nresources:\n- name: a\n  engine: mysql\npolicies: []'],
    ['a list at the very end', 'apiVersion: tidegate/v1\nresources:\n    - name: a\n      engine: mysql'],
    ['nothing at all', ''],
  ])('where there is %s', (_, before) => {
    const text = withResource(before, NEW);
    expect(writtenResource(text, 'billing'), text).toEqual(JSON.parse(JSON.stringify(NEW)));
    expect(writtenResource(text, 'a')).toEqual(writtenResource(before, 'a'));
    expect(text).toContain('apiVersion: tidegate/v1');
  });

  test('of several files, into the one that has resources', () => {
    const files = joinFiles([
      { name: 'a.yaml', text: 'apiVersion: tidegate/v1\nresources:\n  - {name: a, engine: mysql}\n' },
      { name: 'b.yaml', text: 'apiVersion: tidegate/v1\npolicies: []\n' },
    ]);
    const text = withResource(files, NEW);
    expect(text.indexOf('billing')).toBeLessThan(text.indexOf('--- # file: b.yaml'));
    expect(text.endsWith(files.slice(files.indexOf('--- # file: b.yaml')))).toBe(true);
    expect(beyond(files, text)).toEqual([]);
    expect(writtenResource(withResource(text, { name: 'a', engine: 'postgres' }), 'a')).toEqual({
      name: 'a',
      engine: 'postgres',
    });
  });
});

test('what cannot be read, or is shared with others, is left to people', () => {
  expect(() => withResource('a: [', NEW)).toThrow(/cannot be read/);
  expect(() => withResource('- a list', NEW)).toThrow(/cannot be read/);
  const shared = 'resources:\n  - &one {name: a, engine: mysql}\n  - {name: b, engine: *one}\n';
  expect(() => withResource(shared, { name: 'a', engine: 'postgres' })).toThrow(/shares parts/);
  const uses = 'labels: &l {env: prod}\nresources:\n  - name: a\n    labels: *l\n';
  expect(() => withResource(uses, { name: 'a', engine: 'postgres' })).toThrow(/shares parts/);
  expect(writtenResource('a: [', 'a')).toBeNull();
});

const POLICY = `policies:
  # both of them
  - name: read
    resources: {names: [orders, lab]}
  - name: alone
    resources: {names: [orders], labels: {env: prod}}
    when: 'now.hour > 8'

  - name: block
    resources:
      names:
        - lab    # the lab
        - orders
permissions:
  - {role: auditor, to: {people: [pia]}, resources: {names: [lab, orders]}}
`;
const WHOLE = TEXT.replace(/policies: {3}# none\n {2}\[\]\n/, POLICY);

describe('taking one away', () => {
  test('with its comments, its place in lists of names, and the rules that named nothing else; all else to the letter', () => {
    const text = withoutResource(WHOLE, 'orders');
    expect(beyond(text, WHOLE)).toEqual([
      '    resources: {names: [lab]}',
      '  - {role: auditor, to: {people: [pia]}, resources: {names: [lab]}}',
    ]);
    expect(writtenResource(text, 'orders')).toBeNull();
    expect(writtenResource(text, 'lab')).toEqual(writtenResource(WHOLE, 'lab'));
    expect(text).not.toMatch(/orders|alone|moved in spring|now\.hour/);
    expect(text).toContain("  # nobody's yet\n  - {name: lab");
    expect(text).toContain('  # both of them\n  - name: read');
    expect(text).toContain('        - lab    # the lab\n');
  });

  test('the last one leaves an empty list', () => {
    const block =
      'apiVersion: tidegate/v1\nresources:\n  # one\n  - name: a\n    engine: mysql\npolicies:\n  - {name: r, resources: {names: [a]}}\n';
    expect(withoutResource(block, 'a')).toBe('apiVersion: tidegate/v1\nresources: []\npolicies: []\n');
    expect(withoutResource('resources: [{name: a}, {name: b}, {name: c}]\n', 'a')).toBe(
      'resources: [{name: b}, {name: c}]\n',
    );
    expect(withoutResource('resources: [{name: a}, {name: b}, {name: c}]\n', 'c')).toBe(
      'resources: [{name: a}, {name: b}]\n',
    );
    expect(withoutResource('resources: [{name: a}]\n', 'a')).toBe('resources: []\n');
  });

  test('what could come to give more is left to people', () => {
    const only = 'resources: [{name: a}]\npermissions:\n  - {role: user, to: {people: [p]}, resources: {names: [a]}}\n';
    expect(() => withoutResource(only, 'a')).toThrow(/one of Tidegate’s roles/);
    const shared = 'resources:\n  - {name: a, engine: &e mysql}\n  - {name: b, engine: *e}\n';
    expect(() => withoutResource(shared, 'a')).toThrow(/shares parts/);
    expect(() => withoutResource(TEXT, 'nobody')).toThrow(/no resource nobody/);
  });
});

describe('calling one otherwise', () => {
  test('wherever the policy names it, and nowhere else', () => {
    const text = withResourceRenamed(WHOLE, 'orders', 'sales');
    expect(text).toBe(
      WHOLE.replace('- name: orders ', '- name: sales ')
        .replace('[orders, lab]', '[sales, lab]')
        .replace('{names: [orders], labels', '{names: [sales], labels')
        .replace('        - orders\n', '        - sales\n')
        .replace('[lab, orders]', '[lab, sales]'),
    );
    expect(withResourceRenamed(withResourceRenamed(WHOLE, 'lab', '1e3'), '1e3', 'lab')).toBe(
      WHOLE.replaceAll(/(?<=name: |names: \[|, |- )lab(?=[,\] ])/g, '"lab"'),
    );
  });

  test('not where a condition speaks of it', () => {
    const told = WHOLE.replace('now.hour > 8', 'resource.name == "orders"');
    expect(() => withResourceRenamed(told, 'orders', 'sales')).toThrow(/named in a condition/);
    expect(() => withResourceRenamed(TEXT, 'nobody', 'x')).toThrow(/no resource nobody/);
  });
});
