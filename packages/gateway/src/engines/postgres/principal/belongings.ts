/**
 * What a principal owns goes to the durable role that it worked for: nothing is lost, and nothing gains rights by it,
 * because that role has what the principal had (a reader's function must never become an owner's).
 */
import { postgres } from '@tidegate/wire';
import { z } from 'zod';
import { codeOf } from './errors.ts';
import type { Administrator, Session } from './sessions.ts';

const { quoteIdent } = postgres;

const dependency = z.object({ database: z.string().nullable(), objects: z.int() });

/** Where the role is still referred to; `database` null: by something that belongs to the whole server. */
export async function dependencies(session: Session, oid: string) {
  return session.rows(
    dependency,
    `SELECT d.datname AS database, count(*)::int AS objects
     FROM pg_shdepend s LEFT JOIN pg_database d ON d.oid = s.dbid
     WHERE s.refclassid = 'pg_authid'::regclass AND s.refobjid = $1 GROUP BY 1 ORDER BY 1`,
    [oid],
  );
}

/**
 * Gives away what it owns and takes what it was given, in each of `databases`.
 *
 * @returns databases where that could not be done, with the reason's code
 */
export async function giveAway(
  administrator: Administrator,
  databases: Iterable<string>,
  principal: string,
  heir: string,
): Promise<Map<string, string>> {
  const failed = new Map<string, string>();
  for (const database of databases) {
    try {
      await administrator.use(database, (session) => giveAwayHere(session, principal, heir));
    } catch (error) {
      if (!staysAsItIs(error)) throw error;
      failed.set(database, codeOf(error));
    }
  }
  return failed;
}

async function giveAwayHere(session: Session, principal: string, heir: string): Promise<void> {
  // Who is not a superuser may give a function only to a role that could have made it there: so for one transaction it can.
  const schemas = await session.rows(
    z.object({ name: z.string() }),
    `SELECT DISTINCT n.nspname AS name
     FROM pg_shdepend s, pg_identify_object(s.classid, s.objid, 0) i JOIN pg_namespace n ON quote_ident(n.nspname) = i.schema
     WHERE s.refclassid = 'pg_authid'::regclass AND s.refobjid = (SELECT oid FROM pg_roles WHERE rolname = $1)
       AND s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND s.deptype = 'o'
       AND NOT has_schema_privilege($2, n.oid, 'CREATE') AND has_schema_privilege(n.oid, 'CREATE WITH GRANT OPTION')`,
    [principal, heir],
  );
  const list = schemas.map(({ name }) => quoteIdent(name)).join(', ');
  await session.run([
    ...(list === '' ? [] : [`GRANT CREATE ON SCHEMA ${list} TO ${quoteIdent(heir)}`]),
    `REASSIGN OWNED BY ${quoteIdent(principal)} TO ${quoteIdent(heir)}`,
    ...(list === '' ? [] : [`REVOKE CREATE ON SCHEMA ${list} FROM ${quoteIdent(heir)}`]),
    `DROP OWNED BY ${quoteIdent(principal)}`,
  ]);
}

/**
 * Codes that trying again soon won't change: a privilege, a dependency, a database that is not there or lets nobody in.
 * All else (a lock that is held, a lost connection) is thrown and tried again.
 */
const STAYS_AS_IT_IS = new Set(['42501', '2BP01', '3D000', '28000', '55000']);
export const staysAsItIs = (error: unknown) => STAYS_AS_IT_IS.has(codeOf(error));
