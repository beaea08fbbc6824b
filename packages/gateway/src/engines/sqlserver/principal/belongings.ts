/**
 * What a principal owns goes to a durable owner, with all permissions that were given on it: SQL Server drops those when
 * an owner changes, and nobody else's access may end because one person's grant does.
 */
import { z } from 'zod';
import { quoteName } from './quote.ts';
import type { Session } from './sessions.ts';

interface Kind {
  /** As ALTER AUTHORIZATION calls it. */
  readonly word: string;
  /** Of its id, schema, name and owner. */
  readonly from: string;
  /** May it belong to a role? Else it becomes dbo's. */
  readonly toRole: boolean;
  /** Not in Azure SQL Database. */
  readonly boxed: boolean;
}

const kind = (word: string, from: string, { toRole = false, boxed = false } = {}): Kind => ({
  word,
  from,
  toRole,
  boxed,
});

/** Typed: a bare NULL is an integer, which has no collation. */
const NO_SCHEMA = 'CONVERT(nvarchar(128), NULL)';
const plain = (view: string) => `SELECT ${NO_SCHEMA} AS [schema], v.name, v.principal_id AS owner FROM sys.${view} v`;
const schemad = (view: string) =>
  `SELECT SCHEMA_NAME(v.schema_id) AS [schema], v.name, v.principal_id AS owner FROM sys.${view} v`;

/** Schemas first: what lies in them and has no owner of its own goes with them. */
const KINDS: readonly Kind[] = [
  kind('SCHEMA', plain('schemas'), { toRole: true }),
  // A table type is in both; it is altered as a type.
  kind('OBJECT', `${schemad('objects')} WHERE v.type <> 'TT'`, { toRole: true }),
  kind('TYPE', schemad('types'), { toRole: true }),
  kind('XML SCHEMA COLLECTION', schemad('xml_schema_collections'), { toRole: true }),
  kind(
    'ROLE',
    `SELECT ${NO_SCHEMA} AS [schema], v.name, v.owning_principal_id AS owner FROM sys.database_principals v WHERE v.type = 'R'`,
  ),
  kind('ASSEMBLY', plain('assemblies')),
  kind('SYMMETRIC KEY', plain('symmetric_keys')),
  kind('ASYMMETRIC KEY', plain('asymmetric_keys')),
  kind('CERTIFICATE', plain('certificates')),
  kind('FULLTEXT CATALOG', plain('fulltext_catalogs')),
  kind('FULLTEXT STOPLIST', plain('fulltext_stoplists')),
  kind('SEARCH PROPERTY LIST', plain('registered_search_property_lists'), { boxed: true }),
  kind('MESSAGE TYPE', plain('service_message_types'), { boxed: true }),
  kind('CONTRACT', plain('service_contracts'), { boxed: true }),
  kind('SERVICE', plain('services'), { boxed: true }),
  kind('REMOTE SERVICE BINDING', plain('remote_service_bindings'), { boxed: true }),
  kind('ROUTE', plain('routes'), { boxed: true }),
];

const thing = z.object({ word: z.string(), schema: z.string().nullable(), name: z.string() });
type Thing = z.infer<typeof thing>;

/** What it owns in this database. */
export function belongings(session: Session, name: string): Promise<Thing[]> {
  const kinds = KINDS.filter(({ boxed }) => !boxed || !session.server.azure);
  // Service Broker's names have a collation of their own, which UNION refuses to mix.
  const parts = kinds.map(
    ({ word, from }) =>
      `SELECT N'${word}' AS word, o.[schema] COLLATE DATABASE_DEFAULT AS [schema], o.name COLLATE DATABASE_DEFAULT AS name FROM (${from}) o WHERE o.owner = DATABASE_PRINCIPAL_ID(@name)`,
  );
  return session.rows(thing, parts.join('\nUNION ALL\n'), { name });
}

const permission = z.object({
  class: z.int(),
  /** G, W granted, D denied, R a column taken out of what was given on the whole. */
  state: z.enum(['G', 'W', 'D', 'R']),
  permission: z.string(),
  grantee: z.string(),
  by_it: z.boolean(),
  schema: z.string().nullable(),
  name: z.string().nullable(),
  column: z.string().nullable(),
});
type Permission = z.infer<typeof permission>;

/** Given by it, or on what it owns; but for its own. Objects and columns (1), schemas (3), types (6), the database (0). */
const PERMISSIONS = `SELECT CONVERT(int, x.class) AS class, CONVERT(nvarchar(1), x.state) AS state, x.permission_name AS permission, e.name AS grantee,
       CONVERT(bit, CASE WHEN x.grantor_principal_id = DATABASE_PRINCIPAL_ID(@name) THEN 1 ELSE 0 END) AS by_it,
       CASE x.class WHEN 1 THEN OBJECT_SCHEMA_NAME(x.major_id) WHEN 6 THEN SCHEMA_NAME(t.schema_id) END AS [schema],
       CASE x.class WHEN 1 THEN OBJECT_NAME(x.major_id) WHEN 3 THEN SCHEMA_NAME(x.major_id) WHEN 6 THEN t.name END AS name,
       CASE WHEN x.class = 1 AND x.minor_id > 0 THEN COL_NAME(x.major_id, x.minor_id) END AS [column]
FROM sys.database_permissions x JOIN sys.database_principals e ON e.principal_id = x.grantee_principal_id
LEFT JOIN sys.schemas s ON x.class = 3 AND s.schema_id = x.major_id
LEFT JOIN sys.objects o ON x.class = 1 AND o.object_id = x.major_id
LEFT JOIN sys.types t ON x.class = 6 AND t.user_type_id = x.major_id
WHERE x.class IN (0, 1, 3, 6) AND x.grantee_principal_id <> DATABASE_PRINCIPAL_ID(@name)
  AND (x.grantor_principal_id = DATABASE_PRINCIPAL_ID(@name) OR s.principal_id = DATABASE_PRINCIPAL_ID(@name)
       OR o.principal_id = DATABASE_PRINCIPAL_ID(@name) OR t.principal_id = DATABASE_PRINCIPAL_ID(@name))`;

/** Parts it from all that it owns and gave, in one transaction. Throws what the server refuses it with. */
export async function giveAway(session: Session, name: string, heir: string): Promise<void> {
  const owned = await belongings(session, name);
  const given = await session.rows(permission, PERMISSIONS, { name });
  const again = new Set(given.map(giving));
  await session.run([
    // While it still owns what it gave permissions on: later it has nothing to revoke with.
    ...given.filter(({ by_it }) => by_it).map((each) => taking(each, name)),
    ...owned.map((each) => transfer(each, heir)),
    ...again,
  ]);
}

function transfer({ word, schema, name }: Thing, heir: string): string {
  const qualified = schema === null ? quoteName(name) : `${quoteName(schema)}.${quoteName(name)}`;
  const toRole = KINDS.some((each) => each.word === word && each.toRole);
  return `ALTER AUTHORIZATION ON ${word}::${qualified} TO ${quoteName(toRole ? heir : 'dbo')}`;
}

const WORD: Readonly<Record<number, string>> = { 1: 'OBJECT', 3: 'SCHEMA', 6: 'TYPE' };

function target({ class: on, schema, name, column }: Permission): string {
  const word = WORD[on];
  if (word === undefined || name === null) return '';
  const qualified = schema === null ? quoteName(name) : `${quoteName(schema)}.${quoteName(name)}`;
  return ` ON ${word}::${qualified}${column === null ? '' : ` (${quoteName(column)})`}`;
}

function giving(given: Permission): string {
  const what = `${given.permission}${target(given)}`;
  const who = quoteName(given.grantee);
  switch (given.state) {
    case 'G':
      return `GRANT ${what} TO ${who}`;
    case 'W':
      return `GRANT ${what} TO ${who} WITH GRANT OPTION`;
    case 'D':
      return `DENY ${what} TO ${who}`;
    case 'R':
      return `REVOKE ${what} FROM ${who}`;
  }
}

const taking = (given: Permission, grantor: string): string =>
  `REVOKE ${given.permission}${target(given)} FROM ${quoteName(given.grantee)} CASCADE AS ${quoteName(grantor)}`;

/** Modules that run as it (`EXECUTE AS`): the server keeps their principal, and we change nobody's code. */
export async function runsAs(session: Session, name: string): Promise<string[]> {
  const rows = await session.rows(
    z.object({ schema: z.string().nullable(), name: z.string() }),
    `SELECT OBJECT_SCHEMA_NAME(m.object_id) AS [schema], o.name AS name
FROM sys.sql_modules m JOIN sys.objects o ON o.object_id = m.object_id WHERE m.execute_as_principal_id = DATABASE_PRINCIPAL_ID(@name)`,
    { name },
  );
  return rows.map(
    ({ schema, name: module }) => `${schema === null ? '' : `${quoteName(schema)}.`}${quoteName(module)}`,
  );
}
