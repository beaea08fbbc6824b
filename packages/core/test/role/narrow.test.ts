/** Narrowing never widens: held against every single thing that lines could allow in a small world. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Engine, Given, GrantLine, Role, RoleName, TableRef } from '../../src/index.ts';
import { givenBy, givenText, homeOf, isProblem, parseGrantLine, tablesAsked, tableText } from '../../src/index.ts';
import { DEFAULT_ROLES } from '../../src/policy/roles.ts';
import { minutes } from '../make.ts';
import { expectRefusal } from '../refusal.ts';

const ENGINES: readonly Engine[] = ['postgres', 'mysql', 'sqlserver'];
const DATABASES = ['d1', 'd2'];
const SCHEMAS = ['s', 't'];
const NAMES = ['a', 'b'];
const COLUMNS = ['x', 'y'];

/** Each `privilege database schema object column` that the lines allow; the slow, obvious way. */
function allowedBy(lines: readonly GrantLine[]): Set<string> {
  const all = new Set<string>();
  for (const { privileges, target, database } of lines) {
    for (const place of database === null ? DATABASES : [database]) {
      for (const { name, columns } of privileges) {
        const add = (schema: string, object: string) => {
          for (const column of columns ?? COLUMNS) all.add(`${name} ${place} ${schema} ${object} ${column}`);
        };
        if (target.on === 'tables') for (const table of target.tables) add(table.schema, table.name);
        else if (target.on === 'all-tables') for (const table of NAMES) add(target.schema, table);
        else if (target.on === 'schema') for (const object of [...NAMES, 'itself', 'f()']) add(target.schema, object);
        else if (target.on === 'sequences') for (const each of target.sequences) add(each.schema, `${each.name} seq`);
        else add(target.name.schema, `${target.name.name}()`);
      }
    }
  }
  return all;
}

const a = <T>(...of: T[]) => fc.constantFrom(...of);
const qualified = fc.record({ schema: a(...SCHEMAS), name: a(...NAMES) });
const columns = fc.option(fc.uniqueArray(a(...COLUMNS), { minLength: 1 }));
const some = <T>(item: fc.Arbitrary<T>) => fc.array(item, { minLength: 1, maxLength: 3 });
const database = fc.option(a(...DATABASES));
const onTables = fc.record({
  privileges: some(fc.record({ name: a('SELECT', 'INSERT', 'UPDATE'), columns })),
  target: fc.record({ on: fc.constant('tables' as const), tables: some(qualified) }),
  database,
});
const onOthers = fc.record({
  privileges: some(fc.record({ name: a('SELECT', 'DELETE', 'EXECUTE'), columns: fc.constant(null) })),
  target: fc.oneof(
    fc.record({ on: fc.constant('all-tables' as const), schema: a(...SCHEMAS) }),
    fc.record({ on: fc.constant('schema' as const), schema: a(...SCHEMAS) }),
    fc.record({ on: fc.constant('sequences' as const), sequences: some(qualified) }),
    fc.record({
      on: fc.constant('routine' as const),
      routine: a('function' as const, 'procedure' as const),
      name: qualified,
      args: fc.constant(null),
    }),
  ),
  database,
});
const someLines: fc.Arbitrary<GrantLine[]> = some(fc.oneof(onTables, onOthers));
const someTables: fc.Arbitrary<TableRef[]> = some(fc.record({ schema: a(...SCHEMAS), name: a(...NAMES), database }));

const role = (engine: Engine, lines: readonly GrantLine[]): Role => ({
  name: 'support' as RoleName,
  privileges: { grants: { [engine]: lines } },
  defaultDuration: minutes(60),
  maxDuration: minutes(120),
});
const resource = (engine: Engine) => ({ name: 'orders' as never, engine });
const linesOf = (given: Given): readonly GrantLine[] => ('lines' in given ? given.lines : []);

describe('narrowed', () => {
  it('allows nothing that the role does not, and nothing on other tables', () => {
    let narrowed = 0;
    fc.assert(
      fc.property(a('postgres' as const, 'sqlserver' as const), someLines, someTables, (engine, lines, tables) => {
        const before = allowedBy(lines);
        let after: Set<string>;
        try {
          const only = tables.map((table) => tableText(table, engine));
          after = allowedBy(linesOf(givenBy(role(engine, lines), resource(engine), only)));
        } catch (error) {
          expect(error).toMatchObject({ code: 'invalid_input' });
          return;
        }
        narrowed += 1;
        expect(after.size).toBeGreaterThan(0);
        for (const one of after) {
          expect(before).toContain(one);
          const [, place, schema, name] = one.split(' ');
          expect(
            tables.some(
              (table) =>
                table.schema === schema && table.name === name && (table.database === null || table.database === place),
            ),
          ).toBe(true);
        }
        // And all that the role gives on lines of tables stays.
        for (const one of allowedBy(lines.filter(({ target }) => target.on === 'tables'))) {
          const [, place, schema, name] = one.split(' ');
          const asked = tables.some(
            (table) => table.schema === schema && table.name === name && (table.database ?? place) === place,
          );
          if (asked) expect(after).toContain(one);
        }
      }),
      { numRuns: 500 },
    );
    expect(narrowed).toBeGreaterThan(20);
  });

  it('reader and editor keep what their level does with a table', () => {
    const given = (index: number, engine: Engine) => {
      const level = DEFAULT_ROLES[index];
      if (level === undefined) throw new Error('no such role');
      return givenText(givenBy(level, resource(engine), ['s.a', 's.b']), engine);
    };
    expect(given(0, 'postgres')).toEqual(['SELECT ON s.a', 'SELECT ON s.b']);
    expect(given(0, 'mysql')).toEqual(['SELECT, SHOW VIEW ON s.a', 'SELECT, SHOW VIEW ON s.b']);
    expect(given(1, 'sqlserver')?.[0]).toBe('SELECT, INSERT, UPDATE, DELETE ON s.a');
    expectRefusal('invalid_input', () => given(2, 'postgres'));
  });

  it('says what the role is not for', () => {
    const line = parseGrantLine('SELECT ON sales.orders', 'postgres');
    if (isProblem(line)) throw new Error(line.message);
    const narrow = (...only: string[]) => givenBy(role('postgres', [line]), resource('postgres'), only);
    expect(givenText(narrow('Sales.ORDERS'), 'postgres')).toEqual(['SELECT ON sales.orders']);
    expect(() => narrow('sales.orders', 'sales.secrets')).toThrow('The role gives nothing on sales.secrets.');
    expectRefusal('invalid_input', () => narrow('orders'));
    expectRefusal('invalid_input', () => narrow());
    expectRefusal('invalid_input', () => givenBy(role('mysql', [line]), resource('postgres'), null));
    expect(tablesAsked(['sales.orders', ' SALES . orders'], 'postgres')).toEqual(['sales.orders']);
    expect(tablesAsked(null, 'postgres')).toBeNull();
  });

  it.each(ENGINES)('a level that is not narrowed stays the level (%s)', (engine) => {
    for (const each of DEFAULT_ROLES) expect(givenBy(each, resource(engine), null)).toEqual(each.privileges);
  });
});

describe('where a connection begins that names no database', () => {
  const begin = (engine: Engine, ...texts: string[]) => {
    const lines = texts.map((text) => {
      const line = parseGrantLine(text, engine);
      if (isProblem(line)) throw new Error(line.message);
      return line;
    });
    return homeOf({ lines }, engine, ['first', 'second', 'third']);
  };
  it('is the first that the lines are for', () => {
    expect(homeOf({ level: 'read' }, 'postgres', ['first', 'second'])).toBe('first');
    expect(begin('postgres', 'SELECT ON s.a')).toBe('first');
    expect(begin('postgres', 'SELECT ON s.a IN DATABASE third', 'SELECT ON s.b IN DATABASE second')).toBe('second');
    expect(begin('mysql', 'SELECT ON third.a', 'EXECUTE ON FUNCTION second.f')).toBe('second');
    expect(begin('mysql', 'SELECT ON ALL TABLES IN SCHEMA third')).toBe('third');
    expect(begin('mysql', 'SELECT ON elsewhere.a')).toBe('first');
  });
});
