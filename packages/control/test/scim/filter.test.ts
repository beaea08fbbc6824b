/** Filters, paths and patches by themselves. */
import { describe, expect, test } from 'vitest';
import { ScimError } from '../../src/identity/scim/errors.ts';
import { parseFilter, parsePath } from '../../src/identity/scim/filter.ts';
import { memberChange } from '../../src/identity/scim/members.ts';
import { patched, readOperations } from '../../src/identity/scim/patch.ts';
import { namesIn, project } from '../../src/identity/scim/resources.ts';
import { GROUPS, USERS } from '../../src/identity/scim/schemas.ts';
import { patch } from './client.ts';

const scimTypeOf = (work: () => unknown): unknown => {
  try {
    return work();
  } catch (error) {
    return error instanceof ScimError ? error.scimType : error;
  }
};

describe('a filter', () => {
  const path = (attribute: string, sub: string | null = null, urn: string | null = null) => ({ urn, attribute, sub });
  const eq = (attribute: string, value: unknown) => ({ is: 'compared', path: path(attribute), by: 'eq', value });

  test.each([
    ['userName Eq "a"', eq('userName', 'a')],
    ['a eq "x \\"y\\" \\u0041)"', eq('a', 'x "y" A)')],
    ['a eq true', eq('a', true)],
    ['a eq null', eq('a', null)],
    ['a eq -1.5', eq('a', -1.5)],
    ['name.givenName pr', { is: 'present', path: path('name', 'givenName') }],
    ['urn:x:2.0:User:name.givenName pr', { is: 'present', path: path('name', 'givenName', 'urn:x:2.0:User') }],
    ['not(a eq 1)', { is: 'not', filter: eq('a', 1) }],
  ])('%s', (source, tree) => {
    expect(parseFilter(source)).toEqual(tree);
  });

  test('binds and closer than or', () => {
    const [a, b, c] = [eq('a', 1), eq('b', 2), eq('c', 3)];
    const or = { is: 'or', left: a, right: { is: 'and', left: b, right: c } };
    expect(parseFilter('a eq 1 or b eq 2 and c eq 3')).toEqual(or);
    expect(parseFilter('(a eq 1 or b eq 2) and c eq 3')).toEqual({
      is: 'and',
      left: { is: 'or', left: a, right: b },
      right: c,
    });
  });

  test('of one value of several asks both of the same', () => {
    expect(parseFilter('emails[type eq "work"].value co "@x"')).toEqual({
      is: 'has',
      path: path('emails'),
      filter: {
        is: 'and',
        left: eq('type', 'work'),
        right: { is: 'compared', path: path('value'), by: 'co', value: '@x' },
      },
    });
  });

  test.each([
    '',
    'a',
    'a eq',
    'a eq x',
    'a is "x"',
    'a eq "x',
    'a eq "\\x"',
    '(a eq 1',
    'a eq 1)',
    'a eq 1 b eq 2',
    'a[b eq 1',
    'and',
    '"a" eq 1',
    `a eq "${'x'.repeat(5_000)}"`,
    `${'('.repeat(30)}a eq 1${')'.repeat(30)}`,
    Array(200).fill('a eq 1').join(' or '),
  ])('%.40s is refused', (source) => {
    expect(scimTypeOf(() => parseFilter(source))).toBe('invalidFilter');
  });
});

describe('a path', () => {
  test('may choose a value, and go into it', () => {
    expect(parsePath('emails[type eq "work"].value')).toMatchObject({
      attribute: 'emails',
      sub: 'value',
      filter: { is: 'compared' },
    });
    expect(parsePath('urn:x:User:manager')).toEqual({
      urn: 'urn:x:User',
      attribute: 'manager',
      sub: null,
      filter: null,
    });
  });
  test.each(['', 'a b', '[x]', 'a[', 'a]', 'a.b.c', 'emails[type eq "work"]value'])('%s is refused', (source) => {
    expect(scimTypeOf(() => parsePath(source))).toBe('invalidPath');
  });
});

describe('a patch', () => {
  const user = {
    userName: 'a',
    name: { givenName: 'A', familyName: 'B' },
    emails: [
      { type: 'work', value: 'a@work', primary: true },
      { type: 'home', value: 'a@home' },
    ],
  };
  const after = (...operations: object[]): unknown =>
    scimTypeOf(() => patched(USERS, user, readOperations(USERS, patch(...operations))));

  test('never changes what it was given', () => {
    const before = structuredClone(user);
    after({ op: 'replace', path: 'name.givenName', value: 'C' }, { op: 'remove', path: 'emails' });
    expect(user).toEqual(before);
  });

  test.each([
    ['add to several', { op: 'add', path: 'emails', value: [{ type: 'other', value: 'a@other' }] }, 3],
    ['add what is there', { op: 'add', path: 'emails', value: { type: 'home', value: 'a@home' } }, 2],
    ['replace all', { op: 'replace', path: 'emails', value: [{ value: 'one' }] }, 1],
    ['remove the one meant', { op: 'remove', path: 'emails[type eq "work" or primary eq true]' }, 1],
    ['remove those named', { op: 'Remove', path: 'emails', value: [{ type: 'home', value: 'a@home' }] }, 1],
    ['make the one that was not there', { op: 'Replace', path: 'emails[type eq "x"].value', value: 'a@x' }, 3],
  ])('%s', (_, operation, count) => {
    expect(after(operation)).toMatchObject({ emails: { length: count } });
  });

  test('keeps one primary', () => {
    expect(after({ op: 'add', path: 'emails', value: { type: 'new', value: 'n', primary: 'True' } })).toMatchObject({
      emails: [{ primary: false }, {}, { primary: true }],
    });
  });

  test.each([
    [{ op: 'replace', path: 'userName', value: '' }, 'invalidValue'],
    [{ op: 'remove', path: 'userName' }, 'invalidValue'],
    [{ op: 'remove' }, 'noTarget'],
    [{ op: 'replace', path: 'nothing', value: 1 }, 'invalidPath'],
    [{ op: 'replace', path: 'name.nothing', value: 1 }, 'invalidPath'],
    [{ op: 'replace', path: 'urn:x:User:title', value: 1 }, 'invalidPath'],
    [{ op: 'replace', path: 'title[type eq "x"]', value: 'x' }, 'invalidPath'],
    [{ op: 'replace', path: 'emails[type co "x"].value', value: 'x' }, 'noTarget'],
    [{ op: 'move', path: 'title' }, 'invalidSyntax'],
    [{ op: 'replace', value: 'x' }, 'invalidSyntax'],
    [{ op: 'replace', path: 'active', value: 'perhaps' }, 'invalidValue'],
    [{ op: 'replace', path: 'title', value: {} }, 'invalidValue'],
    [{ op: 'replace', path: 'title', value: 'x'.repeat(3_000) }, 'invalidValue'],
  ])('%j is refused as %s', (operation, scimType) => {
    expect(after(operation)).toBe(scimType);
  });

  test('needs operations', () => {
    expect(scimTypeOf(() => readOperations(USERS, {}))).toBe('invalidSyntax');
    expect(scimTypeOf(() => readOperations(USERS, patch()))).toBe('invalidSyntax');
  });
});

describe('members', () => {
  const [a, b, c] = [1, 2, 3].map((n) => `0000000${n}-0000-4000-8000-000000000000`);
  const of = (...operations: object[]) => memberChange(readOperations(GROUPS, patch(...operations)));
  const add = (...ids: unknown[]) => ({ op: 'add', path: 'members', value: ids.map((value) => ({ value })) });

  test('join and leave in the order of the operations', () => {
    const leave = { op: 'remove', path: `members[value eq "${a}" or value eq "${b}"]` };
    expect(of(add(a, c), leave, add(b))).toEqual({ clear: false, add: new Set([c, b]), remove: new Set([a]) });
    expect(of(add(a), { op: 'replace', path: 'members', value: [{ value: b }] })).toEqual({
      clear: true,
      add: new Set([b]),
      remove: new Set(),
    });
    expect(of(add(a), { op: 'remove', path: 'members' })).toEqual({ clear: true, add: new Set(), remove: new Set() });
  });

  test.each([
    [{ op: 'remove', path: 'members[display eq "x"]' }, 'invalidFilter'],
    [{ op: 'add', path: 'members', value: [{ display: 'x' }] }, 'invalidValue'],
    [{ op: 'replace', path: 'members.value', value: 'x' }, 'invalidPath'],
  ])('%j is refused', (operation, scimType) => {
    expect(scimTypeOf(() => of(operation))).toBe(scimType);
  });
});

describe('what is shown', () => {
  const resource = {
    schemas: [],
    id: '1',
    userName: 'a',
    name: { givenName: 'A', familyName: 'B' },
    emails: [{ value: 'x', type: 'y' }],
  };
  test.each([
    ['userName', '', { schemas: [], id: '1', userName: 'a' }],
    ['NAME.givenname,emails.value', '', { schemas: [], id: '1', name: { givenName: 'A' }, emails: [{ value: 'x' }] }],
    [undefined, 'emails,name.familyName,id', { schemas: [], id: '1', userName: 'a', name: { givenName: 'A' } }],
  ])('attributes %s without %s', (attributes, excluded, expected) => {
    const fields = { attributes: attributes === undefined ? null : namesIn(attributes), excluded: namesIn(excluded) };
    expect(project(resource, fields)).toEqual(expected);
  });
});
