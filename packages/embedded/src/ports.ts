import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Where ports are looked for: below what Linux (32768 up) and the IANA's dynamic range (49152 up) hand out by themselves.
 * A port found there stays free until its owner binds it: no outgoing connection and no listener on port 0 gets it.
 */
const FROM = 20_000;
const BELOW = 32_768;
const TRIES = 200;

/** What this process was told is free: never told twice, since its first asker may not have bound it yet. */
const told = new Set<number>();

/** Ports of `host` that nobody listens on. @throws Error when none of many tried is free */
export async function freePorts(count: number, host = '127.0.0.1'): Promise<number[]> {
  const found: number[] = [];
  for (let tries = 0; found.length < count; tries++) {
    if (tries === TRIES) throw new Error(`no free port on ${host} between ${FROM} and ${BELOW}`);
    const port = randomInt(FROM, BELOW);
    if (told.has(port) || !(await isFree(port, host))) continue;
    told.add(port);
    found.push(port);
  }
  return found;
}

export async function freePort(host = '127.0.0.1'): Promise<number> {
  const [port = 0] = await freePorts(1, host);
  return port;
}

async function isFree(port: number, host: string): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
