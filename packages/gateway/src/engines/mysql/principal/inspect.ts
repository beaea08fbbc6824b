/** What is: one principal as the server has it. */
import { z } from 'zod';
import { LEDGER } from './names.ts';
import type { Held } from './privileges.ts';
import type { Stored } from './secret.ts';
import type { Flavour } from './server.ts';
import type { Session } from './sessions.ts';

const accountShape = z.object({
  plugin: z.string(),
  secret: z.string(),
  locked: z.coerce.number().transform((value) => value !== 0),
  /** REQUIRE: none, any (SSL), or more than that. */
  tls: z.enum(['none', 'any', 'other']),
  connection_limit: z.coerce.number(),
});
const heldShape = z.object({
  place: z.string().nullable(),
  privilege: z.string(),
  grantable: z.string().transform((value) => value === 'YES'),
});
const switchShape = z.object({ at: z.string().nullable(), status: z.string() });

export interface Actual extends Stored {
  readonly locked: boolean;
  readonly tls: 'none' | 'any' | 'other';
  readonly connectionLimit: number;
  readonly held: readonly Held[];
}

/** The dead man's switch; null: there is none. `at` in UTC, `2026-11-22 18:00:00`. */
export type Switch = z.infer<typeof switchShape> | null;

/** MariaDB keeps accounts as JSON; its `mysql.user` is a view that lacks the lock. */
const ACCOUNT: Readonly<Record<Flavour, string>> = {
  mariadb: `
SELECT COALESCE(JSON_VALUE(Priv, '$.plugin'), '') AS plugin,
       COALESCE(JSON_VALUE(Priv, '$.authentication_string'), '') AS secret,
       COALESCE(JSON_VALUE(Priv, '$.account_locked'), 0) AS locked,
       CASE COALESCE(JSON_VALUE(Priv, '$.ssl_type'), 0) WHEN 0 THEN 'none' WHEN 1 THEN 'any' ELSE 'other' END AS tls,
       COALESCE(JSON_VALUE(Priv, '$.max_user_connections'), 0) AS connection_limit
FROM mysql.global_priv WHERE User = ? AND Host = ?`,
  mysql: `
SELECT plugin AS plugin, CAST(authentication_string AS CHAR) AS secret, account_locked = 'Y' AS locked,
       CASE ssl_type WHEN '' THEN 'none' WHEN 'ANY' THEN 'any' ELSE 'other' END AS tls,
       max_user_connections AS connection_limit
FROM mysql.user WHERE User = ? AND Host = ?`,
};

/** The server builds this name by putting quotes around the parts, whatever they hold. */
export const granteeOf = (user: string, host = '%') => `'${user}'@'${host}'`;

/** @returns null when there is no such account. */
export async function inspect(session: Session, user: string, host = '%'): Promise<Actual | null> {
  const [found] = await session.rows(accountShape, ACCOUNT[session.server.flavour], [user, host]);
  if (found === undefined) return null;
  const { plugin, secret, locked, tls, connection_limit: connectionLimit } = found;
  return { plugin, secret, locked, tls, connectionLimit, held: await heldBy(session, user, host) };
}

/** What it holds everywhere and on whole databases; below that we give nothing, and a person can't. */
async function heldBy(session: Session, user: string, host: string): Promise<Held[]> {
  const grantee = granteeOf(user, host);
  const rows = await session.rows(
    heldShape,
    `SELECT NULL AS place, PRIVILEGE_TYPE AS privilege, IS_GRANTABLE AS grantable
     FROM information_schema.USER_PRIVILEGES WHERE GRANTEE = ? AND PRIVILEGE_TYPE <> 'USAGE'
     UNION ALL
     SELECT TABLE_SCHEMA, PRIVILEGE_TYPE, IS_GRANTABLE FROM information_schema.SCHEMA_PRIVILEGES WHERE GRANTEE = ?`,
    [grantee, grantee],
  );
  return rows.map(({ place, privilege, grantable }) => ({ database: place, privilege, grantable }));
}

export async function inspectSwitch(session: Session, loginName: string): Promise<Switch> {
  const [found] = await session.rows(
    switchShape,
    `SELECT DATE_FORMAT(EXECUTE_AT, '%Y-%m-%d %H:%i:%s') AS at, STATUS AS status
     FROM information_schema.EVENTS WHERE EVENT_SCHEMA = ? AND EVENT_NAME = ?`,
    [LEDGER, loginName],
  );
  return found ?? null;
}
