/**
 * Privileges one by one: what a principal should hold in a database, what it holds, and the statements between the two.
 * Nothing more than its lines stays with it, whoever gave it.
 */
import { postgres } from '@tidegate/wire';
import { z } from 'zod';
import type { Part } from '../../../lines.ts';
import type { Session } from '../sessions.ts';
import { dotted, type Found, type Thing, type ThingKind } from './find.ts';

const { quoteIdent } = postgres;

export interface Atom {
  readonly thing: Thing;
  readonly privilege: string;
  /** null: on the whole. */
  readonly column: string | null;
}

interface HeldAtom extends Atom {
  readonly grantable: boolean;
}

const keyOf = ({ thing, privilege, column }: Atom): string =>
  JSON.stringify([thing.oid, thing.kind, privilege, column]);

/** What the parts come to: their own privileges, and what those are of no use without. */
export function atomsOf(found: ReadonlyMap<Part, Found>): Atom[] {
  const atoms: Atom[] = [];
  for (const [{ privileges }, { things, schema, draws }] of found) {
    for (const { name: privilege, columns } of privileges) {
      for (const thing of things) {
        for (const column of columns ?? [null]) atoms.push({ thing, privilege, column });
      }
    }
    atoms.push({ thing: schema, privilege: 'USAGE', column: null });
    for (const thing of draws) atoms.push({ thing, privilege: 'USAGE', column: null });
  }
  return [...new Map(atoms.map((atom) => [keyOf(atom), atom])).values()];
}

const heldShape = z.object({
  kind: z.enum(['table', 'sequence', 'schema', 'routine']),
  oid: z.string(),
  schema: z.string(),
  name: z.string(),
  column: z.string().nullable(),
  privilege: z.string(),
  grantable: z.boolean(),
});

/** From what the server notes of who is named in whose privileges: no look at every table. */
const HELD = `
WITH refs AS MATERIALIZED (
  SELECT DISTINCT s.classid, s.objid FROM pg_shdepend s
  WHERE s.refclassid = 'pg_authid'::regclass AND s.refobjid = $1::oid AND s.deptype = 'a'
    AND s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
), held AS (
  SELECT CASE c.relkind WHEN 'S' THEN 'sequence' ELSE 'table' END AS kind, c.oid, n.nspname::text AS schema,
         c.relname::text AS name, NULL::text AS column, x.privilege_type, x.is_grantable
  FROM refs JOIN pg_class c ON refs.classid = 'pg_class'::regclass AND c.oid = refs.objid
  JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(c.relacl) x WHERE x.grantee = $1::oid
  UNION ALL
  SELECT 'table', c.oid, n.nspname, c.relname, a.attname, x.privilege_type, x.is_grantable
  FROM refs JOIN pg_class c ON refs.classid = 'pg_class'::regclass AND c.oid = refs.objid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_attribute a ON a.attrelid = c.oid AND NOT a.attisdropped, aclexplode(a.attacl) x WHERE x.grantee = $1::oid
  UNION ALL
  SELECT 'schema', n.oid, '', n.nspname, NULL, x.privilege_type, x.is_grantable
  FROM refs JOIN pg_namespace n ON refs.classid = 'pg_namespace'::regclass AND n.oid = refs.objid, aclexplode(n.nspacl) x
  WHERE x.grantee = $1::oid
  UNION ALL
  SELECT 'routine', p.oid, '', p.oid::regprocedure::text, NULL, x.privilege_type, x.is_grantable
  FROM refs JOIN pg_proc p ON refs.classid = 'pg_proc'::regclass AND p.oid = refs.objid, aclexplode(p.proacl) x
  WHERE x.grantee = $1::oid
)
SELECT kind, oid::text AS oid, schema, name, "column", privilege_type AS privilege, bool_or(is_grantable) AS grantable
FROM held GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 5, 6`;

/** @param oid the principal's */
export async function heldBy(session: Session, oid: string): Promise<HeldAtom[]> {
  const rows = await session.rows(heldShape, HELD, [oid]);
  return rows.map(({ kind, oid: thing, schema, name, column, privilege, grantable }) => ({
    thing: { kind, oid: thing, name: namedAs(kind, schema, name) },
    privilege,
    column,
    grantable,
  }));
}

function namedAs(kind: ThingKind, schema: string, name: string): string {
  if (kind === 'routine') return name;
  return kind === 'schema' ? quoteIdent(name) : dotted(schema, name);
}

export interface Changes {
  readonly missing: readonly Atom[];
  /** Takes first. */
  readonly statements: readonly string[];
}

export function changes(principal: string, wanted: readonly Atom[], held: readonly HeldAtom[]): Changes {
  const should = new Set(wanted.map(keyOf));
  const name = quoteIdent(principal);
  const extra = held.filter((atom) => !should.has(keyOf(atom)));
  const taken = new Set(extra.map(keyOf));
  // What is taken from the whole is taken from each column with it.
  const kept = held.filter((atom) => !taken.has(keyOf({ ...atom, column: null })));
  const has = new Set(kept.map(keyOf));
  const missing = wanted.filter((atom) => !has.has(keyOf(atom)));
  const passable = held.filter((atom) => atom.grantable && should.has(keyOf(atom)));
  return {
    missing,
    statements: [
      ...grouped(extra, (what, on) => `REVOKE ${what} ON ${on} FROM ${name} CASCADE`),
      ...grouped(passable, (what, on) => `REVOKE GRANT OPTION FOR ${what} ON ${on} FROM ${name} CASCADE`),
      ...grouped(missing, (what, on) => `GRANT ${what} ON ${on} TO ${name}`),
    ],
  };
}

/** As many names in one statement. */
const BATCH = 200;

/** One statement for all things of a kind that the same privileges are for. */
function grouped(atoms: readonly Atom[], statement: (what: string, on: string) => string): string[] {
  const byThing = Map.groupBy(atoms, ({ thing }) => `${thing.kind} ${thing.oid}`);
  const alike = new Map<string, { readonly kind: ThingKind; readonly what: string; readonly names: string[] }>();
  for (const all of byThing.values()) {
    const [first] = all;
    if (first === undefined) continue;
    const { kind, name } = first.thing;
    const what = privilegesText(all);
    const group = alike.get(`${kind} ${what}`) ?? { kind, what, names: [] };
    group.names.push(name);
    alike.set(`${kind} ${what}`, group);
  }
  return [...alike.values()].flatMap(({ kind, what, names }) => {
    const statements: string[] = [];
    for (let at = 0; at < names.length; at += BATCH) {
      statements.push(statement(what, `${kind.toUpperCase()} ${names.slice(at, at + BATCH).join(', ')}`));
    }
    return statements;
  });
}

/** `SELECT, UPDATE ("a", "b")`. */
function privilegesText(atoms: readonly Atom[]): string {
  const whole = atoms.filter(({ column }) => column === null).map(({ privilege }) => privilege);
  const byColumn = Map.groupBy(
    atoms.filter(({ column }) => column !== null),
    ({ privilege }) => privilege,
  );
  const some = [...byColumn].map(
    ([privilege, all]) =>
      `${privilege} (${all
        .map(({ column }) => quoteIdent(column ?? ''))
        .sort()
        .join(', ')})`,
  );
  return [...whole.sort(), ...some.sort()].join(', ');
}

export const atomText = ({ thing, privilege, column }: Atom): string =>
  `${privilege}${column === null ? '' : ` (${column})`} on ${thing.kind} ${thing.name}`;
