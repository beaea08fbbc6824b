/** Logs in at the gateway with a ticket, on behalf of a tool that was asked for no password. */
import { once } from 'node:events';
import { connect, isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { Connection } from '@tidegate/contract';
import { sqlserver } from '@tidegate/wire';
import { Messages } from './messages.ts';
import { PreloginStream } from './prelogin-tls.ts';

const CONNECT_MS = 15_000;
const { Encryption, PacketType } = sqlserver;

/** Sends the tool's login with the grant's user and its ticket, inside TLS; the answer is the tool's to read. */
export async function logIn(
  connection: Connection,
  prelogin: sqlserver.Prelogin,
  login: sqlserver.Login7,
): Promise<Duplex> {
  const socket = connect({ host: connection.host, port: connection.port, noDelay: true });
  socket.on('error', () => socket.destroy());
  await once(socket, 'connect', { signal: AbortSignal.timeout(CONNECT_MS) });
  try {
    const messages = new Messages(socket, 'server');
    const asked = { ...prelogin, encryption: Encryption.required, mars: false, fedAuthRequired: null, nonce: null };
    messages.send(PacketType.prelogin, sqlserver.writePrelogin(asked));
    const { body } = await messages.receive();
    const { encryption } = sqlserver.readPrelogin(body, 'server');
    if (encryption !== Encryption.on && encryption !== Encryption.required)
      throw new Error('the gateway offers no TLS');
    if (messages.over().length > 0) throw new Error('the gateway said more before TLS than it should');
    const tls = await encrypted(socket, connection);
    const features = login.features?.filter(({ id }) => id !== sqlserver.FeatureId.fedAuth) ?? null;
    const ours = { ...login, features, userName: connection.user, password: connection.password };
    tls.write(sqlserver.packets(PacketType.login7, sqlserver.writeLogin7(ours)));
    return tls;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** TLS 1.2 at most: inside TDS 7 the end of a handshake of TLS 1.3 can't be told from what follows it. */
async function encrypted(socket: Socket, { host, ca }: Connection): Promise<TLSSocket> {
  const stream = new PreloginStream(socket);
  const name = isIP(host) === 0 ? { servername: host } : {};
  const tls = connectTls({ socket: stream, ca, host, ...name, minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' });
  tls.on('error', () => socket.destroy());
  tls.once('secureConnect', () => stream.done());
  await once(tls, 'secureConnect', { signal: AbortSignal.timeout(CONNECT_MS) });
  return tls;
}
