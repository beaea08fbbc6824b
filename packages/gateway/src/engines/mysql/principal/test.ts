/** Could we do our work on a MySQL or MariaDB resource? Looks and changes nothing: the durable account need not be there yet. */
import { z } from 'zod';
import type { Found } from '../../test.ts';
import { clockWarning, schedulerWarning } from './check.ts';
import { lookAtOwner } from './durable.ts';
import type { Owner } from './names.ts';
import { powersOf, quotedAdministrator, shortcomings } from './powers.ts';
import { quoteIdent } from './quote.ts';
import { productOf } from './server.ts';
import type { Session } from './sessions.ts';

/** Rejects with a `ProvisionError` where it could come no further; what it saw until then stands in `found`. */
export async function test(session: Session, databases: readonly string[], owner: Owner, found: Found): Promise<void> {
  const { server } = session;
  found.server = `${productOf(server)} ${server.version}${server.azure ? ' (Azure)' : ''}`;
  found.administrator = quotedAdministrator(server);
  found.tls = server.tls;
  found.warnings.push(...schedulerWarning(server), ...clockWarning(server));
  const { problems, warnings } = shortcomings(server, await powersOf(session), databases, owner.isOurs);
  found.problems.push(...(await missing(session, databases)), ...problems);
  found.warnings.push(...warnings);
  // Whoever may not see accounts cannot look at this one either.
  if (!owner.isOurs && problems.length === 0) found.problems.push(...(await lookAtOwner(session, owner, databases)));
}

/** The administrator logs in without naming a database, so nothing has asked for these yet. */
async function missing(session: Session, databases: readonly string[]): Promise<string[]> {
  const rows = await session.rows(
    z.object({ name: z.string() }),
    `SELECT SCHEMA_NAME AS name FROM information_schema.SCHEMATA WHERE SCHEMA_NAME IN (${databases.map(() => '?').join(', ')})`,
    databases,
  );
  const alike = (name: string) => (session.server.lowerCaseNames ? name.toLowerCase() : name);
  const there = new Set(rows.map(({ name }) => alike(name)));
  return databases
    .filter((name) => !there.has(alike(name)))
    .map((name) => `Database ${quoteIdent(name)} does not exist, or the administrator may not see it.`);
}
