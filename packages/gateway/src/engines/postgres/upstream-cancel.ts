/** CancelRequest towards the real server: a connection of its own that says one thing and is closed. */
import { postgres } from '@tidegate/wire';
import { sameServer } from '../../relay/upstream.ts';
import type { RelayResource } from '../../worker-protocol.ts';
import { addressOf, reachServer } from './upstream.ts';

/** The database may be out of reach; whoever asked is not kept waiting for that. */
const CANCEL_MS = 5_000;

/**
 * Resolves when the server has closed the connection, which is after it has acted; rejects when that takes too long.
 * `remoteAddress` is that of the session's own connection: a name may lead to several servers.
 */
export async function cancelUpstream(
  resource: RelayResource,
  remoteAddress: string,
  key: postgres.CancelKey,
): Promise<void> {
  const signal = AbortSignal.timeout(CANCEL_MS);
  const { socket } = await reachServer(resource, sameServer(addressOf(resource), remoteAddress), signal);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timedOut = () => reject(signal.reason);
  signal.addEventListener('abort', timedOut, { once: true });
  socket.readBy({ chunk() {}, ended: resolve, drained() {}, closed: () => resolve() });
  socket.write(postgres.cancelRequest(key));
  try {
    await promise;
  } finally {
    signal.removeEventListener('abort', timedOut);
    socket.destroy();
  }
}
