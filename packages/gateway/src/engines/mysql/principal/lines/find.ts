/** What the lines of a role name, as one database has it. In MySQL a database is what others call a schema. */
import type { GrantLine } from '@tidegate/core';
import { z } from 'zod';
import { columnsOf, type Located, locate, type Part, partsOf, type Seen } from '../../../lines.ts';
import type { Server } from '../server.ts';
import type { Administrator, Session } from '../sessions.ts';

export interface Found {
  readonly kind: 'database' | 'table' | 'procedure' | 'function';
  readonly database: string;
  /** As the server writes it; empty for a database. */
  readonly name: string;
  /** Of a table, as the server writes them, by their name in small letters: case makes no difference in columns. */
  readonly columns: ReadonlyMap<string, string>;
  /** Of a routine that runs with the rights of its definer: who that is. */
  readonly definer: string | null;
}

type Names = Pick<Server, 'lowerCaseNames'>;
const same = (a: string, b: string, { lowerCaseNames }: Names): boolean =>
  a === b || (lowerCaseNames && a.toLowerCase() === b.toLowerCase());

/** Each database of the resource is asked for what the lines name in it. */
export async function locateIn(
  administrator: Administrator,
  databases: readonly string[],
  lines: readonly GrantLine[],
): Promise<Located<Found>> {
  const server = await administrator.use(null, async (session) => session.server);
  const parts = partsOf(lines).map((part): Part => {
    const database = databases.find((name) => same(name, part.schema, server)) ?? part.schema;
    return { ...part, schema: database, database };
  });
  return locate(parts, databases, (database, here) =>
    administrator.use(null, (session) => find(session, database, here)),
  );
}

async function find(session: Session, database: string, parts: readonly Part[]): Promise<Map<Part, Seen<Found>>> {
  const { server } = session;
  if (!(await hasDatabase(session, database))) return new Map();
  const tables = parts.some(({ what }) => what === 'table') ? await tablesOf(session, database) : [];
  const routines = parts.some(({ what }) => isRoutine(what)) ? await routinesOf(session, database) : [];
  const seen = new Map<Part, Seen<Found>>();
  for (const part of parts) {
    if (part.what === 'tables') {
      seen.set(part, { thing: { kind: 'database', database, name: '', columns: new Map(), definer: null } });
    } else if (part.what === 'table') {
      const name = tables.find((each) => same(each, part.name, server));
      if (name !== undefined) seen.set(part, await tableIn(session, database, name, part));
    } else if (part.what === 'procedure' || part.what === 'function') {
      const { what: kind } = part;
      const routine = routines.find((each) => each.kind === kind && lower(each.name) === lower(part.name));
      if (routine === undefined) continue;
      const { name, definer, security } = routine;
      const runsAs = security === 'DEFINER' ? definer : null;
      seen.set(part, { thing: { kind, database, name, columns: new Map(), definer: runsAs } });
    }
  }
  return seen;
}

const isRoutine = (what: Part['what']): boolean => what === 'procedure' || what === 'function';
const lower = (name: string): string => name.toLowerCase();

async function tableIn(session: Session, database: string, name: string, part: Part): Promise<Seen<Found>> {
  const wanted = columnsOf(part);
  const columns = new Map(
    wanted.length === 0 ? [] : (await columnNames(session, database, name)).map((each) => [lower(each), each]),
  );
  const lacks = wanted.filter((column) => !columns.has(lower(column)));
  return lacks.length > 0 ? { lacks } : { thing: { kind: 'table', database, name, columns, definer: null } };
}

const nameShape = z.object({ name: z.string() });

async function hasDatabase(session: Session, database: string): Promise<boolean> {
  const text = 'SELECT SCHEMA_NAME AS name FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ?';
  return (await session.rows(nameShape, text, [database])).length > 0;
}

async function tablesOf(session: Session, database: string): Promise<string[]> {
  const text = 'SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = ?';
  return (await session.rows(nameShape, text, [database])).map(({ name }) => name);
}

async function columnNames(session: Session, database: string, table: string): Promise<string[]> {
  const text = 'SELECT COLUMN_NAME AS name FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?';
  return (await session.rows(nameShape, text, [database, table])).map(({ name }) => name);
}

const routineShape = z.object({
  name: z.string(),
  kind: z.string().transform(lower),
  security: z.string(),
  definer: z.string(),
});

function routinesOf(session: Session, database: string) {
  return session.rows(
    routineShape,
    `SELECT ROUTINE_NAME AS name, ROUTINE_TYPE AS kind, SECURITY_TYPE AS security, DEFINER AS definer
     FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = ?`,
    [database],
  );
}
