/** TLS taken up by Bun's own loop, in the middle of a connection: no stream of JavaScript between socket and reader. */
import { Buffer } from 'node:buffer';
import type { X509Certificate } from 'node:crypto';
import type tls from 'node:tls';
import type { SecureHandlers } from './bun-handle.ts';
import { type BunSocket, HANDLERS, ours } from './bun-socket.ts';

export interface BunTls {
  readonly isServer: boolean;
  readonly context: tls.SecureContext;
  /** ALPN. */
  readonly protocols: readonly string[];
  /** Sent to the server so that it can choose its certificate; null: nothing. */
  readonly sni: string | null;
  /** What was read of the peer's first message. */
  readonly received: Buffer;
  /**
   * The handshake is done: throws where the peer is not who it must be. `verifyError`: what Bun finds wrong with its chain
   * or, where that is right, with its name.
   */
  readonly verify: (certificate: X509Certificate | undefined, verifyError: Error | null) => void;
}

export interface Secured {
  readonly socket: BunSocket;
  /** Chosen by ALPN. */
  readonly protocol: string | null;
  readonly certificate: X509Certificate | undefined;
}

/** Owns the socket. Rejects when the handshake fails, with the connection closed. */
export function secureBun(below: BunSocket, options: BunTls): Promise<Secured> {
  const { promise, resolve, reject } = Promise.withResolvers<Secured>();
  const { isServer, context, protocols, sni, received, verify } = options;
  const handshake: SecureHandlers['handshake'] = (handle, done, verifyError) => {
    const socket = handle.data;
    if (socket === undefined) return;
    try {
      // Of a server, `done` says as well that Bun finds nothing wrong with it.
      if (!done && (isServer || !verifyError)) throw verifyError ?? new Error('the TLS handshake failed');
      const certificate = handle.getPeerX509Certificate();
      verify(certificate, verifyError ?? null);
      resolve({ socket, protocol: handle.alpnProtocol || null, certificate });
    } catch (error) {
      reject(error);
      socket.destroy();
    }
  };
  const close: SecureHandlers['close'] = (handle, error) => {
    reject(error ?? new Error('the connection was closed during the TLS handshake'));
    own(() => HANDLERS.close(handle, error));
  };
  const tls = {
    secureContext: Reflect.get(context, 'context'),
    ...(protocols.length === 0 ? {} : { ALPNProtocols: named(protocols) }),
    ...(sni === null ? {} : { serverName: sni }),
    requestCert: !isServer,
    // Bun tells of what it finds, and `verify` says what that is worth.
    rejectUnauthorized: false,
  };
  try {
    const initial = received.length === 0 ? {} : { initialData: received };
    below.upgrade({ isServer, ...initial, tls }, { ...SECURE, handshake, close });
  } catch (error) {
    reject(error);
    below.destroy();
  }
  return promise;
}

const SECURE: Omit<SecureHandlers, 'open' | 'handshake' | 'close'> = {
  data: (handle, chunk) => {
    // As `own` does, without a function made for each chunk.
    try {
      HANDLERS.data(handle, chunk);
    } catch (error) {
      ours(error);
    }
  },
  drain: (handle) => own(() => HANDLERS.drain(handle)),
  end: (handle) => own(() => HANDLERS.end(handle)),
  // What the peer did to TLS comes here, and what a handler threw: that is kept apart by catching it before.
  error: ({ data }, error) => data?.failed(error),
};

function own(handler: () => void): void {
  try {
    handler();
  } catch (error) {
    ours(error);
  }
}

/** RFC 7301 section 3.1. */
const named = (protocols: readonly string[]): Buffer =>
  Buffer.concat(protocols.map((name) => Buffer.concat([Buffer.of(name.length), Buffer.from(name, 'latin1')])));
