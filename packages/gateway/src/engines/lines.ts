/**
 * The lines of a role, taken apart into single things to look for, and which of a resource's databases has them. A line
 * that names no database is for each that has what it names; what none has is missing, and then nothing is opened: half a
 * role would be a surprise to the person and to whoever approved it.
 */
import type { LineNote } from '@tidegate/contract';
import type { GrantLine, LinePrivilege } from '@tidegate/core';
import { ProvisionError } from './provisioner.ts';

export interface Part {
  /** Index of its line. */
  readonly line: number;
  /** `tables`: all of the schema’s. */
  readonly what: 'table' | 'tables' | 'schema' | 'sequence' | 'function' | 'procedure';
  readonly schema: string;
  /** Empty for a schema and its tables. */
  readonly name: string;
  readonly args: readonly string[] | null;
  readonly privileges: readonly LinePrivilege[];
  readonly database: string | null;
}

/** What one database has of a part: it, or the columns that its table lacks; null: nothing. */
export type Seen<T> = { readonly thing: T } | { readonly lacks: readonly string[] } | null;

export interface Located<T> {
  /** By database: what it has of the parts. */
  readonly places: ReadonlyMap<string, ReadonlyMap<Part, T>>;
  /** What no database has, as a sentence about the line it stands in. */
  readonly missing: readonly LineNote[];
}

export const partsOf = (lines: readonly GrantLine[]): Part[] => lines.flatMap(partsOfLine);

function partsOfLine({ privileges, target, database }: GrantLine, line: number): Part[] {
  const common = { line, privileges, database, args: null };
  switch (target.on) {
    case 'tables':
      return target.tables.map(({ schema, name }) => ({ ...common, what: 'table', schema, name }));
    case 'all-tables':
      return [{ ...common, what: 'tables', schema: target.schema, name: '' }];
    case 'schema':
      return [{ ...common, what: 'schema', schema: target.schema, name: '' }];
    case 'sequences':
      return target.sequences.map(({ schema, name }) => ({ ...common, what: 'sequence', schema, name }));
    case 'routine':
      return [{ ...common, what: target.routine, ...target.name, args: target.args }];
  }
}

/** The columns that a part's privileges name, each once. */
export const columnsOf = ({ privileges }: Part): string[] => [
  ...new Set(privileges.flatMap(({ columns }) => columns ?? [])),
];

/** @param look what one database has of these parts; those it does not answer for, it does not have */
export async function locate<T>(
  parts: readonly Part[],
  databases: readonly string[],
  look: (database: string, parts: readonly Part[]) => Promise<ReadonlyMap<Part, Seen<T>>>,
): Promise<Located<T>> {
  const places = new Map<string, Map<Part, T>>();
  const lacks = new Map<Part, readonly string[]>();
  const found = new Set<Part>();
  for (const database of databases) {
    const here = parts.filter((part) => part.database === null || part.database === database);
    const things = new Map<Part, T>();
    for (const [part, seen] of here.length === 0 ? [] : await look(database, here)) {
      if (seen === null) continue;
      if ('lacks' in seen) lacks.set(part, seen.lacks);
      else {
        things.set(part, seen.thing);
        found.add(part);
      }
    }
    places.set(database, things);
  }
  const missing = parts
    .filter((part) => !found.has(part))
    .map((part): LineNote => ({ line: part.line, kind: 'missing', message: why(part, lacks.get(part), databases) }));
  return { places, missing };
}

function why(part: Part, lacks: readonly string[] | undefined, databases: readonly string[]): string {
  if (part.database !== null && !databases.includes(part.database)) {
    return `The resource has no database ${part.database}.`;
  }
  if (lacks !== undefined) return `The table ${shown(part)} has no column ${lacks.join(' and no column ')}.`;
  const where = part.database === null || part.database === part.schema ? '' : ` in ${part.database}`;
  if (part.what === 'tables' || part.what === 'schema') return `There is no schema ${part.schema}${where}.`;
  return `There is no ${part.what} ${shown(part)}${where}.`;
}

export function shown({ schema, name, args }: Part): string {
  const of = name === '' ? schema : `${schema}.${name}`;
  return args === null ? of : `${of}(${args.join(', ')})`;
}

const TOLD_MAX = 5;

/** The grant is not opened; its person is told what is missing. Gone as soon as it is there. */
export function assertNothingMissing({ missing }: Pick<Located<unknown>, 'missing'>): void {
  if (missing.length === 0) return;
  const told = [...new Set(missing.map(({ message }) => message))];
  const more = told.length > TOLD_MAX ? ` And ${told.length - TOLD_MAX} more.` : '';
  const list = `${told.slice(0, TOLD_MAX).join(' ')}${more}`;
  throw new ProvisionError(`The database does not have what is to be opened. ${list}`, 'missing', list);
}

/** The administrator gave it and the database did not take it: it may not give it on. */
export function withheld(what: readonly string[], administrator: string): ProvisionError {
  const list =
    what.slice(0, TOLD_MAX).join(', ') + (what.length > TOLD_MAX ? ` and ${what.length - TOLD_MAX} more` : '');
  return new ProvisionError(
    "Tidegate's administrator may not give all that this role lists.",
    'withheld',
    `${administrator} may not give ${list}: it needs them WITH GRANT OPTION, or to be a member of the owner's role.`,
  );
}
