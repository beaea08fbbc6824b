/**
 * Permissions one by one: what a principal should hold in a database by its lines, what it holds, and the statements
 * between the two. Nothing more than its lines stays with it, whoever gave it.
 */
import { z } from 'zod';
import type { Part } from '../../../lines.ts';
import { quoteName } from '../quote.ts';
import type { Session } from '../sessions.ts';
import type { Found } from './find.ts';

export interface Atom {
  /** Null for both: the database. */
  readonly schema: string | null;
  /** null: the schema itself. */
  readonly name: string | null;
  readonly column: string | null;
  readonly permission: string;
}

export interface HeldAtom extends Atom {
  /** G granted, W granted with the right to give it on, D denied, R taken out of what the whole was given. */
  readonly state: 'G' | 'W' | 'D' | 'R';
}

export function atomsOf(found: ReadonlyMap<Part, Found>): Atom[] {
  const atoms = [...found].flatMap(([{ privileges }, { schema, name, columns: known }]) =>
    privileges.flatMap(({ name: permission, columns }) =>
      (columns ?? [null]).map((column): Atom => {
        const named = column === null ? null : (known.get(column) ?? column);
        return { schema, name, column: named, permission };
      }),
    ),
  );
  return [...new Map(atoms.map((atom) => [keyOf(atom), atom])).values()];
}

const keyOf = ({ schema, name, column, permission }: Atom): string =>
  JSON.stringify([schema, name, column, permission]);

const heldShape = z.object({
  class: z.int(),
  state: z.enum(['G', 'W', 'D', 'R']),
  permission: z.string(),
  schema: z.string().nullable(),
  name: z.string().nullable(),
  column: z.string().nullable(),
});

/** On the database (but CONNECT, which opens and shuts it), on schemas, on what is in them. */
export async function heldBy(session: Session, name: string): Promise<HeldAtom[]> {
  const rows = await session.rows(
    heldShape,
    `SELECT CONVERT(int, x.class) AS class, CONVERT(nvarchar(1), x.state) AS state, x.permission_name AS permission,
       CASE x.class WHEN 1 THEN OBJECT_SCHEMA_NAME(x.major_id) WHEN 3 THEN SCHEMA_NAME(x.major_id) END AS [schema],
       CASE x.class WHEN 1 THEN OBJECT_NAME(x.major_id) END AS name,
       CASE WHEN x.class = 1 AND x.minor_id > 0 THEN COL_NAME(x.major_id, x.minor_id) END AS [column]
FROM sys.database_permissions x
WHERE x.class IN (0, 1, 3) AND x.grantee_principal_id = DATABASE_PRINCIPAL_ID(@name) AND x.permission_name <> N'CONNECT'`,
    { name },
  );
  // Of an object that was dropped this moment nothing is left to take.
  return rows.filter((row) => row.class === 0 || row.schema !== null);
}

export function lineChanges(principal: string, wanted: readonly Atom[], held: readonly HeldAtom[]): string[] {
  const to = quoteName(principal);
  const should = new Set(wanted.map(keyOf));
  const isRight = (atom: HeldAtom): boolean => should.has(keyOf(atom)) && (atom.state === 'G' || atom.state === 'W');
  const extra = held.filter((atom) => !isRight(atom));
  const taken = new Set(extra.map(keyOf));
  // What is taken from the whole is taken from each column with it.
  const kept = held.filter((atom) => isRight(atom) && !taken.has(keyOf({ ...atom, column: null })));
  const has = new Set(kept.map(keyOf));
  const missing = wanted.filter((atom) => !has.has(keyOf(atom)));
  return [
    ...together(extra).map((what) => `REVOKE ${what} FROM ${to} CASCADE`),
    ...together(kept.filter(({ state }) => state === 'W')).map(
      (what) => `REVOKE GRANT OPTION FOR ${what} FROM ${to} CASCADE`,
    ),
    ...together(missing).map((what) => `GRANT ${what} TO ${to}`),
  ];
}

/** `SELECT ON OBJECT::[sales].[orders] ([id], [name])`: one for each permission on each thing. */
function together(atoms: readonly Atom[]): string[] {
  const groups = Map.groupBy(
    atoms,
    ({ permission, column, ...on }) => `${permission} ${column === null} ${targetOf(on)}`,
  );
  return [...groups.values()].flatMap((alike) => {
    const [first] = alike;
    if (first === undefined) return [];
    const columns = alike.flatMap(({ column }) => (column === null ? [] : [quoteName(column)]));
    return [`${first.permission}${targetOf(first)}${columns.length === 0 ? '' : ` (${columns.join(', ')})`}`];
  });
}

function targetOf({ schema, name }: Pick<Atom, 'schema' | 'name'>): string {
  if (schema === null) return '';
  return name === null ? ` ON SCHEMA::${quoteName(schema)}` : ` ON OBJECT::${quoteName(schema)}.${quoteName(name)}`;
}
