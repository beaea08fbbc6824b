/**
 * A role on some tables only. What comes out is never more than what went in (a test holds that): each line keeps its own
 * privileges and its own columns, on those of the tables that it was for; whatever is not about tables goes.
 */
import type { Engine } from '../engines.ts';
import { TidegateError } from '../errors.ts';
import type { Level } from '../model.ts';
import { allOf } from '../words.ts';
import { DIALECTS } from './dialect.ts';
import type { GrantLine, TableRef } from './grant-line.ts';
import { sameTable } from './grant-line.ts';
import { tableText } from './text.ts';

/**
 * @throws TidegateError `invalid_input` where one of the tables is nothing that the lines are for: who asks for it should
 * learn that now.
 */
export function narrowLines(lines: readonly GrantLine[], only: readonly TableRef[], engine: Engine): GrantLine[] {
  const narrowed = only.flatMap((table) => {
    const kept = lines.flatMap((line) => narrowLine(line, table, engine) ?? []);
    return kept.map((line) => ({ table, line }));
  });
  const beyond = only.filter((table) => !narrowed.some((each) => each.table === table));
  if (beyond.length > 0) {
    throw new TidegateError(
      'invalid_input',
      `The role gives nothing on ${allOf(beyond.map((table) => tableText(table, engine)))}.`,
      'Leave out what the role is not for, or ask for another role.',
    );
  }
  return narrowed.map(({ line }) => line);
}

/** What the line gives on the one table; null: nothing. */
function narrowLine({ privileges, target, database }: GrantLine, table: TableRef, engine: Engine): GrantLine | null {
  const place = common(database, table.database);
  if (place === undefined) return null;
  const tables = [{ schema: table.schema, name: table.name }];
  const kept = privileges.filter(({ name }) => DIALECTS[engine].allowed.tables.includes(name));
  switch (target.on) {
    case 'tables':
      if (!target.tables.some((each) => sameTable(each, table))) return null;
      return { privileges, target: { on: 'tables', tables }, database: place };
    case 'all-tables':
      if (target.schema !== table.schema) return null;
      return { privileges, target: { on: 'tables', tables }, database: place };
    case 'schema':
      if (target.schema !== table.schema || kept.length === 0) return null;
      return { privileges: kept, target: { on: 'tables', tables }, database: place };
    case 'sequences':
    case 'routine':
      return null;
  }
}

/** The database that both speak of; null: each that has it; undefined: there is none. */
function common(a: string | null, b: string | null): string | null | undefined {
  if (a === null || b === null) return a ?? b;
  return a === b ? a : undefined;
}

/** What a reader or an editor may do with these tables, and nothing else of the resource. */
export function narrowLevel(level: Exclude<Level, 'own'>, only: readonly TableRef[], engine: Engine): GrantLine[] {
  const privileges = DIALECTS[engine].onTable[level].map((name) => ({ name, columns: null }));
  return only.map(({ schema, name, database }) => ({
    privileges,
    target: { on: 'tables', tables: [{ schema, name }] },
    database,
  }));
}
