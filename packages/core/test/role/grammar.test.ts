/** What a grant line may say, what it may not, and where that is told. */
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import {
  DIALECTS,
  type Engine,
  type GrantLine,
  type GrantTarget,
  grantLineText,
  isProblem,
  parseGrantLine,
  parseTable,
  type Qualified,
  tableText,
} from '../../src/index.ts';

const ENGINES: readonly Engine[] = ['postgres', 'mysql', 'sqlserver'];

const read = (text: string, engine: Engine = 'postgres'): GrantLine => {
  const line = parseGrantLine(text, engine);
  if (isProblem(line)) throw new Error(`${line.at}: ${line.message}`);
  return line;
};
const problem = (text: string, engine: Engine = 'postgres') => {
  const line = parseGrantLine(text, engine);
  return isProblem(line) ? `${line.at}: ${line.message}` : 'no problem';
};

describe('a line', () => {
  it('names privileges, columns and tables', () => {
    expect(read('SELECT (id, "Full Name"), update ON Sales.Orders, TABLE.x')).toEqual({
      privileges: [
        { name: 'SELECT', columns: ['id', 'Full Name'] },
        { name: 'UPDATE', columns: null },
      ],
      target: {
        on: 'tables',
        tables: [
          { schema: 'sales', name: 'orders' },
          { schema: 'table', name: 'x' },
        ],
      },
      database: null,
    });
  });

  it('is for a schema, its tables, a sequence, a routine, in one database', () => {
    expect(read('INSERT ON ALL TABLES IN SCHEMA sales IN DATABASE "Archive 1"')).toMatchObject({
      target: { on: 'all-tables', schema: 'sales' },
      database: 'Archive 1',
    });
    expect(read('USAGE ON SCHEMA sales').target).toEqual({ on: 'schema', schema: 'sales' });
    expect(read('USAGE ON SEQUENCE sales.ids').target).toEqual({
      on: 'sequences',
      sequences: [{ schema: 'sales', name: 'ids' }],
    });
    expect(read('EXECUTE ON FUNCTION sales.refund(int,  numeric(10, 2), text[])').target).toEqual({
      on: 'routine',
      routine: 'function',
      name: { schema: 'sales', name: 'refund' },
      args: ['int', 'numeric(10, 2)', 'text[]'],
    });
    expect(read('EXECUTE ON PROCEDURE sales.close()').target).toMatchObject({ args: [] });
    expect(read('SELECT ON schema.orders').target).toMatchObject({ tables: [{ schema: 'schema', name: 'orders' }] });
  });

  it('keeps names as each engine reads them', () => {
    expect(read('SELECT ON `my shop`.Orders', 'mysql').target).toMatchObject({
      tables: [{ schema: 'my shop', name: 'Orders' }],
    });
    expect(read('SELECT ON [a]]b]."c""d"', 'sqlserver').target).toMatchObject({
      tables: [{ schema: 'a]b', name: 'c"d' }],
    });
    expect(read('EXECUTE ON PROCEDURE dbo.refund', 'sqlserver').target).toMatchObject({ args: null });
  });
});

describe('refused, where it stands', () => {
  test.each([
    ['SELECT ON orders', 'postgres', '10: The table’s schema must be named too: sales.orders.'],
    ['SELECT ON orders', 'mysql', '10: The table’s database must be named too: shop.orders.'],
    ['', 'postgres', '0: A privilege is expected here, such as SELECT.'],
    ['SELECT', 'postgres', '6: ON and what it is for is expected here.'],
    ['SELECT ON', 'postgres', '9: The name of a table is expected here.'],
    ['SELECT ON sales.orders, ', 'postgres', '24: The name of a table is expected here.'],
    ['SELECT ON "sales', 'postgres', '10: The name that begins here is not closed by ".'],
    ['SELECT ON sales.orders; DROP TABLE x', 'postgres', '22: Nothing is expected here: “;”.'],
    ["SELECT ON sales.orders'", 'postgres', "22: Nothing is expected here: “'”."],
    [
      'DELETE (id) ON sales.orders',
      'postgres',
      '0: In PostgreSQL DELETE is for whole tables; by columns go SELECT, INSERT or UPDATE.',
    ],
    [
      'INSERT (id) ON sales.orders',
      'sqlserver',
      '0: In SQL Server INSERT is for whole tables; by columns go SELECT or UPDATE.',
    ],
    [
      'SELECT (id) ON ALL TABLES IN SCHEMA s',
      'postgres',
      '0: Columns can be named for tables, not for all tables of a schema.',
    ],
    [
      'EXECUTE ON sales.orders',
      'postgres',
      '0: EXECUTE cannot be given on a table in PostgreSQL: there it is SELECT, INSERT, UPDATE, DELETE or TRUNCATE.',
    ],
    [
      'SELECT, TRUNCATE ON a.b',
      'mysql',
      '8: TRUNCATE cannot be given on a table in MySQL or MariaDB: there it is SELECT, INSERT, UPDATE, DELETE or SHOW VIEW.',
    ],
    [
      'EXECUTE ON FUNCTION sales.refund',
      'postgres',
      '32: The types of the function’s arguments are expected here: (), (int), (int, text).',
    ],
    [
      'EXECUTE ON FUNCTION sales.refund(int)',
      'sqlserver',
      '32: SQL Server knows a function by its name alone: leave out (…).',
    ],
    ['EXECUTE ON FUNCTION sales.refund(int', 'postgres', '32: The ( is not closed.'],
    ["EXECUTE ON FUNCTION s.f(int, 'x')", 'postgres', '28: The type of an argument is expected here, such as int.'],
    [
      'USAGE ON SCHEMA s',
      'mysql',
      '9: MySQL or MariaDB has nothing to give on a schema by itself: write ALL TABLES IN SCHEMA and the database’s name.',
    ],
    ['USAGE ON SEQUENCE s.q', 'mysql', '9: Nothing can be given on a sequence in MySQL or MariaDB.'],
    [
      'SELECT ON a.b IN DATABASE c',
      'mysql',
      '14: In MySQL or MariaDB the database stands before the dot: database.table.',
    ],
  ] as const)('%s (%s)', (text, engine, told) => {
    expect(problem(text, engine)).toBe(told);
  });

  test.each([
    ['ALL PRIVILEGES ON *.*', 'mysql'],
    ['ALL ON sales.orders', 'postgres'],
    ['SUPER ON *.*', 'mysql'],
    ['FILE ON *.*', 'mysql'],
    ['CONTROL ON SCHEMA dbo', 'sqlserver'],
    ['IMPERSONATE ON dbo.x', 'sqlserver'],
    ['TAKE OWNERSHIP ON dbo.x', 'sqlserver'],
    ['ALTER ON SCHEMA dbo', 'sqlserver'],
    ['TRIGGER ON sales.orders', 'postgres'],
    ['REFERENCES ON sales.orders', 'postgres'],
    ['CREATE ON SCHEMA sales', 'postgres'],
    ['GRANT OPTION ON shop.orders', 'mysql'],
    ['SELECT, DROP ON shop.orders', 'mysql'],
  ] as const)('never given: %s (%s)', (text, engine) => {
    expect(problem(text, engine)).toMatch(/is never given by a role: /);
  });

  test.each(ENGINES)('passing on, “*”, and all routines (%s)', (engine) => {
    expect(problem('SELECT ON a.b WITH GRANT OPTION', engine)).toMatch(/^14: GRANT OPTION is never given/);
    expect(problem('SELECT ON *.*', engine)).toMatch(/^10: “\*” stands for what nobody has listed/);
    expect(problem('EXECUTE ON ALL FUNCTIONS IN SCHEMA s', engine)).toMatch(/^15: Only ALL TABLES IN SCHEMA/);
  });
});

test.each([
  ['SELECT ON pg_catalog.pg_authid', 'postgres'],
  ['SELECT ON INFORMATION_SCHEMA.columns', 'postgres'],
  ['SELECT ON ALL TABLES IN SCHEMA "pg_toast"', 'postgres'],
  ['SELECT ON MySQL.user', 'mysql'],
  ['SELECT ON tidegate.principals', 'mysql'],
  ['EXECUTE ON SCHEMA sys', 'sqlserver'],
] as const)('the system’s own: %s (%s)', (text, engine) => {
  expect(problem(text, engine)).toMatch(/: it is the system’s own\.$/);
});

const anEngine = fc.constantFrom(...ENGINES);
const aName = fc.oneof(
  fc.constantFrom('orders', 'on', 'in', 'schema', 'Orders', 'a b', 'x"y', 'x]y', 'x`y', 'größe', '名', '1st', '$a'),
  fc.string({ minLength: 1, maxLength: 12, unit: 'grapheme-ascii' }),
);
const aQualified: fc.Arbitrary<Qualified> = fc.record({ schema: aName, name: aName });
const some = <T>(item: fc.Arbitrary<T>) => fc.array(item, { minLength: 1, maxLength: 3 });

function aTarget(engine: Engine): fc.Arbitrary<GrantTarget> {
  const { signatures } = DIALECTS[engine];
  const types = some(fc.constantFrom('int', 'numeric(10, 2)', 'text[]', 'double precision', '"My".kind'));
  const all: Readonly<Record<GrantTarget['on'], fc.Arbitrary<GrantTarget>>> = {
    tables: fc.record({ on: fc.constant('tables'), tables: some(aQualified) }),
    'all-tables': fc.record({ on: fc.constant('all-tables'), schema: aName }),
    schema: fc.record({ on: fc.constant('schema'), schema: aName }),
    sequences: fc.record({ on: fc.constant('sequences'), sequences: some(aQualified) }),
    routine: fc.record({
      on: fc.constant('routine'),
      routine: fc.constantFrom('function', 'procedure'),
      name: aQualified,
      args: signatures ? fc.oneof(fc.constant([]), types) : fc.constant(null),
    }),
  };
  return fc.oneof(
    ...Object.entries(all).flatMap(([on, target]) =>
      DIALECTS[engine].allowed[on as keyof typeof all].length > 0 ? [target] : [],
    ),
  );
}

function aLine(engine: Engine): fc.Arbitrary<GrantLine> {
  const { allowed, byColumn, schemaIsDatabase } = DIALECTS[engine];
  return aTarget(engine).chain((target) =>
    fc.record({
      privileges: some(
        fc.constantFrom(...allowed[target.on]).chain((name) => {
          const whole = fc.constant({ name, columns: null });
          if (target.on !== 'tables' || !byColumn.includes(name)) return whole;
          return fc.oneof(whole, fc.record({ name: fc.constant(name), columns: some(aName) }));
        }),
      ),
      target: fc.constant(target),
      database: schemaIsDatabase ? fc.constant(null) : fc.option(aName),
    }),
  );
}

describe('for any line', () => {
  it('what is written is what is read', () => {
    const lines = anEngine.chain((engine) => fc.tuple(fc.constant(engine), aLine(engine)));
    fc.assert(
      fc.property(lines, ([engine, line]) => {
        expect(read(grantLineText(line, engine), engine)).toEqual(line);
      }),
    );
  });

  it('any text is a line or has a problem within it, and what was read is only what may be given', () => {
    const pieces = fc.constantFrom(
      'SELECT',
      'ALL',
      'ON',
      'a.b',
      '(',
      ')',
      ',',
      '"',
      '[',
      '`',
      '.',
      'IN DATABASE',
      'd',
      'SCHEMA',
      'FUNCTION',
      'EXECUTE',
      ' ',
      '*',
      '\0',
      '\ud800',
      "'",
      'WITH GRANT OPTION',
    );
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(pieces, { maxLength: 12 }).map((all) => all.join(' ')),
    );
    fc.assert(
      fc.property(anEngine, texts, (engine, text) => {
        const line = parseGrantLine(text, engine);
        if (isProblem(line)) {
          expect(line.at).toBeGreaterThanOrEqual(0);
          expect(line.at).toBeLessThanOrEqual(text.length);
          return;
        }
        for (const { name } of line.privileges) expect(DIALECTS[engine].allowed[line.target.on]).toContain(name);
      }),
    );
  });

  it('a table’s name too', () => {
    const tables = anEngine.chain((engine) =>
      fc.tuple(
        fc.constant(engine),
        fc.record({
          schema: aName,
          name: aName,
          database: DIALECTS[engine].schemaIsDatabase ? fc.constant(null) : fc.option(aName),
        }),
      ),
    );
    fc.assert(
      fc.property(tables, ([engine, table]) => {
        expect(parseTable(tableText(table, engine), engine)).toEqual(table);
      }),
    );
  });
});
