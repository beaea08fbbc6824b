/**
 * `tidegate proxy`: a port on this machine through which any tool gets in without a password. The tool's start-up
 * packet is answered here, the ticket is proved to the gateway, and from then on bytes pass both ways untouched: the
 * gateway authenticates, records and cuts as for any other client.
 */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import type { Connection } from '@tidegate/contract';
import { TidegateError } from '@tidegate/core';
import { postgres } from '@tidegate/wire';
import pc from 'picocolors';
import type { Context } from '../context.ts';
import { when } from '../views/time.ts';
import { GatewayRefusal, logIn, openGateway } from './gateway-login.ts';
import { isOurs } from './peer.ts';

const STARTUP_MS = 10_000;

/** Listens on loopback until Ctrl-C or the grant's end. */
export async function proxy(context: Context, connection: Connection, port: number): Promise<void> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    serve(socket, connection).catch((error: unknown) => {
      socket.end(error instanceof GatewayRefusal ? error.response : postgres.fatal('08006', text(error)));
      context.terminal.note(pc.red(text(error)));
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
  context.answer(
    value,
    () =>
      `127.0.0.1:${local}  user ${value.user}, database ${value.database}, no password, until ${when(value.expiresAt)}`,
  );
  context.terminal.note(pc.dim('Ctrl-C ends it.'));

  await ended(Date.parse(connection.expiresAt));
  server.close();
  for (const socket of sockets) socket.destroy();
}

async function ended(at: number): Promise<void> {
  const stop = new AbortController();
  // The gateway cuts on time by itself; a few seconds later there is nothing left to listen for.
  const timer = setTimeout(() => stop.abort(), Math.min(at - Date.now() + 5_000, 2 ** 31 - 1));
  const signalled = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  await Promise.race([signalled, once(stop.signal, 'abort')]);
  clearTimeout(timer);
}

async function serve(socket: Socket, connection: Connection): Promise<void> {
  socket.on('error', () => socket.destroy());
  if (!isOurs(socket)) throw new Error('this proxy serves only the user who started it');
  const reader = new postgres.HandshakeReader('client');
  const packet = await startup(socket, reader);
  if (packet.kind === 'cancel') {
    const gateway = await openGateway(connection);
    gateway.end(postgres.cancelRequest(packet));
    await once(gateway, 'close');
    socket.end();
    return;
  }
  const { socket: gateway, early } = await logIn(connection, packet.parameters);
  gateway.on('error', () => gateway.destroy());
  gateway.once('close', () => socket.destroy());
  socket.once('close', () => gateway.destroy());
  socket.write(early);
  gateway.write(reader.rest());
  socket.pipe(gateway);
  gateway.pipe(socket);
}

/** The tool's start-up packet; offers of encryption are declined: this never leaves the machine. */
async function startup(
  socket: Socket,
  reader: postgres.HandshakeReader,
): Promise<Extract<postgres.StartupPacket, { kind: 'cancel' | 'startup' }>> {
  const deadline = AbortSignal.timeout(STARTUP_MS);
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
