/** What the lines of a role name, as one database has it. */
import type { GrantLine } from '@tidegate/core';
import { z } from 'zod';
import { columnsOf, type Located, locate, type Part, partsOf, type Seen } from '../../../lines.ts';
import type { Administrator, Session } from '../sessions.ts';

export interface Found {
  /** Names as the server writes them; `name` null: the schema itself. */
  readonly schema: string;
  readonly name: string | null;
  /** Those that the part names, as the server writes them, by how they were written. */
  readonly columns: ReadonlyMap<string, string>;
  /** A module that runs with its owner’s or somebody’s rights (EXECUTE AS). */
  readonly runsAs: boolean;
}

export function locateIn(
  administrator: Administrator,
  databases: readonly string[],
  lines: readonly GrantLine[],
): Promise<Located<Found>> {
  return locate(partsOf(lines), databases, (database, parts) =>
    administrator.use(database, 'dbo', (session) => find(session, parts)),
  );
}

/** `sys.objects.type`, by what a part may mean. Functions that answer tables are read from, not executed. */
const TYPES: Readonly<Record<Part['what'], readonly string[]>> = {
  table: ['U', 'V', 'IF', 'TF', 'FT'],
  tables: [],
  schema: [],
  sequence: ['SO'],
  function: ['FN', 'FS', 'AF'],
  procedure: ['P', 'PC', 'X'],
};

async function find(session: Session, parts: readonly Part[]): Promise<Map<Part, Seen<Found>>> {
  const seen = new Map<Part, Seen<Found>>();
  for (const part of parts) {
    const found = part.name === '' ? await schemaOf(session, part) : await objectOf(session, part);
    if (found !== null) seen.set(part, found);
  }
  return seen;
}

const schemaShape = z.object({ name: z.string() });

async function schemaOf(session: Session, { schema }: Part): Promise<Seen<Found>> {
  const text = 'SELECT s.name AS name FROM sys.schemas s WHERE s.name = @schema';
  const [found] = await session.rows(schemaShape, text, { schema });
  if (found === undefined) return null;
  return { thing: { schema: found.name, name: null, columns: new Map(), runsAs: false } };
}

const objectShape = z.object({
  id: z.int(),
  schema: z.string(),
  name: z.string(),
  type: z.string(),
  runs_as: z.boolean(),
});

async function objectOf(session: Session, part: Part): Promise<Seen<Found>> {
  const { schema, name, what } = part;
  const rows = await session.rows(
    objectShape,
    `SELECT CONVERT(int, o.object_id) AS id, s.name AS [schema], o.name AS name, RTRIM(o.type) AS type,
       CONVERT(bit, CASE WHEN m.execute_as_principal_id IS NULL THEN 0 ELSE 1 END) AS runs_as
FROM sys.objects o JOIN sys.schemas s ON s.schema_id = o.schema_id LEFT JOIN sys.sql_modules m ON m.object_id = o.object_id
WHERE s.name = @schema AND o.name = @name`,
    { schema, name },
  );
  const found = rows.find(({ type }) => TYPES[what].includes(type));
  if (found === undefined) return null;
  const columns = await columnsIn(session, found.id, columnsOf(part));
  const lacks = columnsOf(part).filter((column) => !columns.has(column));
  if (lacks.length > 0) return { lacks };
  return { thing: { schema: found.schema, name: found.name, columns, runsAs: found.runs_as } };
}

/** Whether case makes a difference is the database's own matter: what is written exactly so comes first. */
async function columnsIn(session: Session, id: number, wanted: readonly string[]): Promise<Map<string, string>> {
  if (wanted.length === 0) return new Map();
  const text = 'SELECT c.name AS name FROM sys.columns c WHERE c.object_id = CONVERT(int, @id)';
  const names = (await session.rows(schemaShape, text, { id: String(id) })).map(({ name }) => name);
  return new Map(
    wanted.flatMap((column) => {
      const alike = names.filter((name) => name.toLowerCase() === column.toLowerCase());
      const found = names.includes(column) ? column : alike.length === 1 ? alike[0] : undefined;
      return found === undefined ? [] : [[column, found] as const];
    }),
  );
}
