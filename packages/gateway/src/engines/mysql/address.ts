/** Where a server listens. */
import type { SocketAddress } from '../../relay/sockets.ts';
import type { RelayResource } from '../../worker-protocol.ts';

/**
 * A Unix socket is given by its own path, for servers name it as they like (`/run/mysqld/mysqld.sock`); the port says
 * nothing there.
 */
export function addressOf({ address }: Pick<RelayResource, 'address'>): SocketAddress {
  return 'socket' in address ? { path: address.socket } : { host: address.host, port: address.port };
}
