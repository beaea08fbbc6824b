/**
 * Privileges one by one: what a principal should hold by its lines, what it holds, and the statements between the two.
 * Nothing more than its lines stays with it, whoever gave it.
 */
import { z } from 'zod';
import type { Part } from '../../../lines.ts';
import { granteeOf } from '../inspect.ts';
import type { GrantChanges, Held } from '../privileges.ts';
import { escaped, quoteIdent } from '../quote.ts';
import type { Server } from '../server.ts';
import type { Session } from '../sessions.ts';
import type { Found } from './find.ts';

export interface Atom {
  readonly kind: 'server' | Found['kind'];
  /** Of kind `database`: as GRANT stores it, which may be a pattern. */
  readonly database: string;
  readonly name: string;
  /** null: on the whole. */
  readonly column: string | null;
  readonly privilege: string;
}

export interface HeldAtom extends Atom {
  readonly grantable: boolean;
}

/** @param places what each database has of the lines */
export function atomsOf(places: ReadonlyMap<string, ReadonlyMap<Part, Found>>): Atom[] {
  const atoms: Atom[] = [];
  for (const found of places.values()) {
    for (const [{ privileges }, { kind, database, name, columns: known }] of found) {
      for (const { name: privilege, columns } of privileges) {
        for (const column of columns ?? [null]) {
          atoms.push({
            kind,
            database: kind === 'database' ? escaped(database) : database,
            name,
            column: column === null ? null : (known.get(column.toLowerCase()) ?? column),
            privilege,
          });
        }
      }
    }
  }
  return atoms;
}

const heldShape = z.object({
  kind: z.enum(['table', 'procedure', 'function']),
  database: z.string(),
  name: z.string(),
  column: z.string().nullable(),
  privilege: z.string(),
  grantable: z.string().transform((value) => value === 'YES'),
});
const routineShape = z.object({
  database: z.string(),
  name: z.string(),
  kind: z.string(),
  privileges: z.string(),
});

/** Below a whole database; what it holds there and above is in `held`. */
export async function heldBelow(session: Session, user: string, held: readonly Held[]): Promise<HeldAtom[]> {
  const grantee = granteeOf(user);
  const tables = await session.rows(
    heldShape,
    `SELECT 'table' AS kind, TABLE_SCHEMA AS \`database\`, TABLE_NAME AS name, NULL AS \`column\`, PRIVILEGE_TYPE AS privilege,
            IS_GRANTABLE AS grantable
     FROM information_schema.TABLE_PRIVILEGES WHERE GRANTEE = ? AND PRIVILEGE_TYPE <> 'USAGE'
     UNION ALL
     SELECT 'table', TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, PRIVILEGE_TYPE, 'NO'
     FROM information_schema.COLUMN_PRIVILEGES WHERE GRANTEE = ?`,
    [grantee, grantee],
  );
  const routines = await session.rows(
    routineShape,
    `SELECT Db AS \`database\`, Routine_name AS name, CAST(Routine_type AS CHAR) AS kind, CAST(Proc_priv AS CHAR) AS privileges
     FROM mysql.procs_priv WHERE User = ? AND Host = '%'`,
    [user],
  );
  return [
    ...held.map(({ database, privilege, grantable }): HeldAtom => {
      const kind = database === null ? 'server' : 'database';
      return { kind, database: database ?? '', name: '', column: null, privilege, grantable };
    }),
    ...tables,
    ...routines.flatMap(({ database, name, kind, privileges }) => {
      const all = privileges.toUpperCase().split(',');
      const routine = kind.toUpperCase() === 'FUNCTION' ? ('function' as const) : ('procedure' as const);
      return all
        .filter((privilege) => privilege !== '' && privilege !== 'GRANT')
        .map((privilege) => ({
          kind: routine,
          database,
          name,
          column: null,
          privilege,
          grantable: all.includes('GRANT'),
        }));
    }),
  ];
}

export function lineChanges(
  grantee: string,
  wanted: readonly Atom[],
  held: readonly HeldAtom[],
  { lowerCaseNames }: Pick<Server, 'lowerCaseNames'>,
): GrantChanges {
  const key = ({ kind, database, name, column, privilege }: Atom): string => {
    const place = lowerCaseNames ? [database.toLowerCase(), name.toLowerCase()] : [database, foldedRoutine(kind, name)];
    return JSON.stringify([kind, ...place, column?.toLowerCase() ?? null, privilege]);
  };
  const should = new Set(wanted.map(key));
  const extra = held.filter((atom) => !should.has(key(atom)));
  const taken = new Set(extra.map(key));
  // What is taken from the whole is taken from each column with it.
  const has = new Set(held.filter((atom) => !taken.has(key({ ...atom, column: null }))).map(key));
  const missing = [...new Map(wanted.map((atom) => [key(atom), atom])).values()].filter((atom) => !has.has(key(atom)));
  const passable = [...new Set(held.filter(({ grantable }) => grantable).map(placeOf))];
  return {
    takes: [
      ...byPlace(extra).map(([place, what]) => `REVOKE ${what} ON ${place} FROM ${grantee}`),
      ...passable.map((place) => `REVOKE GRANT OPTION ON ${place} FROM ${grantee}`),
    ],
    gives: byPlace(missing).map(([place, what]) => `GRANT ${what} ON ${place} TO ${grantee}`),
  };
}

/** Case makes no difference in names of routines. */
const foldedRoutine = (kind: Atom['kind'], name: string): string =>
  kind === 'procedure' || kind === 'function' ? name.toLowerCase() : name;

function placeOf({ kind, database, name }: Atom): string {
  switch (kind) {
    case 'server':
      return '*.*';
    case 'database':
      return `${quoteIdent(database)}.*`;
    case 'table':
      return `${quoteIdent(database)}.${quoteIdent(name)}`;
    case 'procedure':
    case 'function':
      return `${kind.toUpperCase()} ${quoteIdent(database)}.${quoteIdent(name)}`;
  }
}

/** ``[`shop`.`orders`, SELECT (`a`, `b`), UPDATE]``. */
function byPlace(atoms: readonly Atom[]): (readonly [place: string, what: string])[] {
  return [...Map.groupBy(atoms, placeOf)].map(([place, all]) => {
    const privileges = Map.groupBy(all, ({ privilege, column }) => `${privilege}${column === null ? '' : ' ()'}`);
    const what = [...privileges.values()].map((same) => {
      const privilege = same[0]?.privilege ?? '';
      const columns = same.flatMap(({ column }) => (column === null ? [] : [quoteIdent(column)]));
      return columns.length === 0 ? privilege : `${privilege} (${columns.join(', ')})`;
    });
    return [place, what.join(', ')] as const;
  });
}
