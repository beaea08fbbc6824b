/** One port: accepts clients, counts them, and hands each to its connection. */
import type { RelayListener } from '../worker-protocol.ts';
import type { RelayEngine } from './engine.ts';
import type { Place, Places } from './limits.ts';
import type { Log } from './log.ts';
import { LoginRefused } from './refusal.ts';
import { type Listening, listenForSockets, type RelaySocket } from './sockets.ts';

export interface ListenerOptions {
  readonly listen: RelayListener;
  readonly engine: RelayEngine;
  readonly places: Places;
  readonly log: Log;
  /** A client arrived. The place is given back by the listener when its socket closes. */
  readonly arrived: (socket: RelaySocket, place: Place) => void;
}

/** Resolves when the port is bound; rejects when it can't be. */
export function listenOn(options: ListenerOptions): Promise<Listening> {
  const { host, port, reusePort } = options.listen;
  return listenForSockets({
    host,
    port,
    reusePort,
    accepted: (socket) => arrive(socket, options),
    failed: (error) => options.log.error({ err: error, port }, 'a client could not be accepted'),
  });
}

/** Gives what is to be done when the socket has closed. */
function arrive(socket: RelaySocket, { engine, places, log, arrived }: ListenerOptions): () => void {
  const place = places.take(socket.remoteAddress);
  if (place !== null) {
    arrived(socket, place);
    return () => place.left();
  }
  log.warn({ address: socket.remoteAddress, connections: places.taken }, 'too many connections: one is refused');
  const words = new LoginRefused('too_many_connections', 'too many connections to the gateway', {
    next: 'Try again in a moment, or close some.',
  });
  socket.write(engine.refusal(words, 0, 0));
  socket.end();
  socket.destroy();
  return () => {};
}
