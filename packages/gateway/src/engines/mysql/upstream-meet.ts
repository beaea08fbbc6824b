/** Meets a server without logging in: it says who it is and what it can in its first packet, to anybody. */
import { mysql } from '@tidegate/wire';
import { connectSocket } from '../../relay/sockets.ts';
import { lostServer } from '../../relay/upstream.ts';
import type { RelayResource } from '../../worker-protocol.ts';
import { addressOf } from './address.ts';
import { Exchange } from './exchange.ts';

const MEET_MS = 5_000;

/** Rejects when the server can't be reached, or says no. */
export async function meet(resource: RelayResource): Promise<mysql.Handshake> {
  const signal = AbortSignal.timeout(MEET_MS);
  const socket = await connectSocket(addressOf(resource), signal);
  try {
    const server = Exchange.withServer(socket, { sequence: 0 }, signal, (why) => lostServer(resource, why));
    const body = await server.receive();
    server.leave();
    if (body[0] === 0xff) throw new Error(`it refuses: ${mysql.readError(body).number}`);
    return mysql.readHandshake(body);
  } finally {
    socket.destroy();
  }
}
