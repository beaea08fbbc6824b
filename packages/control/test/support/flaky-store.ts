/** A way to the store that can be cut: what a control plane sees when the store, or the network to it, is gone. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import pg from 'pg';

export interface FlakyStore {
  /** The store's address by this way. */
  readonly url: string;
  /** Breaks every connection. They can be made anew at once. */
  break(): void;
  /** Breaks every connection and takes no new ones, until `mend`. */
  cut(): void;
  mend(): void;
  close(): void;
}

export async function flakyWayTo(storeUrl: string): Promise<FlakyStore> {
  const { host, port, user, password, database } = new pg.Client(storeUrl);
  const target = host.startsWith('/') ? { path: `${host}/.s.PGSQL.${port}` } : { host, port };
  const sockets = new Set<Socket>();
  let isCut = false;
  const server = createServer((near) => {
    if (isCut) {
      near.destroy();
      return;
    }
    const far = connect(target);
    for (const [socket, other] of [[near, far] as const, [far, near] as const]) {
      sockets.add(socket);
      socket.pipe(other);
      // Either end's end is the other's too; what error it was is the client's to say.
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no address');
  const breakAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `postgresql://${user}:${encodeURIComponent(password ?? '')}@127.0.0.1:${address.port}/${database}?sslmode=disable`,
    break: breakAll,
    cut() {
      isCut = true;
      breakAll();
    },
    mend() {
      isCut = false;
    },
    close() {
      breakAll();
      server.close();
    },
  };
}
