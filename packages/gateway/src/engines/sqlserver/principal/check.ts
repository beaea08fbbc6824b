/** Can we do our work there? In words that say what to run. */
import { z } from 'zod';
import { type Health, ProvisionError } from '../../provisioner.ts';
import { TOO_POWERFUL } from './powers.ts';
import { quoteName } from './quote.ts';
import type { Server } from './server.ts';
import type { Administrator, Session } from './sessions.ts';

export interface CheckOptions {
  readonly administrator: Administrator;
  readonly databases: readonly string[];
  readonly ownerRole: string | null;
}

interface Found {
  readonly problems: string[];
  readonly warnings: string[];
}

/** Does not reject for what it finds. */
export async function check({ administrator, databases, ownerRole }: CheckOptions): Promise<Health> {
  try {
    const found: Found = { problems: [], warnings: [] };
    const servers = await lookAround({ administrator, databases, ownerRole }, found);
    const [server] = servers;
    if (server === undefined) return failing('The resource names no database.');
    if (found.problems.length > 0) return failing(found.problems.join(' '));
    return { ok: true, detail: cut([describe(server, servers, databases), ...found.warnings].join(' ')) };
  } catch (error) {
    if (!(error instanceof ProvisionError)) throw error;
    return failing(error.detail === '' ? error.message : error.detail);
  }
}

/**
 * Changes nothing. @returns what each database is on, in their order; what is wrong goes to `found`.
 *
 * @param heard called with the first, before its privileges are looked at
 */
export async function lookAround(
  { administrator, databases, ownerRole }: CheckOptions,
  found: Found,
  heard: (server: Server) => void = () => {},
): Promise<readonly Server[]> {
  const servers: Server[] = [];
  for (const database of databases) {
    const server = await administrator.use(database, 'self', async (session) => {
      if (servers.length === 0) heard(session.server);
      return lookInside(session, found);
    });
    servers.push(server);
    await administrator.use(database, 'dbo', (session) => lookAsDbo(session, ownerRole, found));
  }
  const logins = servers.some(({ contained }) => !contained);
  if (servers[0]?.azure === false) {
    await administrator.use('master', 'self', (session) => lookAtServer(session, logins, found));
  }
  return servers;
}

const failing = (detail: string): Health => ({ ok: false, detail: cut(detail) });

const rights = z.object({ owner: z.boolean(), views: z.boolean(), kills: z.boolean() });
/** IS_ROLEMEMBER is 1 for dbo too. The last two count on Azure alone, where they are the database's. */
const RIGHTS = `SELECT CONVERT(bit, CASE WHEN IS_ROLEMEMBER(N'db_owner') = 1 THEN 1 ELSE 0 END) AS owner,
       CONVERT(bit, COALESCE(HAS_PERMS_BY_NAME(DB_NAME(), N'DATABASE', N'VIEW DATABASE STATE'), 0)) AS views,
       CONVERT(bit, COALESCE(HAS_PERMS_BY_NAME(DB_NAME(), N'DATABASE', N'KILL DATABASE CONNECTION'), 0)) AS kills`;

async function lookInside(session: Session, { problems, warnings }: Found): Promise<Server> {
  const { server, database } = session;
  const admin = quoteName(server.administrator);
  const [has] = await session.rows(rights, RIGHTS);
  if (has?.owner !== true) {
    problems.push(
      `The administrator ${admin} is not in db_owner of database ${quoteName(database)}: run USE ${quoteName(database)}; ALTER ROLE [db_owner] ADD MEMBER ${admin}.`,
    );
  }
  if (server.azure && (has?.views !== true || has.kills !== true)) {
    problems.push(
      `The administrator ${admin} cannot see or end sessions in database ${quoteName(database)}: run GRANT VIEW DATABASE STATE, KILL DATABASE CONNECTION TO ${admin} there.`,
    );
  }
  if (server.containedLoginsOff) {
    warnings.push(
      `Database ${quoteName(database)} is contained, but the server lets no contained user log in, so logins are made instead; sp_configure 'contained database authentication', 1 would change that.`,
    );
  }
  if (server.trustworthy) {
    warnings.push(
      `TRUSTWORTHY is on in database ${quoteName(database)}: an owner's code there may reach the rest of the server. If nothing needs it, run ALTER DATABASE ${quoteName(database)} SET TRUSTWORTHY OFF.`,
    );
  }
  return server;
}

const role = z.object({ type: z.string(), too_much: z.boolean() });
const named = z.object({ name: z.string() });

async function lookAsDbo(session: Session, ownerRole: string | null, { problems, warnings }: Found): Promise<void> {
  const where = `database ${quoteName(session.database)}`;
  const triggers = await session.rows(
    named,
    'SELECT t.name AS name FROM sys.triggers t WHERE t.parent_class = 0 AND t.is_disabled = 0 ORDER BY t.name',
  );
  if (triggers.length > 0) {
    const list = triggers.slice(0, 5).map(({ name }) => quoteName(name));
    warnings.push(
      `DDL triggers in ${where} run whenever a user is made, shut out or dropped, and can prevent it: ${list.join(', ')}${triggers.length > 5 ? ' and more' : ''}.`,
    );
  }
  if (ownerRole === null) return;
  const [found] = await session.rows(
    role,
    `SELECT CONVERT(nvarchar(1), p.type) AS type, CONVERT(bit, CASE WHEN ${TOO_POWERFUL.map((each) => `IS_ROLEMEMBER(N'${each}', p.name) = 1`).join(' OR ')} OR p.name IN (${TOO_POWERFUL.map((each) => `N'${each}'`).join(', ')}) THEN 1 ELSE 0 END) AS too_much
FROM sys.database_principals p WHERE p.name = @name`,
    { name: ownerRole },
  );
  const name = quoteName(ownerRole);
  if (found?.type !== 'R') {
    problems.push(`The resource's ownerRole ${name} is no database role in ${where}: run CREATE ROLE ${name} there.`);
  } else if (found.too_much) {
    problems.push(
      `The owner role ${name} is too powerful in ${where}: it must not be or belong to ${TOO_POWERFUL.join(', ')}. Name another ownerRole.`,
    );
  }
}

const serverRights = z.object({ logins: z.boolean(), views: z.boolean(), kills: z.boolean() });
const SERVER_RIGHTS = `SELECT CONVERT(bit, COALESCE(HAS_PERMS_BY_NAME(NULL, NULL, N'ALTER ANY LOGIN'), 0)) AS logins,
       CONVERT(bit, COALESCE(HAS_PERMS_BY_NAME(NULL, NULL, N'VIEW SERVER STATE'), 0)) AS views,
       CONVERT(bit, COALESCE(HAS_PERMS_BY_NAME(NULL, NULL, N'ALTER ANY CONNECTION'), 0)) AS kills`;

async function lookAtServer(session: Session, logins: boolean, { problems }: Found): Promise<void> {
  const [has] = await session.rows(serverRights, SERVER_RIGHTS);
  const missing = [
    ...(logins && has?.logins !== true ? ['ALTER ANY LOGIN'] : []),
    ...(has?.views === true ? [] : ['VIEW SERVER STATE']),
    ...(has?.kills === true ? [] : ['ALTER ANY CONNECTION']),
  ];
  if (missing.length === 0) return;
  const admin = quoteName(session.server.administrator);
  problems.push(
    `The administrator ${admin} lacks ${missing.join(', ')}: run USE [master]; GRANT ${missing.join(', ')} TO ${admin}.`,
  );
}

function describe(server: Server, servers: readonly Server[], databases: readonly string[]): string {
  const way = server.tls === null ? 'without TLS' : `over ${server.tls}`;
  const users = databases.map(
    (name, at) => `${quoteName(name)} ${servers[at]?.contained ? 'contained users' : 'logins'}`,
  );
  return `${server.name} ${way}, administrator ${quoteName(server.administrator)}. Principals: ${users.join(', ')}. SQL Server has no end date for users: while no gateway runs, a principal stays, with a password that only gateways know.`;
}

/** The link carries 2000 characters. */
const cut = (text: string) => (text.length <= 2000 ? text : `${text.slice(0, 1999)}…`);
