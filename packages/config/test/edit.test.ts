/** One resource is put into the text or changed there, and nothing else of the text is another afterwards. */
import { describe, expect, test } from 'vitest';
import { type ResourceChange, withResource, writtenResource } from '../src/edit.ts';
import { joinFiles, parseOffline } from '../src/index.ts';

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
