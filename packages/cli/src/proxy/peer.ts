import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';

/**
 * True when the process at the other end of this loopback connection runs as us, or when the platform does not say.
 * A local port without a password is open to everyone on the machine; Linux tells whose socket it is.
 */
export function isOurs(socket: Socket): boolean {
  const ours = process.getuid?.();
  if (process.platform !== 'linux' || ours === undefined) return true;
  const port = (socket.remotePort ?? 0).toString(16).toUpperCase().padStart(4, '0');
  const here = (socket.localPort ?? 0).toString(16).toUpperCase().padStart(4, '0');
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of readFileSync(table, 'utf8').split('\n').slice(1)) {
      const [, local = '', remote = '', , , , , uid] = line.trim().split(/\s+/);
      if (local.endsWith(`:${port}`) && remote.endsWith(`:${here}`)) return Number(uid) === ours;
    }
  }
  return false;
}
