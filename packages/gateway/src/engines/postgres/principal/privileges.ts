/**
 * What the durable roles may do in one database: GRANTs on what is there, default privileges for what will be. Only what
 * is missing is given, so that a look costs one query and a second run changes nothing.
 */
import { postgres } from '@tidegate/wire';
import { z } from 'zod';
import { MARK_PATTERN } from './mark.ts';
import type { GroupNames } from './names.ts';
import type { Session } from './sessions.ts';

const { quoteIdent } = postgres;

type Kind = 'database' | 'schema' | 'table' | 'sequence';

/**
 * `reader` reads tables, views and sequences; `editor` also changes rows (no TRUNCATE: it fires no row triggers and asks
 * for an exclusive lock) and draws from sequences; `owner` has everything that can be given. Functions keep the EXECUTE
 * that PUBLIC has on them; a function taken from PUBLIC stays taken.
 */
const READER: Readonly<Record<Kind, readonly string[]>> = {
  database: ['CONNECT'],
  schema: ['USAGE'],
  table: ['SELECT'],
  sequence: ['SELECT'],
};
const EDITOR: typeof READER = {
  database: ['CONNECT', 'TEMPORARY'],
  schema: ['USAGE'],
  table: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
  sequence: ['SELECT', 'USAGE'],
};
const OWNER: typeof READER = {
  database: ['CONNECT', 'TEMPORARY', 'CREATE'],
  schema: ['USAGE', 'CREATE'],
  table: ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER'],
  sequence: ['SELECT', 'USAGE', 'UPDATE'],
};

const missingShape = z.object({
  grantee: z.string(),
  kind: z.enum(['database', 'schema', 'table', 'sequence']),
  schema: z.string(),
  name: z.string(),
  owner: z.string(),
  grantable: z.boolean(),
  privileges: z.array(z.string()),
});
type Missing = z.infer<typeof missingShape>;

const defaultShape = z.object({
  creator: z.string(),
  grantee: z.string(),
  kind: z.enum(['schema', 'table', 'sequence']),
  permitted: z.boolean(),
  privileges: z.array(z.string()),
});
type MissingDefault = z.infer<typeof defaultShape>;

export interface DatabasePrivileges {
  /** PUBLIC may connect; else `own` principals need CONNECT in their own name. */
  readonly publicConnects: boolean;
  /** Without these nobody gets in, in sentences. */
  readonly problems: readonly string[];
  /** Not all can be given, in sentences. */
  readonly warnings: readonly string[];
}

/** Gives what is missing in the session's database, `database`. */
export async function ensurePrivileges(
  session: Session,
  database: string,
  names: GroupNames,
): Promise<DatabasePrivileges> {
  const wanted = JSON.stringify(wantedRows(names));
  const missing = await session.rows(missingShape, MISSING, [wanted]);
  const defaults = await session.rows(defaultShape, MISSING_DEFAULTS, [wanted, names.owner]);
  const statements = [
    ...defaults.filter((row) => row.permitted).map(grantDefault),
    ...grants(missing.filter((row) => row.grantable)),
  ];
  // A hundred thousand tables are more than one message's deadline allows; each message leaves less for the next look.
  for (let at = 0; at < statements.length; at += MESSAGE) await session.run(statements.slice(at, at + MESSAGE));
  const [facts] = await session.rows(factsShape, FACTS);
  const withheld = missing.filter((row) => !row.grantable);
  const admin = quoteIdent(session.server.administrator);
  return {
    publicConnects: facts?.public_connects ?? false,
    problems: withheld.some((row) => row.privileges.includes('CONNECT'))
      ? [
          `The administrator ${admin} may not give CONNECT on database ${quoteIdent(database)}: run GRANT CONNECT ON DATABASE ${quoteIdent(database)} TO ${admin} WITH GRANT OPTION.`,
        ]
      : [],
    warnings: [
      ...withheldWarnings(withheld, database, admin),
      ...(facts?.public_creates === true
        ? [
            `In database ${quoteIdent(database)} PUBLIC may create in schema public, so readers can too: run REVOKE CREATE ON SCHEMA public FROM PUBLIC.`,
          ]
        : []),
    ],
  };
}

interface WantedRow {
  readonly grantee: string;
  readonly kind: string;
  readonly privilege: string;
}

function wantedRows(names: GroupNames): WantedRow[] {
  const sets = [
    { grantee: names.reader, set: READER },
    { grantee: names.editor, set: EDITOR },
    ...(names.ownerIsOurs ? [{ grantee: names.owner, set: OWNER }] : []),
  ];
  return sets.flatMap(({ grantee, set }) =>
    Object.entries(set).flatMap(([kind, privileges]) => privileges.map((privilege) => ({ grantee, kind, privilege }))),
  );
}

/** Objects of the system and of extensions are nobody's data. */
const OBJECTS = `
WITH wanted AS MATERIALIZED (
  SELECT g.oid AS grantee_oid, w.grantee, w.kind, w.privilege
  FROM json_to_recordset($1::json) AS w(grantee text, kind text, privilege text) JOIN pg_roles g ON g.rolname = w.grantee
), schemas AS MATERIALIZED (
  SELECT n.oid, n.nspname, n.nspowner FROM pg_namespace n
  WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND NOT EXISTS (SELECT 1 FROM pg_depend e WHERE e.classid = 'pg_namespace'::regclass AND e.objid = n.oid AND e.deptype = 'e')
), relations AS MATERIALIZED (
  SELECT c.oid, c.relname, c.relowner, s.nspname, CASE c.relkind WHEN 'S' THEN 'sequence' ELSE 'table' END AS kind
  FROM pg_class c JOIN schemas s ON s.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
    AND NOT EXISTS (SELECT 1 FROM pg_depend e WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid AND e.deptype = 'e')
)`;

const MISSING = `${OBJECTS}, missing AS (
  SELECT w.grantee, w.kind, r.nspname AS schema, r.relname AS name, r.relowner AS owner, w.privilege,
         CASE w.kind WHEN 'sequence' THEN has_sequence_privilege(r.oid, w.privilege || ' WITH GRANT OPTION')
                     ELSE has_table_privilege(r.oid, w.privilege || ' WITH GRANT OPTION') END AS grantable
  FROM relations r JOIN wanted w ON w.kind = r.kind
  WHERE NOT CASE w.kind WHEN 'sequence' THEN has_sequence_privilege(w.grantee_oid, r.oid, w.privilege)
                        ELSE has_table_privilege(w.grantee_oid, r.oid, w.privilege) END
  UNION ALL
  SELECT w.grantee, w.kind, '', s.nspname, s.nspowner, w.privilege,
         has_schema_privilege(s.oid, w.privilege || ' WITH GRANT OPTION')
  FROM schemas s JOIN wanted w ON w.kind = 'schema' WHERE NOT has_schema_privilege(w.grantee_oid, s.oid, w.privilege)
  UNION ALL
  SELECT w.grantee, w.kind, '', d.datname, d.datdba, w.privilege,
         has_database_privilege(d.oid, w.privilege || ' WITH GRANT OPTION')
  FROM pg_database d JOIN wanted w ON w.kind = 'database'
  WHERE d.datname = current_database() AND NOT has_database_privilege(w.grantee_oid, d.oid, w.privilege)
)
SELECT m.grantee, m.kind, m.schema, m.name, o.rolname AS owner, m.grantable, array_agg(m.privilege ORDER BY m.privilege) AS privileges
FROM missing m JOIN pg_roles o ON o.oid = m.owner
WHERE m.grantable IS NOT NULL -- null: dropped since
GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4`;

/** For who owns something here, and for the owner role; not for principals, who own nothing for long. */
const MISSING_DEFAULTS = `${OBJECTS}, creators AS (
  SELECT r.oid, r.rolname FROM pg_roles r
  WHERE r.oid IN (SELECT relowner FROM relations UNION SELECT nspowner FROM schemas UNION SELECT oid FROM pg_roles WHERE rolname = $2)
    AND r.rolname !~ '^pg_' AND coalesce(shobj_description(r.oid, 'pg_authid'), '') NOT LIKE '${MARK_PATTERN}'
)
SELECT c.rolname AS creator, w.grantee, w.kind, pg_has_role(c.oid, 'USAGE') AS permitted,
       array_agg(w.privilege ORDER BY w.privilege) AS privileges
FROM creators c JOIN wanted w ON w.kind <> 'database' AND w.grantee_oid <> c.oid
WHERE NOT EXISTS (
  SELECT 1 FROM pg_default_acl d, aclexplode(d.defaclacl) a
  WHERE d.defaclrole = c.oid AND d.defaclnamespace = 0
    AND d.defaclobjtype = CASE w.kind WHEN 'schema' THEN 'n' WHEN 'sequence' THEN 'S' ELSE 'r' END
    AND a.grantee = w.grantee_oid AND a.privilege_type = w.privilege)
GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3`;

const factsShape = z.object({ public_connects: z.boolean(), public_creates: z.boolean() });
const FACTS = `
SELECT has_database_privilege('public', current_database(), 'CONNECT') AS public_connects,
       coalesce((SELECT has_schema_privilege('public', n.oid, 'CREATE') FROM pg_namespace n WHERE n.nspname = 'public'), false)
         AS public_creates`;

/** As many names in one statement, and statements in one message. */
const BATCH = 200;
const MESSAGE = 20;

function grants(rows: readonly Missing[]): string[] {
  const alike = Map.groupBy(rows, (row) => JSON.stringify([row.grantee, row.kind, row.privileges]));
  return [...alike.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const parts: string[] = [];
    for (let at = 0; at < group.length; at += BATCH) parts.push(grantText(first, group.slice(at, at + BATCH)));
    return parts;
  });
}

function grantText(like: Missing, objects: readonly Missing[]): string {
  const named = objects.map((row) => (row.schema === '' ? '' : `${quoteIdent(row.schema)}.`) + quoteIdent(row.name));
  const list = named.join(', ');
  return `GRANT ${like.privileges.join(', ')} ON ${like.kind.toUpperCase()} ${list} TO ${quoteIdent(like.grantee)}`;
}

function grantDefault(row: MissingDefault): string {
  const what = `${row.kind.toUpperCase()}S`;
  return `ALTER DEFAULT PRIVILEGES FOR ROLE ${quoteIdent(row.creator)} GRANT ${row.privileges.join(', ')} ON ${what} TO ${quoteIdent(row.grantee)}`;
}

function withheldWarnings(withheld: readonly Missing[], database: string, admin: string): string[] {
  const others = withheld.filter((row) => !row.privileges.includes('CONNECT'));
  const byOwner = Map.groupBy(others, (row) => row.owner);
  return [...byOwner].map(([owner, rows]) => {
    const count = new Set(rows.map((row) => `${row.kind} ${row.schema}.${row.name}`)).size;
    const what = count === 1 ? 'one object' : `${count} objects`;
    return `In database ${quoteIdent(database)} ${what} of ${quoteIdent(owner)} cannot be given: run GRANT ${quoteIdent(owner)} TO ${admin}.`;
  });
}
