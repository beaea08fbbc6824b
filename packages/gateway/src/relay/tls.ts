/** TLS on the relay's sockets: as server towards clients, as client towards databases. */

import type { Buffer } from 'node:buffer';
import { createHash, X509Certificate } from 'node:crypto';
import tls from 'node:tls';
import { NodeSocket } from './sockets.ts';

/** What clients are shown. Replaced whole when the certificate is. */
export interface ServerTls {
  readonly context: tls.SecureContext;
  /** The certificate's hash for SCRAM channel binding (tls-server-end-point). */
  readonly endPoint: Buffer;
}

export function serverTls(pem: { readonly key: string; readonly certificate: string }): ServerTls {
  return {
    context: tls.createSecureContext({ key: pem.key, cert: pem.certificate, minVersion: 'TLSv1.2' }),
    endPoint: endPointHash(new X509Certificate(pem.certificate)),
  };
}

/**
 * RFC 5929 section 4.1: the certificate hashed with the hash function of its own signature, but SHA-256 where that is
 * MD5 or SHA-1. Signatures that name no hash (Ed25519) leave it undefined; SHA-256 is what OpenSSL's users take there.
 */
export function endPointHash(certificate: X509Certificate): Buffer {
  const named = /sha-?(224|256|384|512)/i.exec(certificate.signatureAlgorithm ?? '')?.[1] ?? '256';
  return createHash(`sha${named}`).update(certificate.raw).digest();
}

/** Speaks TLS with a client. `received` is what was read of its first message. Rejects when the handshake fails. */
export function acceptTls(
  socket: NodeSocket,
  server: ServerTls,
  protocols: readonly string[],
  received: Buffer,
): Promise<{ socket: NodeSocket; protocol: string | null }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ socket: NodeSocket; protocol: string | null }>();
  const node = socket.release();
  if (received.length > 0) node.unshift(received);
  const secure = new tls.TLSSocket(node, {
    isServer: true,
    secureContext: server.context,
    ALPNProtocols: [...protocols],
  });
  settle(secure, 'secure', reject, () => {
    const protocol = secure.alpnProtocol;
    resolve({ socket: new NodeSocket(secure, socket.remoteAddress, true), protocol: protocol || null });
  });
  return promise;
}

export interface ClientTls {
  /** Who the server must be; null: anybody with a certificate of the authority's. */
  readonly serverName: string | null;
  /** Sent to the server so that it can choose its certificate; a host name, never an address. */
  readonly sni: string | null;
  /** PEM; null: the system's authorities. */
  readonly ca: string | null;
  /** ALPN. */
  readonly protocols: readonly string[];
}

/** Speaks TLS with a server and holds its certificate against `options`. Rejects when it doesn't fit. */
export function connectTls(
  socket: NodeSocket,
  options: ClientTls,
): Promise<{ socket: NodeSocket; endPoint: Buffer | null }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ socket: NodeSocket; endPoint: Buffer | null }>();
  const { serverName } = options;
  const secure = tls.connect({
    socket: socket.release(),
    minVersion: 'TLSv1.2',
    ALPNProtocols: [...options.protocols],
    ...(options.sni === null ? {} : { servername: options.sni }),
    ...(options.ca === null ? {} : { ca: options.ca }),
    checkServerIdentity: (_host, certificate) =>
      serverName === null ? undefined : tls.checkServerIdentity(serverName, certificate),
  });
  settle(secure, 'secureConnect', reject, () => {
    const certificate = secure.getPeerX509Certificate();
    resolve({
      socket: new NodeSocket(secure, socket.remoteAddress, true),
      endPoint: certificate === undefined ? null : endPointHash(certificate),
    });
  });
  return promise;
}

/** `done` when the handshake is; `failed` when the socket errs or closes before. */
function settle(socket: tls.TLSSocket, event: string, failed: (error: Error) => void, done: () => void): void {
  const closed = () => failed(new Error('the connection was closed during the TLS handshake'));
  socket.once('error', failed);
  socket.once('close', closed);
  socket.once(event, () => {
    socket.off('error', failed);
    socket.off('close', closed);
    done();
  });
}
