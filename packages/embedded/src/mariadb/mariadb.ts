import { chmod, chown, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Account, serverAccount } from '../account.ts';
import { EmbeddedError } from '../errors.ts';
import { endLeftovers } from '../leftovers.ts';
import { type FolderLock, lockFolder } from '../lock.ts';
import { choosePlace, files, knownPlace, type Place, prepareHome } from '../place.ts';
import { onPort, Running, type RunningParts } from '../running.ts';
import { Server } from '../server.ts';
import { socketFolder } from '../sockets.ts';
import type { Mariadb, MariadbConnection, MariadbOptions } from '../types.ts';
import { type MariadbBinaries, usableMariadb } from './binaries.ts';
import { checkOptions, initSql, optionsText } from './options.ts';
import { MARIADB, optionsFile } from './product.ts';
import { ensureSetUp, ROOT } from './setup.ts';

const DEFAULT_PORT = 3306;
const START_TIMEOUT_MS = 120_000;

/**
 * Starts the private MariaDB in `dataDir`, making it first when it is not there, with the server that is installed on
 * this machine. Whatever state an earlier run was killed in, this either runs with all that was committed, or refuses
 * with the reason.
 * @throws EmbeddedError `no_binaries` where none is installed
 */
export async function startMariadb(options: MariadbOptions): Promise<Mariadb> {
  if (!/^[a-z][a-z0-9-]{0,31}$/.test(options.name)) {
    throw new EmbeddedError('bad_option', `Not a server's name: ${JSON.stringify(options.name)}`);
  }
  checkOptions(options.settings ?? {});
  const home = await prepareHome(options.dataDir);
  const lock = lockFolder(join(home, 'lock'), `The database in ${home}`);
  try {
    return await startLocked(options, home, lock);
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function startLocked(options: MariadbOptions, home: string, lock: FolderLock): Promise<Mariadb> {
  const account = await serverAccount(MARIADB, files.data(await knownPlace(home)));
  const binaries = await usableMariadb(account);
  const place = await choosePlace(MARIADB, home, options.name, account);
  await endLeftovers(MARIADB, files.data(place));
  const { password, fresh } = await ensureSetUp(place, binaries, account);
  const { server, port, socketDir } = await startServer(options, place, binaries, account);
  const { name, log } = options;
  const { version } = binaries;
  log?.info({ name, pid: server.pid, version, fresh }, 'MariaDB is ready');
  return new RunningMariadb(
    { name, server, place, lock, socketDir, version, user: ROOT, password, fresh },
    options.listen ? port : null,
  );
}

async function startServer(options: MariadbOptions, place: Place, binaries: MariadbBinaries, account: Account | null) {
  const { listen = null, log } = options;
  return onPort(listen, DEFAULT_PORT, log, async (port) => {
    const socketDir = await socketFolder(MARIADB, options.socketDir, place, port, account);
    await configure(options, place, account, socketDir, port);
    const server = await Server.start({
      product: MARIADB,
      place,
      account,
      program: binaries.server,
      args: [`--defaults-file=${optionsFile(place)}`],
      timeoutMs: options.startTimeoutMs ?? START_TIMEOUT_MS,
      log,
    });
    return { server, port, socketDir };
  });
}

/**
 * The files lie outside the data folder: the server reads them but cannot change them, and root never writes into a
 * folder that another user controls. The key alone is the server's own.
 */
async function configure(
  { listen = null, tls, settings = {}, databases = [] }: MariadbOptions,
  place: Place,
  account: Account | null,
  socketDir: string,
  port: number,
): Promise<void> {
  const initFile = join(place.root, 'init.sql');
  const temporary = join(place.root, 'tmp');
  const certificate = { cert: join(place.root, 'server.pem'), key: join(place.root, 'server-key.pem') };
  const text = optionsText({
    dataFolder: files.data(place),
    socket: join(socketDir, MARIADB.socketFile(port)),
    temporary,
    pidFile: join(files.data(place), MARIADB.pidFile),
    initFile,
    tcp: listen === null ? null : { host: listen.host, port },
    tls: tls === undefined ? null : certificate,
    settings,
  });
  const contents: [string, string][] = [
    [optionsFile(place), text],
    [initFile, initSql(databases)],
    ...(tls === undefined ? [] : [[certificate.cert, tls.cert] satisfies [string, string]]),
  ];
  for (const [path, content] of contents) {
    await writeFile(path, content);
    await chmod(path, 0o644); // whatever our umask
  }
  await mkdir(temporary, { recursive: true, mode: 0o700 });
  if (account !== null) await chown(temporary, account.uid, account.gid);
  if (tls === undefined) return;
  await rm(certificate.key, { force: true });
  await writeFile(certificate.key, tls.key, { mode: 0o600, flag: 'wx' });
  if (account !== null) await chown(certificate.key, account.uid, account.gid);
}

class RunningMariadb extends Running implements Mariadb {
  readonly socketPath: string;
  readonly port: number | null;

  constructor(parts: RunningParts, port: number | null) {
    super(parts);
    this.port = port;
    this.socketPath = join(parts.socketDir, MARIADB.socketFile(port ?? 0));
  }

  connection(database?: string): MariadbConnection {
    const { socketPath, user, password } = this;
    return { socketPath, user, password, ...(database === undefined ? {} : { database }) };
  }
}
