/** Could we do our work on a PostgreSQL resource? Looks and changes nothing: the durable roles need not be there yet. */
import { postgres } from '@tidegate/wire';
import { z } from 'zod';
import type { Found } from '../../test.ts';
import { clockWarning, lacksCreateRole } from './check.ts';
import type { GroupNames } from './names.ts';
import type { Administrator, Session } from './sessions.ts';

const { quoteIdent } = postgres;

/** Owners that are named one by one. */
const OWNERS_MAX = 10;

/** Rejects with a `ProvisionError` where it could come no further; what it saw until then stands in `found`. */
export async function test(
  administrator: Administrator,
  databases: readonly string[],
  names: GroupNames,
  found: Found,
): Promise<void> {
  for (const database of databases) {
    await administrator.use(database, async (session) => {
      const { server } = session;
      if (found.server === null) {
        found.server = `PostgreSQL ${server.versionText}`;
        found.administrator = server.administrator;
        found.tls = server.tls;
        if (!server.superuser && !server.createRole) found.problems.push(lacksCreateRole(server));
        found.warnings.push(...clockWarning(server));
        if (!names.ownerIsOurs) found.problems.push(...(await ownerMissing(session, names.owner)));
      }
      const { problems, warnings } = await givable(session, database);
      found.problems.push(...problems);
      found.warnings.push(...warnings);
    });
  }
}

async function ownerMissing(session: Session, owner: string): Promise<string[]> {
  const rows = await session.rows(
    z.object({ name: z.string() }),
    'SELECT rolname AS name FROM pg_roles WHERE rolname = $1',
    [owner],
  );
  const name = quoteIdent(owner);
  return rows.length > 0 ? [] : [`The resource's ownerRole ${name} does not exist: run CREATE ROLE ${name} NOLOGIN.`];
}

const shape = z.object({ connects: z.boolean(), owners: z.array(z.string()) });
/** Who owns tables, views and sequences that the administrator could give to nobody; those of extensions aside. */
const GIVABLE = `
SELECT has_database_privilege(current_database(), 'CONNECT WITH GRANT OPTION') AS connects,
       ARRAY(SELECT DISTINCT o.rolname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_roles o ON o.oid = c.relowner
             WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
               AND NOT EXISTS (SELECT 1 FROM pg_depend e WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid AND e.deptype = 'e')
               AND NOT CASE c.relkind WHEN 'S' THEN has_sequence_privilege(c.oid, 'SELECT WITH GRANT OPTION')
                                      ELSE has_table_privilege(c.oid, 'SELECT WITH GRANT OPTION') END
             ORDER BY 1 LIMIT ${OWNERS_MAX}) AS owners`;

/** What could be given to others in the session's database: only what the administrator has to give. */
async function givable(session: Session, database: string) {
  const [facts] = await session.rows(shape, GIVABLE);
  const admin = quoteIdent(session.server.administrator);
  const where = `database ${quoteIdent(database)}`;
  return {
    problems:
      facts?.connects === true
        ? []
        : [
            `The administrator ${admin} may not give CONNECT on ${where}: run GRANT CONNECT ON DATABASE ${quoteIdent(database)} TO ${admin} WITH GRANT OPTION.`,
          ],
    warnings: (facts?.owners ?? []).map(
      (owner) =>
        `In ${where} what ${quoteIdent(owner)} owns cannot be given: run GRANT ${quoteIdent(owner)} TO ${admin}.`,
    ),
  };
}
