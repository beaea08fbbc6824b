/** What a role gives on one resource, narrowed or not: what is approved, kept with the grant, and made in the database. */
import { ENGINES, type Engine } from '../engines.ts';
import { TidegateError } from '../errors.ts';
import type { Given, Resource, Role } from '../model.ts';
import { DIALECTS } from './dialect.ts';
import { isProblem, parseTable } from './grammar.ts';
import type { GrantLine, TableRef } from './grant-line.ts';
import { narrowLevel, narrowLines } from './narrow.ts';
import { grantLineText, tableText } from './text.ts';

/** Tables that one request may name. */
export const ONLY_MAX = 100;

/**
 * @param only tables and views as people write them for this engine; null: all that the role gives
 * @throws TidegateError `invalid_input`: not a table's name, the role gives nothing there, or it can't be narrowed
 */
export function givenBy(
  role: Role,
  resource: Pick<Resource, 'name' | 'engine'>,
  only: readonly string[] | null,
): Given {
  const { privileges, name } = role;
  const { engine } = resource;
  const tables = only === null ? null : readTables(only, engine);
  if ('level' in privileges) {
    if (tables === null) return privileges;
    if (privileges.level !== 'own') return { lines: narrowLevel(privileges.level, tables, engine) };
    throw new TidegateError(
      'invalid_input',
      `${name} owns a whole resource and cannot be narrowed to some of its tables.`,
      'Ask for a role that reads or changes rows.',
    );
  }
  const lines = privileges.grants[engine] ?? [];
  if (lines.length === 0) {
    const { label } = ENGINES[engine];
    throw new TidegateError(
      'invalid_input',
      `The role ${name} gives nothing on ${label}, and ${resource.name} is one.`,
      'Ask for another role.',
    );
  }
  return { lines: tables === null ? lines : narrowLines(lines, tables, engine) };
}

/** As they are kept with a request: each once, written as the engine's grammar writes them. Throws as `givenBy`. */
export function tablesAsked(only: readonly string[] | null, engine: Engine): readonly string[] | null {
  if (only === null) return null;
  return Object.freeze([...new Set(readTables(only, engine).map((table) => tableText(table, engine)))]);
}

/** The lines in words; null: a level on the whole of the resource. */
export const givenText = (given: Given, engine: Engine): string[] | null =>
  'level' in given ? null : given.lines.map((line) => grantLineText(line, engine));

/** The database where a connection begins that names none: the first that the lines are for. undefined: there is none. */
export function homeOf(given: Given, engine: Engine, databases: readonly string[]): string | undefined {
  if ('level' in given) return databases[0];
  const places = given.lines.flatMap((line) => placesOf(line, engine));
  if (places.includes(null)) return databases[0];
  return databases.find((database) => places.includes(database)) ?? databases[0];
}

/** null: any that has it. */
function placesOf({ target, database }: GrantLine, engine: Engine): (string | null)[] {
  if (!DIALECTS[engine].schemaIsDatabase) return [database];
  switch (target.on) {
    case 'tables':
      return target.tables.map(({ schema }) => schema);
    case 'sequences':
      return target.sequences.map(({ schema }) => schema);
    case 'all-tables':
    case 'schema':
      return [target.schema];
    case 'routine':
      return [target.name.schema];
  }
}

function readTables(only: readonly string[], engine: Engine): TableRef[] {
  if (only.length === 0 || only.length > ONLY_MAX) {
    throw new TidegateError('invalid_input', `A request is narrowed to 1 to ${ONLY_MAX} tables.`, '');
  }
  return only.map((text) => {
    const table = parseTable(text, engine);
    if (!isProblem(table)) return table;
    throw new TidegateError('invalid_input', `“${text}” is not the name of a table: ${table.message}`, '');
  });
}
