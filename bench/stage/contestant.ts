/** One way to the same database: direct, or through something that stands in between. */
export interface Contestant {
  readonly name: 'direct' | 'haproxy' | 'pgbouncer' | 'tidegate';
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** The processes between client and database on the path of every statement; none for `direct`. */
  pids(): readonly number[];
  /** Further processes that work because of the statements, off their path (Tidegate: shipping the record). */
  pidsBehind(): readonly number[];
  stop(): Promise<void>;
}

/** libpq's environment for a contestant; the password never stands in a command line. */
export function libpqEnv(contestant: Contestant, tls: boolean): NodeJS.ProcessEnv {
  return {
    ...process.env,
    PGHOST: contestant.host,
    PGPORT: String(contestant.port),
    PGUSER: contestant.user,
    PGPASSWORD: contestant.password,
    PGDATABASE: contestant.database,
    PGSSLMODE: tls ? 'require' : 'disable',
    PGGSSENCMODE: 'disable',
    PGCONNECT_TIMEOUT: '10',
  };
}
