/** TLS of the API's own listener, where no proxy in front of it does that; and what a client shows in it. */
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { TidegateError } from '@tidegate/core';

/** Files in PEM. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
  /** Whose client certificates sign workloads in; null: nobody's. */
  readonly clientCa: string | null;
}

export interface Tls {
  readonly cert: string;
  readonly key: string;
  readonly clientCa: string | null;
}

/** Throws `invalid_config` for a file that cannot be read. */
export async function readTls({ cert, key, clientCa }: TlsFiles): Promise<Tls> {
  const read = async (variable: string, file: string): Promise<string> => {
    try {
      return await readFile(file, 'utf8');
    } catch (error) {
      throw new TidegateError(
        'invalid_config',
        `The file of ${variable} cannot be read: ${file}.`,
        'Correct it.',
        error,
      );
    }
  };
  return {
    cert: await read('TIDEGATE_TLS_CERT', cert),
    key: await read('TIDEGATE_TLS_KEY', key),
    clientCa: clientCa === null ? null : await read('TIDEGATE_TLS_CLIENT_CA', clientCa),
  };
}

type Handler = Parameters<typeof createServer>[1];

/**
 * Asks every client for a certificate where there is an authority for them, and takes connections without: people come
 * the same way. Whether one was shown that holds is `certificateOf`'s matter.
 */
export function tlsServer({ cert, key, clientCa }: Tls, requestTimeout: number, handler: Handler): Server {
  const clients = clientCa === null ? {} : { ca: clientCa, requestCert: true, rejectUnauthorized: false };
  const options = { cert, key, minVersion: 'TLSv1.2' as const, requestTimeout, ...clients };
  return createServer(options, handler);
}

/** The certificate a connection has shown, of the client authority and in its time; null: none, or one that does not hold. */
export function certificateOf(socket: Socket): X509Certificate | null {
  if (!isTls(socket) || !socket.authorized) return null;
  const shown = socket.getPeerX509Certificate();
  return shown === undefined ? null : new X509Certificate(shown.raw);
}

const isTls = (socket: Socket): socket is TLSSocket => 'getPeerX509Certificate' in socket;
