/** What is: one principal as a database and as the server has it. */
import { z } from 'zod';
import type { Session } from './sessions.ts';

/** The extended property that is the mark. */
export const MARK_PROPERTY = 'tidegate';
/** As text, for any query on `sys.database_principals p`. */
export const MARK_COLUMN = `(SELECT CONVERT(nvarchar(3700), e.value) FROM sys.extended_properties e
        WHERE e.class = 4 AND e.major_id = p.principal_id AND e.minor_id = 0 AND e.name = N'${MARK_PROPERTY}')`;

/** As a T-SQL binary literal, safe to stand in a statement. */
export const sid = z
  .instanceof(Uint8Array)
  .transform((bytes) => `0x${Buffer.from(bytes).toString('hex').toUpperCase()}`);

const user = z.object({
  sid,
  /** `sys.database_principals.authentication_type`: 1 by a login, 2 by a password of its own. */
  authentication: z.int(),
  /** When it was last altered, its password too. */
  modified: z.string(),
  mark: z.string().nullable(),
});

const held = z.object({
  what: z.enum(['role', 'permission']),
  name: z.string(),
  /** Of a permission: G, W granted, D denied. */
  state: z.string().nullable(),
});

export interface User extends z.infer<typeof user> {
  readonly roles: readonly string[];
  /** On the database, by name; DENY wins where several gave it. */
  readonly granted: ReadonlySet<string>;
  readonly denied: ReadonlySet<string>;
}

/** @returns null when the database has no user of that name. */
export async function inspectUser(session: Session, name: string): Promise<User | null> {
  const [found] = await session.rows(
    user,
    `SELECT p.sid AS sid, CONVERT(int, p.authentication_type) AS authentication, CONVERT(nvarchar(33), p.modify_date, 126) AS modified,
       ${MARK_COLUMN} AS mark
FROM sys.database_principals p WHERE p.name = @name`,
    { name },
  );
  if (found === undefined) return null;
  const all = await session.rows(
    held,
    // Names of principals and of permissions have collations of their own, which UNION refuses to mix.
    `SELECT CONVERT(nvarchar(10), N'role') AS what, CONVERT(nvarchar(128), r.name) COLLATE DATABASE_DEFAULT AS name, CONVERT(nvarchar(1), NULL) AS state
FROM sys.database_role_members m JOIN sys.database_principals r ON r.principal_id = m.role_principal_id
JOIN sys.database_principals p ON p.principal_id = m.member_principal_id WHERE p.name = @name
UNION ALL
SELECT CONVERT(nvarchar(10), N'permission'), CONVERT(nvarchar(128), x.permission_name) COLLATE DATABASE_DEFAULT, CONVERT(nvarchar(1), x.state)
FROM sys.database_permissions x JOIN sys.database_principals p ON p.principal_id = x.grantee_principal_id
WHERE x.class = 0 AND p.name = @name`,
    { name },
  );
  const permissions = all.filter(({ what }) => what === 'permission');
  return {
    ...found,
    roles: all.filter(({ what }) => what === 'role').map((row) => row.name),
    granted: new Set(permissions.filter(({ state }) => state !== 'D').map((row) => row.name)),
    denied: new Set(permissions.filter(({ state }) => state === 'D').map((row) => row.name)),
  };
}

const login = z.object({ sid, disabled: z.boolean(), modified: z.string() });
export type Login = z.infer<typeof login>;

/** @returns null when the server has no SQL login of that name. */
export async function inspectLogin(session: Session, name: string): Promise<Login | null> {
  const [found] = await session.rows(
    login,
    `SELECT l.sid AS sid, l.is_disabled AS disabled, CONVERT(nvarchar(33), l.modify_date, 126) AS modified
FROM sys.sql_logins l WHERE l.name = @name`,
    { name },
  );
  return found ?? null;
}
