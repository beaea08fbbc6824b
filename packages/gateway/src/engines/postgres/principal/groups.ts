/**
 * The durable roles themselves, once a server: there, unable to log in, and at our command, which from PostgreSQL 16 on
 * means ADMIN (to give membership), INHERIT (to act as their owner) and SET (to give them what a principal leaves).
 */
import { postgres } from '@tidegate/wire';
import { z } from 'zod';
import type { GroupNames } from './names.ts';
import { hasMembershipOptions } from './server.ts';
import type { Session } from './sessions.ts';

const { quoteIdent, quoteLiteral } = postgres;

const shape = z.object({
  name: z.string(),
  can_login: z.boolean(),
  administered: z.boolean(),
  commanded: z.boolean(),
});
type Group = z.infer<typeof shape>;

/** Makes what is missing. @returns what only the operator can put right, in sentences; empty: all is well. */
export async function ensureGroups(session: Session, names: GroupNames, resource: string): Promise<string[]> {
  const ours = names.ownerIsOurs ? [names.reader, names.editor, names.owner] : [names.reader, names.editor];
  const all = [names.reader, names.editor, names.owner];
  const before = await look(session, all);
  const missing = ours.filter((name) => !before.has(name));
  await session.run(
    missing.flatMap((name) => [
      `CREATE ROLE ${quoteIdent(name)} NOLOGIN`,
      `COMMENT ON ROLE ${quoteIdent(name)} IS ${quoteLiteral(`Tidegate: privileges for grants on resource ${resource}. Kept between grants.`)}`,
    ]),
  );
  const made = missing.length === 0 ? before : await look(session, all);
  const idle = all.filter((name) => made.get(name)?.administered === true && made.get(name)?.commanded === false);
  await session.run(idle.map((name) => commandOver(name, session)));
  const now = idle.length === 0 ? made : await look(session, all);
  return [...problems(session, names, now), ...(await ownerDangers(session, names.owner))];
}

/** The durable role that may do nothing, made when the first principal leaves something to it. */
export async function ensureHeir(session: Session, name: string, resource: string): Promise<void> {
  const before = await look(session, [name]);
  await session.run([
    ...(before.has(name)
      ? []
      : [
          `CREATE ROLE ${quoteIdent(name)} NOLOGIN`,
          `COMMENT ON ROLE ${quoteIdent(name)} IS ${quoteLiteral(`Tidegate: owns what grants with listed privileges left on resource ${resource}. Give it nothing.`)}`,
        ]),
    ...(before.get(name)?.commanded === true || session.server.superuser ? [] : [commandOver(name, session)]),
  ]);
}

/** Membership for the administrator itself, so that it may act as the role. */
export function commandOver(role: string, session: Pick<Session, 'server'>): string {
  const options = hasMembershipOptions(session.server) ? ' WITH INHERIT TRUE, SET TRUE' : '';
  return `GRANT ${quoteIdent(role)} TO CURRENT_USER${options}`;
}

async function look(session: Session, names: readonly string[]): Promise<Map<string, Group>> {
  // Before 16 CREATEROLE is enough to give membership in any role but a superuser's, and MEMBER to become it.
  const [administered, set] = hasMembershipOptions(session.server)
    ? [`pg_has_role(current_user, r.oid, 'MEMBER WITH ADMIN OPTION')`, 'SET']
    : ['NOT r.rolsuper OR pg_has_role(current_user, r.oid, $$MEMBER WITH ADMIN OPTION$$)', 'MEMBER'];
  const rows = await session.rows(
    shape,
    `SELECT r.rolname AS name, r.rolcanlogin AS can_login, ${administered} AS administered,
            pg_has_role(current_user, r.oid, 'USAGE') AND pg_has_role(current_user, r.oid, '${set}') AS commanded
     FROM pg_roles r WHERE r.rolname = ANY($1)`,
    [names],
  );
  return new Map(rows.map((row) => [row.name, row]));
}

function problems(session: Session, names: GroupNames, groups: ReadonlyMap<string, Group>): string[] {
  const admin = quoteIdent(session.server.administrator);
  const found: string[] = [];
  for (const name of [names.reader, names.editor, names.owner]) {
    const group = groups.get(name);
    if (group === undefined) {
      found.push(
        `The resource's ownerRole ${quoteIdent(name)} does not exist: run CREATE ROLE ${quoteIdent(name)} NOLOGIN.`,
      );
      continue;
    }
    const isOurs = name !== names.owner || names.ownerIsOurs;
    if (isOurs && group.can_login) {
      found.push(`The role ${quoteIdent(name)} can log in and must not: run ALTER ROLE ${quoteIdent(name)} NOLOGIN.`);
    }
    if (!group.administered || !group.commanded) {
      found.push(
        `The administrator ${admin} may not give membership in ${quoteIdent(name)}: run GRANT ${quoteIdent(name)} TO ${admin} WITH ADMIN OPTION as a superuser or as who made it.`,
      );
    }
  }
  return found;
}

/**
 * An owner works as the owner role, so that role must not be able to make or change roles, or to reach outside the
 * database: with CREATEROLE a person could make themselves a way in that outlives every grant.
 */
async function ownerDangers(session: Session, owner: string): Promise<string[]> {
  const rows = await session.rows(
    z.object({ name: z.string() }),
    `SELECT x.rolname AS name FROM pg_roles x JOIN pg_roles o ON o.rolname = $1
     WHERE pg_has_role(o.oid, x.oid, 'MEMBER')
       AND (x.rolsuper OR x.rolcreaterole OR x.rolreplication OR x.rolname = current_user
            OR x.rolname IN ('pg_execute_server_program', 'pg_write_server_files', 'pg_read_server_files'))
     ORDER BY 1`,
    [owner],
  );
  const [first] = rows;
  if (first === undefined) return [];
  const through = first.name === owner ? '' : ` through ${quoteIdent(first.name)}`;
  return [
    `The owner role ${quoteIdent(owner)} is too powerful${through}: it must not be a superuser, have CREATEROLE or REPLICATION, or reach the server's files. Name another ownerRole.`,
  ];
}
