import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Account, serverAccount } from '../account.ts';
import { EmbeddedError } from '../errors.ts';
import { endLeftovers } from '../leftovers.ts';
import { type FolderLock, lockFolder } from '../lock.ts';
import { choosePlace, copiesFolder, files, knownPlace, type Place, prepareHome } from '../place.ts';
import { onPort, Running, type RunningParts } from '../running.ts';
import { Server } from '../server.ts';
import { socketFolder } from '../sockets.ts';
import type { Cluster, ClusterConnection, ClusterOptions } from '../types.ts';
import { type Binaries, usableBinaries } from './binaries.ts';
import { accessRules, type Configuration, checkSettings, serverConf } from './configuration.ts';
import { ensureDatabases } from './databases.ts';
import { ensureInitialised, SUPERUSER } from './initialise.ts';
import { accessRulesFile, POSTGRESQL, serverConfFile } from './product.ts';

const DEFAULT_PORT = 5432;
const START_TIMEOUT_MS = 120_000;

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
  const account = await serverAccount(POSTGRESQL, files.data(await knownPlace(home)));
  const place = await choosePlace(POSTGRESQL, home, options.name, account);
  const binaries = await usableBinaries(options.binaries?.dir, account, () => copiesFolder(home));
  await endLeftovers(POSTGRESQL, files.data(place));
  const { password, fresh } = await ensureInitialised(place, binaries, account);
  const { name, log } = options;
  const { server, port, socketDir } = await startServer(options, place, binaries, account);
  const { version } = binaries;
  const cluster = new RunningCluster(
    { name, server, place, lock, socketDir, version, user: SUPERUSER, password, fresh },
    port,
  );
  try {
    await ensureDatabases(cluster.connection('postgres'), options.databases ?? []);
  } catch (error) {
    await cluster.stop('immediate');
    throw error;
  }
  log?.info({ name, pid: server.pid, version, fresh }, 'PostgreSQL is ready');
  return cluster;
}

async function startServer(options: ClusterOptions, place: Place, binaries: Binaries, account: Account | null) {
  const { listen = null, log } = options;
  return onPort(listen, DEFAULT_PORT, log, async (port) => {
    const socketDir = await socketFolder(POSTGRESQL, options.socketDir, place, port, account);
    await configure(place, {
      name: options.name,
      major: binaries.major,
      socketDir,
      port,
      host: listen?.host ?? null,
      settings: options.settings ?? {},
    });
    const server = await Server.start({
      product: POSTGRESQL,
      place,
      account,
      program: join(binaries.bin, 'postgres'),
      args: serverArguments(place),
      timeoutMs: options.startTimeoutMs ?? START_TIMEOUT_MS,
      log,
    });
    return { server, port, socketDir };
  });
}

function serverArguments(place: Place): string[] {
  const set = (name: string, value: string) => ['-c', `${name}=${value}`];
  return [
    '-D',
    files.data(place),
    ...set('config_file', serverConfFile(place)),
    ...set('hba_file', accessRulesFile(place)),
  ];
}

/**
 * The two files lie outside the data folder: the server reads them but cannot change them, and root never writes into
 * a folder that another user controls. They hold no secret.
 */
async function configure(place: Place, configuration: Configuration): Promise<void> {
  const contents: [string, string][] = [
    [serverConfFile(place), serverConf(configuration)],
    [accessRulesFile(place), accessRules(configuration)],
  ];
  for (const [path, text] of contents) {
    await writeFile(path, text);
    await chmod(path, 0o644); // whatever our umask
  }
}

class RunningCluster extends Running implements Cluster {
  readonly port: number;

  constructor(parts: RunningParts, port: number) {
    super(parts);
    this.port = port;
  }

  connection(database: string): ClusterConnection {
    return { host: this.socketDir, port: this.port, user: this.user, password: this.password, database };
  }

  /** The host as a parameter, not in its place: libpq, pg and postgres.js all read this form. */
  url(database: string): string {
    const [user, password, name, host] = [this.user, this.password, database, this.socketDir].map(encodeURIComponent);
    return `postgresql://${user}:${password}@/${name}?host=${host}&port=${this.port}`;
  }
}
