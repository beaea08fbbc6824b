/** The ports that relay workers share. */
import { createServer } from 'node:net';
import { engineOf } from '../engines/engines.ts';
import type { RelayListener } from '../worker-protocol.ts';

/** Workers share a port by `reusePort`, which not all systems have: one worker does the work there. */
export const canSharePorts = (): boolean =>
  ['linux', 'freebsd', 'dragonfly', 'sunos', 'aix'].includes(process.platform);

export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);

/**
 * Rejects with words for an operator when a port can't be had. Listens without `reusePort` for a moment: with it, two
 * gateways on one port would each get some of the connections, and nobody an error.
 */
export async function assertPortsFree(listeners: readonly RelayListener[]): Promise<void> {
  for (const { engine, host, port } of listeners) {
    if (port === 0) continue;
    const server = createServer();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.once('error', (error) => {
      const code = 'code' in error ? error.code : undefined;
      const what = code === 'EADDRINUSE' ? `port ${port} is in use on ${host}` : `cannot listen on ${host}:${port}`;
      const next = code === 'EADDRNOTAVAIL' ? 'TIDEGATE_BIND' : engineOf(engine).port.variable;
      reject(new Error(`${what} (${error.message}). Set ${next} to another.`, { cause: error }));
    });
    server.listen({ host, port }, () => server.close(() => resolve()));
    await promise;
  }
}
