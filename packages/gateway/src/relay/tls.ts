/** TLS on the relay's sockets: as server towards clients, as client towards databases. */

import { Buffer } from 'node:buffer';
import { createHash, X509Certificate } from 'node:crypto';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import { BunSocket } from './sockets/bun-socket.ts';
import { type BunTls, secureBun } from './sockets/bun-tls.ts';
import { NodeSocket } from './sockets/node.ts';
import type { RelaySocket } from './sockets.ts';

/** What clients are shown. Replaced whole when the certificate is. */
export interface ServerTls {
  readonly context: tls.SecureContext;
  /** The same, for protocols whose clients can't do with a later version of TLS than 1.2. */
  readonly contextTo12: tls.SecureContext;
  /** The certificate's hash for SCRAM channel binding (tls-server-end-point). */
  readonly endPoint: Buffer;
}

export function serverTls(pem: { readonly key: string; readonly certificate: string }): ServerTls {
  const options = { key: pem.key, cert: pem.certificate, minVersion: 'TLSv1.2' } as const;
  return {
    context: tls.createSecureContext(options),
    contextTo12: tls.createSecureContext({ ...options, maxVersion: 'TLSv1.2' }),
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

/**
 * What TLS runs in, where its bytes don't go bare: the engine's own packets around the handshake (TDS 7.x). Owns the
 * socket. `received` is what was read from it already. TLS is 1.2 then.
 */
export type Enclosure = (socket: RelaySocket, received: Buffer) => Duplex;

/** Speaks TLS with a client. `received` is what was read of its first message. Rejects when the handshake fails. */
export function acceptTls(
  socket: RelaySocket,
  server: ServerTls,
  protocols: readonly string[],
  received: Buffer,
  enclosed: Enclosure = released,
): Promise<{ socket: RelaySocket; protocol: string | null }> {
  if (socket instanceof BunSocket && enclosed === released) {
    // Clients are asked for no certificate.
    const verify = (): void => {};
    return secureBun(socket, { isServer: true, context: server.context, protocols, sni: null, received, verify });
  }
  const { promise, resolve, reject } = Promise.withResolvers<{ socket: RelaySocket; protocol: string | null }>();
  const secure = new tls.TLSSocket(enclosed(socket, received), {
    isServer: true,
    secureContext: enclosed === released ? server.context : server.contextTo12,
    ALPNProtocols: [...protocols],
  });
  // What breaks TLS later Node tells by this event alone, where no server of its own has accepted the socket.
  secure.on('_tlsError', (error: Error) => void secure.destroy(error));
  settle(secure, 'secure', reject, () => {
    const protocol = secure.alpnProtocol;
    resolve({ socket: new NodeSocket(secure, socket.remoteAddress, true), protocol: protocol || null });
  });
  return promise;
}

function released(socket: RelaySocket, received: Buffer): Duplex {
  if (!(socket instanceof NodeSocket)) throw new Error('TLS runs on sockets of the runtime at hand');
  const node = socket.release();
  if (received.length > 0) node.unshift(received);
  return node;
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
  /** What TLS runs in; null: the socket itself. */
  readonly enclosed: Enclosure | null;
  /** Bytes of a TLS record sent, at most: there are servers that read no further than one packet of theirs. null: any. */
  readonly maxFragment: number | null;
}

/** Speaks TLS with a server and holds its certificate against `options`. Rejects when it doesn't fit. */
export function connectTls(
  socket: RelaySocket,
  options: ClientTls,
): Promise<{ socket: RelaySocket; endPoint: Buffer | null }> {
  const { serverName, enclosed, maxFragment } = options;
  if (socket instanceof BunSocket && enclosed === null) return connectBunTls(socket, options);
  const { promise, resolve, reject } = Promise.withResolvers<{ socket: RelaySocket; endPoint: Buffer | null }>();
  const secure = tls.connect({
    socket: (enclosed ?? released)(socket, Buffer.alloc(0)),
    minVersion: 'TLSv1.2',
    ...(enclosed === null ? {} : { maxVersion: 'TLSv1.2' }),
    ALPNProtocols: [...options.protocols],
    ...(options.sni === null ? {} : { servername: options.sni }),
    ...(options.ca === null ? {} : { ca: options.ca }),
    checkServerIdentity: (_host, certificate) =>
      serverName === null ? undefined : tls.checkServerIdentity(serverName, certificate),
  });
  settle(secure, 'secureConnect', reject, () => {
    if (maxFragment !== null) secure.setMaxSendFragment(maxFragment);
    const certificate = secure.getPeerX509Certificate();
    resolve({
      socket: new NodeSocket(secure, socket.remoteAddress, true),
      endPoint: certificate === undefined ? null : endPointHash(certificate),
    });
  });
  return promise;
}

/** Bun holds the name that it knows against the certificate too, once the chain is found right: ours is held here. */
const isName = (error: Error): boolean => 'code' in error && error.code === 'ERR_TLS_CERT_ALTNAME_INVALID';

async function connectBunTls(
  socket: BunSocket,
  { serverName, sni, ca, protocols }: ClientTls,
): Promise<{ socket: RelaySocket; endPoint: Buffer | null }> {
  const context = tls.createSecureContext({ minVersion: 'TLSv1.2', ...(ca === null ? {} : { ca }) });
  const verify: BunTls['verify'] = (certificate, verifyError) => {
    if (verifyError !== null && !isName(verifyError)) throw verifyError;
    if (certificate === undefined) throw new Error('the server showed no certificate');
    const wrong = serverName === null ? undefined : tls.checkServerIdentity(serverName, certificate.toLegacyObject());
    if (wrong !== undefined) throw wrong;
  };
  const received = Buffer.alloc(0);
  const secure = await secureBun(socket, { isServer: false, context, protocols, sni, received, verify });
  const { certificate } = secure;
  return { socket: secure.socket, endPoint: certificate === undefined ? null : endPointHash(certificate) };
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
