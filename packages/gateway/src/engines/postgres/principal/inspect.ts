/** What is: one principal as the server has it, in one round trip. */
import { z } from 'zod';
import { hasMembershipOptions } from './server.ts';
import type { Session } from './sessions.ts';

const membership = z.object({
  /** The group, or for `members` the role that is a member of the principal. */
  role: z.string(),
  grantor: z.string().nullable(),
  inherit: z.boolean(),
  set: z.boolean(),
});
export type Membership = z.infer<typeof membership>;

const shape = z.object({
  oid: z.string(),
  can_login: z.boolean(),
  inherit: z.boolean(),
  connection_limit: z.int(),
  /** ms since the epoch on the server's clock; null: not a finite time. */
  valid_until: z.number().nullable(),
  comment: z.string().nullable(),
  memberships: z.array(membership),
  members: z.array(membership),
  /** `name=value`, as `ALTER ROLE … SET` stores it; `database` null: in all. */
  settings: z.array(z.object({ database: z.string().nullable(), config: z.array(z.string()) })),
  /** Databases where it has CONNECT in its own name. */
  connects: z.array(z.string()),
});
export type Actual = z.infer<typeof shape>;

/** @returns null when there is no such role. */
export async function inspect(session: Session, loginName: string): Promise<Actual | null> {
  const options = hasMembershipOptions(session.server)
    ? `'inherit', m.inherit_option, 'set', m.set_option`
    : `'inherit', true, 'set', true`;
  const [found] = await session.rows(
    shape,
    `
SELECT r.oid::text AS oid, r.rolcanlogin AS can_login, r.rolinherit AS inherit, r.rolconnlimit AS connection_limit,
       CASE WHEN isfinite(r.rolvaliduntil) THEN extract(epoch FROM r.rolvaliduntil)::float8 * 1000 END AS valid_until,
       shobj_description(r.oid, 'pg_authid') AS comment,
       coalesce((SELECT json_agg(json_build_object('role', g.rolname, 'grantor', o.rolname, ${options}))
                 FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid LEFT JOIN pg_roles o ON o.oid = m.grantor
                 WHERE m.member = r.oid), '[]') AS memberships,
       coalesce((SELECT json_agg(json_build_object('role', g.rolname, 'grantor', o.rolname, ${options}))
                 FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.member LEFT JOIN pg_roles o ON o.oid = m.grantor
                 WHERE m.roleid = r.oid), '[]') AS members,
       coalesce((SELECT json_agg(json_build_object('database', d.datname, 'config', s.setconfig))
                 FROM pg_db_role_setting s LEFT JOIN pg_database d ON d.oid = s.setdatabase
                 WHERE s.setrole = r.oid), '[]') AS settings,
       coalesce((SELECT json_agg(d.datname) FROM pg_database d, aclexplode(d.datacl) a
                 WHERE a.grantee = r.oid AND a.privilege_type = 'CONNECT'), '[]') AS connects
FROM pg_roles r WHERE r.rolname = $1`,
    [loginName],
  );
  return found ?? null;
}
