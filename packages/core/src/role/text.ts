/** Grant lines in words again: what is read back from them is the same line. */
import type { Engine } from '../engines.ts';
import { DIALECTS } from './dialect.ts';
import type { GrantLine, GrantTarget, LinePrivilege, Qualified, TableRef } from './grant-line.ts';

/** Words of the grammar: as names they stand in quotes. */
const RESERVED = new Set([
  'ALL',
  'DATABASE',
  'FUNCTION',
  'GRANT',
  'IN',
  'ON',
  'PROCEDURE',
  'SCHEMA',
  'SEQUENCE',
  'TABLE',
  'WITH',
]);

/** As `parseGrantLine` of this engine reads it. */
export function grantLineText({ privileges, target, database }: GrantLine, engine: Engine): string {
  const name = nameIn(engine);
  const what = privileges.map((each) => privilegeText(each, name)).join(', ');
  const where = database === null ? '' : ` IN DATABASE ${name(database)}`;
  return `${what} ON ${targetText(target, name)}${where}`;
}

/** As `parseTable` of this engine reads it. */
export function tableText(table: TableRef, engine: Engine): string {
  const name = nameIn(engine);
  return `${dotted(table, name)}${table.database === null ? '' : ` IN DATABASE ${name(table.database)}`}`;
}

type Naming = (text: string) => string;

function nameIn(engine: Engine): Naming {
  const { quotes, folds } = DIALECTS[engine];
  const plain = folds ? /^[a-z_][a-z0-9_]*$/ : /^[A-Za-z_][A-Za-z0-9_]*$/;
  const [open, close] = quotes[0] ?? ['"', '"'];
  return (text) =>
    plain.test(text) && !RESERVED.has(text.toUpperCase())
      ? text
      : `${open}${text.replaceAll(close, close + close)}${close}`;
}

const dotted = (of: Qualified, name: Naming): string => `${name(of.schema)}.${name(of.name)}`;

function privilegeText({ name: privilege, columns }: LinePrivilege, name: Naming): string {
  return columns === null ? privilege : `${privilege} (${columns.map(name).join(', ')})`;
}

function targetText(target: GrantTarget, name: Naming): string {
  switch (target.on) {
    case 'tables':
      return target.tables.map((each) => dotted(each, name)).join(', ');
    case 'all-tables':
      return `ALL TABLES IN SCHEMA ${name(target.schema)}`;
    case 'schema':
      return `SCHEMA ${name(target.schema)}`;
    case 'sequences':
      return `SEQUENCE ${target.sequences.map((each) => dotted(each, name)).join(', ')}`;
    case 'routine': {
      const args = target.args === null ? '' : `(${target.args.join(', ')})`;
      return `${target.routine.toUpperCase()} ${dotted(target.name, name)}${args}`;
    }
  }
}
