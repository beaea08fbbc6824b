/**
 * `tidegate proxy`: a port on this machine through which any tool gets in without a password. The tool's start-up
 * packet is answered here, the ticket is proved to the gateway, and from then on bytes pass both ways untouched: the
 * gateway authenticates, records and cuts as for any other client.
 */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Connection } from '@tidegate/contract';
import { TidegateError } from '@tidegate/core';
import { postgres } from '@tidegate/wire';
import { paint } from '../colour.ts';
import type { Context } from '../context.ts';
import { fields } from '../layout.ts';
import { when } from '../views/time.ts';
import { GatewayRefusal, logIn, openGateway } from './gateway-login.ts';
import { grantOver } from './grant-over.ts';
import { isOurs } from './peer.ts';

const STARTUP_MS = 10_000;
/** A gateway cuts within a second. */
const CUT_MS = 5_000;

/** Listens on loopback until Ctrl-C or the grant's end. */
export async function proxy(context: Context, connection: Connection, port: number): Promise<void> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    serve(socket, connection).catch((error: unknown) => {
      if (socket.destroyed) return; // a client that left, or a look whether the port is open
      socket.end(error instanceof GatewayRefusal ? error.response : postgres.fatal('08006', text(error)));
      context.terminal.note(paint.red(text(error)));
    });
  });
  server.listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new TidegateError(
      'invalid_input',
      `Port ${port} on this machine cannot be used.`,
      'Choose another with --port.',
      error,
    );
  }
  const address = server.address();
  const local = typeof address === 'object' && address !== null ? address.port : port;
  const value = {
    host: '127.0.0.1',
    port: local,
    user: connection.user,
    database: connection.database,
    expiresAt: connection.expiresAt,
  };
  context.answer(value, () =>
    fields([
      ['host', `127.0.0.1:${local}`],
      ['user', `${value.user} (or any: it is you)`],
      ['password', 'none'],
      ['database', value.database],
      ['until', when(value.expiresAt)],
    ]),
  );
  context.hint('Ctrl-C ends it.');

  const stop = new AbortController();
  const over = await Promise.race([signalled(), grantOver(context.client(), connection, stop.signal)]);
  stop.abort();
  server.close();
  if (over !== null) {
    context.terminal.note(over);
    // The gateway cuts, and tells each client why: that is passed on before the port goes.
    await Promise.race([once(server, 'close'), delay(CUT_MS, undefined, { ref: false })]);
  }
  for (const socket of sockets) socket.destroySoon();
}

async function signalled(): Promise<null> {
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  return null;
}

async function serve(socket: Socket, connection: Connection): Promise<void> {
  socket.on('error', () => socket.destroy());
  const ours = isOurs(socket);
  const reader = new postgres.HandshakeReader('client');
  const packet = await startup(socket, reader);
  // Said only now, because a client shows an error only in answer to its own start-up packet.
  if (!ours) throw new Error('this proxy serves only the user who started it');
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
