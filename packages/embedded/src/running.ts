import type { FolderLock } from './lock.ts';
import { files, type Place } from './place.ts';
import { freePort } from './ports.ts';
import type { Server } from './server.ts';
import { removeTemporaryFolder } from './sockets.ts';
import type { ClusterLog, RunningServer, ServerEnd, StopMode } from './types.ts';

/** What `Running` is made of. */
export interface RunningParts {
  readonly name: string;
  readonly server: Server;
  readonly place: Place;
  readonly lock: FolderLock;
  readonly socketDir: string;
  readonly version: string;
  readonly user: string;
  readonly password: string;
  readonly fresh: boolean;
}

/** A server and the lock on its folder: they end together. */
export class Running implements RunningServer {
  readonly name: string;
  readonly socketDir: string;
  readonly user: string;
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

  constructor({ name, server, place, lock, socketDir, version, user, password, fresh }: RunningParts) {
    this.name = name;
    this.socketDir = socketDir;
    this.user = user;
    this.password = password;
    this.passwordFile = files.password(place);
    this.pid = server.pid;
    this.version = version;
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

/** A port that was free when we looked may be taken when the server binds it. */
const FREE_PORT_TRIES = 3;

/** Starts on the port that is wanted, or (`listen.port` 0) on one that is free. */
export async function onPort<T>(
  listen: { readonly host: string; readonly port: number } | null,
  standard: number,
  log: ClusterLog | undefined,
  start: (port: number) => Promise<T>,
): Promise<T> {
  const wanted = listen?.port ?? standard;
  for (let attempt = 1; ; attempt++) {
    const port = wanted === 0 && listen !== null ? await freePort(listen.host) : wanted;
    try {
      return await start(port);
    } catch (error) {
      if (wanted !== 0 || attempt >= FREE_PORT_TRIES) throw error;
      log?.warn({ err: error, port }, 'the server did not start; trying another port');
    }
  }
}
