/** What a fresh connection is told, and what it tells of its server. */
import { z } from 'zod';
import { ProvisionError } from '../../provisioner.ts';

export interface Server {
  /** `server_version_num`: 180004. */
  readonly version: number;
  /** `server_version`: 18.4. */
  readonly versionText: string;
  /** The administrator, as the server calls it. */
  readonly administrator: string;
  readonly superuser: boolean;
  /** May make roles. */
  readonly createRole: boolean;
  /** TLS version, null: without. */
  readonly tls: string | null;
  /** How far the server's clock is ahead of the control plane's, in ms; 0 where the difference is in the noise. */
  readonly skewMs: number;
}

export const OLDEST = 140_000;
/** From 16 on a role needs ADMIN on what it grants, and memberships say whether they inherit and may SET ROLE. */
export const hasMembershipOptions = (server: Pick<Server, 'version'>) => server.version >= 160_000;

/**
 * A clock may be a little off, and a round trip takes its time: less than this is no difference. With more, ends are
 * translated to the server's clock, because `VALID UNTIL` is held against that one.
 */
const SKEW_NOISE_MS = 2_000;

/**
 * Nobody's settings but ours count: a database or role may carry its own (`ALTER DATABASE … SET`), and an owner can make
 * functions. `search_path` keeps those out of our statements, `role` makes us the administrator, `lock_timeout` is short
 * because who waits for an exclusive lock holds up everybody behind.
 */
const SETTINGS = [
  'SET ROLE NONE',
  'SET search_path TO pg_catalog, pg_temp',
  'SET statement_timeout TO 15000',
  'SET lock_timeout TO 3000',
  'SET idle_in_transaction_session_timeout TO 60000',
  'SET default_transaction_read_only TO off',
  "SET default_transaction_isolation TO 'read committed'",
  'SET standard_conforming_strings TO on',
  'SET client_min_messages TO error',
];

const facts = z.object({
  version: z.int(),
  version_text: z.string(),
  administrator: z.string(),
  superuser: z.boolean(),
  create_role: z.boolean(),
  tls: z.string().nullable(),
  recovery: z.boolean(),
  now_ms: z.number(),
});

const FACTS = `
SELECT current_setting('server_version_num')::int AS version, current_setting('server_version') AS version_text,
       r.rolname AS administrator, r.rolsuper AS superuser, r.rolcreaterole AS create_role,
       (SELECT s.version FROM pg_stat_ssl s WHERE s.pid = pg_backend_pid() AND s.ssl) AS tls,
       pg_is_in_recovery() AS recovery, (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now_ms
FROM pg_roles r WHERE r.rolname = current_user`;

/** As much of a `pg` client as is needed. */
export interface Asked {
  query(text: string): Promise<{ rows: unknown[] }>;
}

/** @throws ProvisionError on a replica or a server that is too old. */
export async function welcome(client: Asked, controlNow: () => number): Promise<Server> {
  await client.query(SETTINGS.join('; '));
  const before = controlNow();
  const result = await client.query(FACTS);
  const middle = (before + controlNow()) / 2;
  const found = facts.parse(result.rows[0]);
  if (found.recovery) {
    throw new ProvisionError(
      'The database is read-only at the moment.',
      'replica',
      'This server is a replica (in recovery): give the address of the primary, principals are made there.',
    );
  }
  if (found.version < OLDEST) {
    throw new ProvisionError(
      'The database is too old for Tidegate.',
      'too_old',
      `PostgreSQL ${found.version_text} is too old: 14 or newer is needed.`,
    );
  }
  const skew = Math.round(found.now_ms - middle);
  return {
    version: found.version,
    versionText: found.version_text,
    administrator: found.administrator,
    superuser: found.superuser,
    createRole: found.create_role,
    tls: found.tls,
    skewMs: Math.abs(skew) < SKEW_NOISE_MS ? 0 : skew,
  };
}
