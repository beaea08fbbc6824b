import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Account, serverAccount } from './account.ts';
import { type Binaries, usableBinaries } from './binaries.ts';
import { accessRules, type Configuration, checkSettings, serverConf } from './configuration.ts';
import { ensureDatabases } from './databases.ts';
import { EmbeddedError } from './errors.ts';
import { ensureInitialised, SUPERUSER } from './initialise.ts';
import { endLeftovers } from './leftovers.ts';
import { type FolderLock, lockFolder } from './lock.ts';
import { choosePlace, copiesFolder, files, knownPlace, type Place, prepareHome } from './place.ts';
import { Server } from './server.ts';
import { freePort, removeTemporaryFolder, socketFolder } from './sockets.ts';
import type { Cluster, ClusterConnection, ClusterOptions, ServerEnd, StopMode } from './types.ts';

const DEFAULT_PORT = 5432;
const START_TIMEOUT_MS = 120_000;
/** A port that was free when we looked may be taken when the server binds it. */
const FREE_PORT_TRIES = 3;

/**
 * Starts the private cluster in `dataDir`, making it first when it is not there. Whatever state an earlier run was
 * killed in, this either runs with all that was committed, or refuses with the reason.
 * @throws EmbeddedError
 */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  if (!/^[a-z][a-z0-9-]{0,31}$/.test(options.name)) {
    throw new EmbeddedError('bad_option', `Not a cluster name: ${JSON.stringify(options.name)}`);
  }
  checkSettings(options.settings ?? {});
  const home = await prepareHome(options.dataDir);
  const lock = lockFolder(join(home, 'lock'), `The database in ${home}`);
  try {
    return await startLocked(options, home, lock);
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function startLocked(options: ClusterOptions, home: string, lock: FolderLock): Promise<Cluster> {
  const account = await serverAccount(files.data(await knownPlace(home)));
  const place = await choosePlace(home, options.name, account);
  const binaries = await usableBinaries(options.binaries?.dir, account, () => copiesFolder(home));
  await endLeftovers(files.data(place));
  const { password, fresh } = await ensureInitialised(place, binaries, account);
  const { server, configuration } = await startServer(options, place, binaries, account);
  const cluster = new RunningCluster(server, configuration, place, binaries, lock, password, fresh);
  try {
    await ensureDatabases(cluster.connection('postgres'), options.databases ?? []);
  } catch (error) {
    await cluster.stop('immediate');
    throw error;
  }
  options.log?.info({ name: options.name, pid: server.pid, version: binaries.version, fresh }, 'PostgreSQL is ready');
  return cluster;
}

async function startServer(
  options: ClusterOptions,
  place: Place,
  binaries: Binaries,
  account: Account | null,
): Promise<{ server: Server; configuration: Configuration }> {
  const host = options.listen?.host ?? null;
  const wanted = options.listen?.port ?? DEFAULT_PORT;
  for (let attempt = 1; ; attempt++) {
    const port = wanted === 0 && host !== null ? await freePort(host) : wanted;
    const configuration: Configuration = {
      name: options.name,
      major: binaries.major,
      socketDir: await socketFolder(options.socketDir, place, port, account),
      port,
      host,
      settings: options.settings ?? {},
    };
    await configure(place, configuration);
    try {
      const timeout = options.startTimeoutMs ?? START_TIMEOUT_MS;
      const server = await Server.start(binaries, place, account, timeout, options.log);
      return { server, configuration };
    } catch (error) {
      if (wanted !== 0 || attempt >= FREE_PORT_TRIES) throw error;
      options.log?.warn({ err: error, port }, 'PostgreSQL did not start; trying another port');
    }
  }
}

/**
 * The two files lie outside the data folder: the server reads them but cannot change them, and root never writes into
 * a folder that another user controls. They hold no secret.
 */
async function configure(place: Place, configuration: Configuration): Promise<void> {
  const contents: [string, string][] = [
    [files.serverConf(place), serverConf(configuration)],
    [files.accessRules(place), accessRules(configuration)],
  ];
  for (const [path, text] of contents) {
    await writeFile(path, text);
    await chmod(path, 0o644); // whatever our umask
  }
}

class RunningCluster implements Cluster {
  readonly name: string;
  readonly socketDir: string;
  readonly port: number;
  readonly user = SUPERUSER;
  readonly password: string;
  readonly passwordFile: string;
  readonly pid: number;
  readonly version: string;
  readonly dataFolder: string;
  readonly fresh: boolean;
  readonly crashed: Promise<ServerEnd>;
  readonly #server: Server;
  readonly #place: Place;
  readonly #lock: FolderLock;
  #hasCrashed = false;
  #stopping: Promise<void> | null = null;

  constructor(
    server: Server,
    configuration: Configuration,
    place: Place,
    binaries: Binaries,
    lock: FolderLock,
    password: string,
    fresh: boolean,
  ) {
    this.name = configuration.name;
    this.socketDir = configuration.socketDir;
    this.port = configuration.port;
    this.password = password;
    this.passwordFile = files.password(place);
    this.pid = server.pid;
    this.version = binaries.version;
    this.dataFolder = files.data(place);
    this.fresh = fresh;
    this.#server = server;
    this.#place = place;
    this.#lock = lock;
    this.crashed = new Promise((resolve) => {
      void server.ended.then((end) => {
        if (this.#stopping !== null) return;
        this.#hasCrashed = true;
        lock.release(); // nothing is left to own: whoever hears of the end may start again at once
        resolve(end);
      });
    });
  }

  connection(database: string): ClusterConnection {
    return { host: this.socketDir, port: this.port, user: this.user, password: this.password, database };
  }

  /** The host as a parameter, not in its place: libpq, pg and postgres.js all read this form. */
  url(database: string): string {
    const [user, password, name, host] = [this.user, this.password, database, this.socketDir].map(encodeURIComponent);
    return `postgresql://${user}:${password}@/${name}?host=${host}&port=${this.port}`;
  }

  stop(mode: StopMode = 'fast'): Promise<void> {
    this.#stopping ??= this.#end(mode);
    return this.#stopping;
  }

  async #end(mode: StopMode): Promise<void> {
    await this.#server.stop(mode);
    if (!this.#hasCrashed) await removeTemporaryFolder(this.#place);
    this.#lock.release();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
