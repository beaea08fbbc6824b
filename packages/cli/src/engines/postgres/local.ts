/**
 * A tool on the local port, in PostgreSQL's protocol: its start-up packet is answered here, the ticket is proved to the
 * gateway, and from then on bytes pass both ways untouched.
 */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { Connection } from '@tidegate/contract';
import { postgres } from '@tidegate/wire';
import { type LocalProtocol, NOT_OURS } from '../engine.ts';
import { GatewayRefusal, logIn, openGateway } from './gateway-login.ts';

const STARTUP_MS = 10_000;

export const postgresLocal: LocalProtocol = {
  serve,
  refusal: (error) => (error instanceof GatewayRefusal ? error.response : postgres.fatal('08006', text(error))),
};

async function serve(socket: Socket, connection: Connection, ours: boolean): Promise<void> {
  const reader = new postgres.HandshakeReader('client');
  const packet = await startup(socket, reader);
  // Said only now, because a client shows an error only in answer to its own start-up packet.
  if (!ours) throw new Error(NOT_OURS);
  if (packet.kind === 'cancel') {
    const gateway = await openGateway(connection);
    gateway.end(postgres.cancelRequest(packet));
    await once(gateway, 'close');
    socket.end();
    return;
  }
  if (packet.replication) throw new Error('a replication connection cannot go through Tidegate');
  const { socket: gateway, early } = await logIn(
    { ...connection, database: databaseOf(packet, connection) },
    packet.parameters,
  );
  gateway.on('error', () => gateway.destroy());
  // Only once all is written: the last thing said is why the session was cut.
  gateway.once('close', () => socket.destroySoon());
  socket.once('close', () => gateway.destroySoon());
  if (packet.negotiate !== null) {
    socket.write(postgres.negotiateProtocolVersion(packet.negotiate.minor, packet.negotiate.unknownOptions));
  }
  socket.write(early);
  gateway.write(reader.rest());
  socket.pipe(gateway);
  gateway.pipe(socket);
}

/**
 * The database the tool names: never another in its place. Tools that were told none name their user's; they get the one
 * this proxy was opened for.
 */
const databaseOf = ({ user, database }: postgres.StartupMessage, connection: Connection): string =>
  database === user ? connection.database : database;

/** The tool's start-up packet; offers of encryption are declined: this never leaves the machine. */
async function startup(
  socket: Socket,
  reader: postgres.HandshakeReader,
): Promise<Extract<postgres.StartupPacket, { kind: 'cancel' | 'startup' }>> {
  const gone = new AbortController();
  socket.once('close', () => gone.abort());
  const deadline = AbortSignal.any([gone.signal, AbortSignal.timeout(STARTUP_MS)]);
  for (;;) {
    const packet = reader.startup();
    switch (packet?.kind) {
      case 'ssl':
      case 'gssenc':
        socket.write('N');
        break;
      case 'tls':
        throw new Error('this local port speaks no TLS: set sslmode to disable or prefer');
      case 'cancel':
      case 'startup':
        socket.pause();
        return packet;
      case undefined: {
        const [chunk] = await once(socket, 'data', { signal: deadline });
        if (Buffer.isBuffer(chunk)) reader.push(chunk);
      }
    }
  }
}

const text = (error: unknown): string => (error instanceof Error ? error.message : String(error));
