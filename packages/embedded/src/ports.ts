import { once } from 'node:events';
import { createServer } from 'node:net';

/** So many TCP ports, each another, that are free at this moment on this address. */
export async function freePorts(count: number, host = '127.0.0.1'): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, host));
  // All are held before one is let go: else the next could be the same.
  await Promise.all(servers.map((server) => once(server, 'listening')));
  return Promise.all(
    servers.map(async (server) => {
      const address = server.address();
      server.close();
      await once(server, 'close');
      return typeof address === 'object' && address !== null ? address.port : 0;
    }),
  );
}

export async function freePort(host = '127.0.0.1'): Promise<number> {
  const [port = 0] = await freePorts(1, host);
  return port;
}
