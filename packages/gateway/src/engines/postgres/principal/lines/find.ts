/** What the lines of a role name, as one database has it. */
import { postgres } from '@tidegate/wire';
import { z } from 'zod';
import { columnsOf, type Part, type Seen } from '../../../lines.ts';
import type { Session } from '../sessions.ts';

const { quoteIdent } = postgres;

export type ThingKind = 'table' | 'sequence' | 'schema' | 'routine';

/** Something that can be granted on. */
export interface Thing {
  readonly kind: ThingKind;
  readonly oid: string;
  /** As GRANT names it, quoted. */
  readonly name: string;
}

export interface Found {
  /** What the part's own privileges are for: one, or all tables of a schema. */
  readonly things: readonly Thing[];
  /** Without USAGE on it nothing in it can be reached. */
  readonly schema: Thing;
  /** Sequences that the table's own columns draw from: without USAGE on them no row can be added. */
  readonly draws: readonly Thing[];
  /** For a routine that runs with its owner's rights: whose, and whether that is a superuser. */
  readonly runsAs: { readonly owner: string; readonly superuser: boolean } | null;
}

export const dotted = (schema: string, name: string): string => `${quoteIdent(schema)}.${quoteIdent(name)}`;

/** Asks once for each kind of thing that is named, whatever their number. */
export async function find(session: Session, parts: readonly Part[]): Promise<Map<Part, Seen<Found>>> {
  const schemas = await schemasOf(session, parts);
  const relations = await relationsOf(session, parts);
  const inSchemas = await tablesIn(session, parts);
  const draws = await drawsOf(session, parts, relations, inSchemas);
  const routines = await routinesOf(session, parts);
  const seen = (part: Part): Seen<Found> => {
    const schema = schemas.get(part.schema);
    if (schema === undefined) return null;
    const around = { schema, draws: [], runsAs: null };
    switch (part.what) {
      case 'schema':
        return { thing: { ...around, things: [schema] } };
      case 'tables': {
        const things = inSchemas.get(part.schema) ?? [];
        return { thing: { ...around, things, draws: things.flatMap(({ oid }) => draws.get(oid) ?? []) } };
      }
      case 'table':
      case 'sequence': {
        const relation = relations.get(keyOf(part));
        if (relation === undefined || relation.thing.kind !== part.what) return null;
        const { thing, columns } = relation;
        const lacks = columnsOf(part).filter((column) => !columns.includes(column));
        if (lacks.length > 0) return { lacks };
        return { thing: { ...around, things: [thing], draws: draws.get(thing.oid) ?? [] } };
      }
      case 'function':
      case 'procedure': {
        const routine = routines.get(signatureOf(part));
        if (routine === undefined || routine.what !== part.what) return null;
        return { thing: { ...around, things: [routine.thing], runsAs: routine.runsAs } };
      }
    }
  };
  return new Map(parts.map((part) => [part, seen(part)]));
}

const keyOf = ({ schema, name }: { schema: string; name: string }): string => JSON.stringify([schema, name]);

const schemaShape = z.object({ oid: z.string(), name: z.string() });

async function schemasOf(session: Session, parts: readonly Part[]): Promise<Map<string, Thing>> {
  const names = [...new Set(parts.map(({ schema }) => schema))];
  const text = 'SELECT n.oid::text AS oid, n.nspname AS name FROM pg_namespace n WHERE n.nspname = ANY($1)';
  const rows = await session.rows(schemaShape, text, [names]);
  return new Map(rows.map(({ oid, name }) => [name, { kind: 'schema', oid, name: quoteIdent(name) }]));
}

const relationShape = z.object({
  oid: z.string(),
  schema: z.string(),
  name: z.string(),
  kind: z.enum(['table', 'sequence']),
  columns: z.array(z.string()),
});
const KIND = `CASE c.relkind WHEN 'S' THEN 'sequence' ELSE 'table' END`;
export const TABLES = `c.relkind IN ('r', 'p', 'v', 'm', 'f')`;
/** Members of extensions are nobody's data. */
export const NOT_OF_EXTENSION = `NOT EXISTS (SELECT 1 FROM pg_depend e
  WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid AND e.deptype = 'e')`;

async function relationsOf(session: Session, parts: readonly Part[]) {
  const named = parts.filter(({ what }) => what === 'table' || what === 'sequence');
  if (named.length === 0) return new Map<string, { thing: Thing; columns: readonly string[] }>();
  const rows = await session.rows(
    relationShape,
    `SELECT c.oid::text AS oid, n.nspname AS schema, c.relname AS name, ${KIND} AS kind,
            ARRAY(SELECT a.attname::text FROM pg_attribute a
                  WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns
     FROM (SELECT DISTINCT * FROM unnest($1::text[], $2::text[])) AS w (schema, name)
     JOIN pg_namespace n ON n.nspname = w.schema JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = w.name
     WHERE ${TABLES} OR c.relkind = 'S'`,
    [named.map(({ schema }) => schema), named.map(({ name }) => name)],
  );
  return new Map(
    rows.map(({ oid, schema, name, kind, columns }) => {
      const thing: Thing = { kind, oid, name: dotted(schema, name) };
      return [keyOf({ schema, name }), { thing, columns }];
    }),
  );
}

const tableShape = z.object({ oid: z.string(), schema: z.string(), name: z.string() });

async function tablesIn(session: Session, parts: readonly Part[]): Promise<Map<string, Thing[]>> {
  const schemas = parts.filter(({ what }) => what === 'tables').map(({ schema }) => schema);
  if (schemas.length === 0) return new Map();
  const rows = await session.rows(
    tableShape,
    `SELECT c.oid::text AS oid, n.nspname AS schema, c.relname AS name
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = ANY($1) AND ${TABLES} AND ${NOT_OF_EXTENSION} ORDER BY c.oid`,
    [schemas],
  );
  const grouped = Map.groupBy(rows, ({ schema }) => schema);
  return new Map(
    [...grouped].map(([schema, tables]) => [
      schema,
      tables.map(({ oid, name }) => ({ kind: 'table', oid, name: dotted(schema, name) })),
    ]),
  );
}

const drawShape = z.object({ of: z.string(), oid: z.string(), schema: z.string(), name: z.string() });

/** Of tables that rows may be added to. An identity's own sequence asks for no privilege. */
async function drawsOf(
  session: Session,
  parts: readonly Part[],
  relations: Awaited<ReturnType<typeof relationsOf>>,
  inSchemas: ReadonlyMap<string, readonly Thing[]>,
): Promise<Map<string, Thing[]>> {
  const tables = parts
    .filter(({ privileges }) => privileges.some(({ name }) => name === 'INSERT'))
    .flatMap((part) => {
      if (part.what === 'tables') return (inSchemas.get(part.schema) ?? []).map(({ oid }) => oid);
      const relation = part.what === 'table' ? relations.get(keyOf(part)) : undefined;
      return relation === undefined ? [] : [relation.thing.oid];
    });
  if (tables.length === 0) return new Map();
  const rows = await session.rows(
    drawShape,
    `SELECT d.refobjid::text AS of, c.oid::text AS oid, n.nspname AS schema, c.relname AS name
     FROM pg_depend d JOIN pg_class c ON c.oid = d.objid AND c.relkind = 'S' JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype = 'a'
       AND d.refobjid = ANY($1::oid[])`,
    [tables],
  );
  const grouped = Map.groupBy(rows, (row) => row.of);
  return new Map(
    [...grouped].map(([of, sequences]) => [
      of,
      sequences.map(({ oid, schema, name }) => ({ kind: 'sequence', oid, name: dotted(schema, name) })),
    ]),
  );
}

const routineShape = z.object({
  asked: z.string(),
  oid: z.string(),
  name: z.string(),
  what: z.enum(['function', 'procedure']),
  definer: z.boolean(),
  owner: z.string(),
  superuser: z.boolean(),
});

/** The name is quoted; the types are the person's own words, which the server reads as types and as nothing else. */
const signatureOf = ({ schema, name, args }: Part): string => `${dotted(schema, name)}(${(args ?? []).join(', ')})`;

async function routinesOf(session: Session, parts: readonly Part[]) {
  const asked = parts.filter(({ what }) => what === 'function' || what === 'procedure').map(signatureOf);
  const rows =
    asked.length === 0
      ? []
      : await session.rows(
          routineShape,
          // The server's own text of its name, with everything quoted that has to be.
          `SELECT w.asked, p.oid::text AS oid, p.oid::regprocedure::text AS name,
                  CASE p.prokind WHEN 'p' THEN 'procedure' ELSE 'function' END AS what,
                  p.prosecdef AS definer, o.rolname AS owner, o.rolsuper AS superuser
           FROM unnest($1::text[]) AS w (asked) JOIN pg_proc p ON p.oid = to_regprocedure(w.asked)
           JOIN pg_roles o ON o.oid = p.proowner`,
          [asked],
        );
  return new Map(
    rows.map(({ asked: signature, oid, name, what, definer, owner, superuser }) => {
      const thing: Thing = { kind: 'routine', oid, name };
      return [signature, { thing, what, runsAs: definer ? { owner, superuser } : null }];
    }),
  );
}
