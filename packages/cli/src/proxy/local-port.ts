/** A port on loopback through which tools of this user get in without a password, in the engine's own protocol. */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import type { Connection } from '@tidegate/contract';
import { TidegateError } from '@tidegate/core';
import { clientsOf } from '../engines/engines.ts';
import { isOurs } from './peer.ts';

export interface LocalPort {
  readonly host: string;
  readonly port: number;
  /** Takes no more tools; resolves when those that are there have gone. */
  stop(): Promise<void>;
  /** Ends all that is open, once what was said to it is written. */
  end(): void;
}

/** `trouble` hears why a tool was not let in. Throws `invalid_input` for a port that can't be had. */
export async function openLocalPort(
  connection: Connection,
  port: number,
  trouble: (message: string) => void,
): Promise<LocalPort> {
  const protocol = await clientsOf(connection.engine).local();
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    protocol.serve(socket, connection, isOurs(socket)).catch((error: unknown) => {
      if (socket.destroyed) return; // a client that left, or a look whether the port is open
      socket.end(protocol.refusal(error));
      trouble(error instanceof Error ? error.message : String(error));
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
  return {
    host: '127.0.0.1',
    port: typeof address === 'object' && address !== null ? address.port : port,
    stop: async () => {
      server.close();
      if (sockets.size > 0) await once(server, 'close');
    },
    end: () => {
      server.close();
      for (const socket of sockets) socket.destroySoon();
    },
  };
}
