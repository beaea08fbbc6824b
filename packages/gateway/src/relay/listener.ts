/** One port: accepts clients, counts them, and hands each to its connection. */
import net from 'node:net';
import type { RelayListener } from '../worker-protocol.ts';
import type { RelayEngine } from './engine.ts';
import type { Place, Places } from './limits.ts';
import type { Log } from './log.ts';
import { LoginRefused } from './refusal.ts';
import { acceptedSocket, type NodeSocket, SERVER_OPTIONS } from './sockets.ts';

/** Connections that the kernel completes while the process is busy. */
const BACKLOG = 1024;

export interface ListenerOptions {
  readonly listen: RelayListener;
  readonly engine: RelayEngine;
  readonly places: Places;
  readonly log: Log;
  /** A client arrived. The place is given back by the listener when its socket closes. */
  readonly arrived: (socket: NodeSocket, place: Place) => void;
}

export interface Listening {
  /** The real port, where 0 was asked. */
  readonly port: number;
  /** Accepts nobody more; those who are in stay. */
  close(): void;
}

/** Resolves when the port is bound; rejects when it can't be. */
export async function listenOn(options: ListenerOptions): Promise<Listening> {
  const { host, port, reusePort } = options.listen;
  const server = net.createServer(SERVER_OPTIONS, (accepted) => arrive(accepted, options));
  try {
    await bound(server, { host, port, backlog: BACKLOG, reusePort });
  } catch (error) {
    // Where the platform can't share a port between processes, one worker alone still can have it.
    if (!reusePort || !(error instanceof Error && 'code' in error && error.code === 'ENOTSUP')) throw error;
    await bound(server, { host, port, backlog: BACKLOG });
  }
  server.on('error', (error) => options.log.error({ err: error, port }, 'a client could not be accepted'));
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    close: () => server.close(),
  };
}

function bound(server: net.Server, options: net.ListenOptions): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(options, () => {
    server.off('error', reject);
    resolve();
  });
  return promise;
}

function arrive(accepted: net.Socket, { engine, places, log, arrived }: ListenerOptions): void {
  let place: Place | null = null;
  const socket = acceptedSocket(accepted, () => place?.left());
  place = places.take(socket.remoteAddress);
  if (place !== null) {
    arrived(socket, place);
    return;
  }
  log.warn({ address: socket.remoteAddress, connections: places.taken }, 'too many connections: one is refused');
  const words = new LoginRefused('too_many_connections', 'too many connections to the gateway', {
    next: 'Try again in a moment, or close some.',
  });
  socket.write(engine.refusal(words, 0, 0));
  socket.end();
  socket.destroy();
}
