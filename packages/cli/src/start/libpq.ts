/**
 * libpq's environment (`PGHOST`, `PGSSLMODE` …) is for people's clients, and the driver we use reads it too. In a shell
 * that holds it, our own connections to our own databases would go wrong. `PGPASSWORD` may stay: we always name ours, and
 * somebody may have put a credential there.
 */
const LIBPQ =
  /^PG(HOST|HOSTADDR|PORT|DATABASE|USER|PASSFILE|SERVICE|SERVICEFILE|OPTIONS|APPNAME|SSL\w*|TARGETSESSIONATTRS|CONNECT_TIMEOUT|CLIENT_?ENCODING|TZ|DATESTYLE|REPLICATION|BINARY)$/;

/** The environment for a part of ours. */
export const withoutLibpq = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !LIBPQ.test(name)));

/** For this process, which opens the embedded databases. */
export function forgetLibpq(): void {
  for (const name of Object.keys(process.env)) if (LIBPQ.test(name)) delete process.env[name];
}
