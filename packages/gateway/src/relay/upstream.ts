/** The way to the real server, whichever its engine: connected, and inside TLS where its configuration says so. */
import type { Buffer } from 'node:buffer';
import { isIP } from 'node:net';
import type { RelayResource } from '../worker-protocol.ts';
import { LoginRefused } from './refusal.ts';
import { connectSocket, type RelaySocket, type SocketAddress } from './sockets.ts';
import { connectTls, type Enclosure } from './tls.ts';

/** For the operator's log: what the server did. */
export class ServerLost extends Error {
  constructor(what: string) {
    super(what);
    this.name = 'ServerLost';
  }
}

export interface Reached {
  readonly socket: RelaySocket;
  /** Null without TLS. */
  readonly tls: {
    /** The hash of the server's certificate; null where Node does not tell. */
    readonly endPoint: Buffer | null;
  } | null;
}

export interface ReachOptions {
  readonly resource: RelayResource;
  readonly address: SocketAddress;
  readonly signal: AbortSignal;
  /** ALPN. */
  readonly protocols: readonly string[];
  /**
   * Asks the server, in the engine's own way, to speak TLS from here on; rejects when it won't. It must leave nothing
   * unread: more than the answer could have been put there by anybody on the path (CVE-2021-23222).
   */
  readonly askForTls: (socket: RelaySocket) => Promise<void>;
  /** The host that the resource's own server named instead of itself. */
  readonly routedTo?: string;
  /** What TLS runs in, where that is not the socket. */
  readonly enclosed?: Enclosure;
  /** See `ClientTls.maxFragment`. */
  readonly maxFragment?: number;
}

/** Throws LoginRefused, or what `signal` aborts with; then it leaves nothing behind. */
export async function reach(options: ReachOptions): Promise<Reached> {
  const { resource, address, signal } = options;
  let socket: RelaySocket | null = null;
  try {
    socket = await connectSocket(address, signal);
    if (resource.tls.mode === 'disable' || 'path' in address) return { socket, tls: null };
    return await secured(socket, options);
  } catch (error) {
    socket?.destroy();
    signal.throwIfAborted();
    if (error instanceof LoginRefused) throw error;
    throw unreachable(resource, error);
  }
}

async function secured(socket: RelaySocket, options: ReachOptions): Promise<Reached> {
  const { resource, signal, protocols, askForTls, routedTo, enclosed = null, maxFragment = null } = options;
  const give = () => socket.destroy();
  signal.addEventListener('abort', give, { once: true });
  try {
    await askForTls(socket);
    const { mode, ca, serverName } = resource.tls;
    const host = 'host' in resource.address ? resource.address.host : 'localhost';
    const name = serverName ?? routedTo ?? host;
    const secure = await connectTls(socket, {
      serverName: mode === 'verify-full' ? name : null,
      sni: isIP(name) === 0 ? name : null,
      ca,
      protocols,
      enclosed,
      maxFragment,
    });
    return { socket: secure.socket, tls: { endPoint: secure.endPoint } };
  } finally {
    signal.removeEventListener('abort', give);
  }
}

/** The address of one session's own server: a name may lead to several. `remoteAddress` is that of the session's socket. */
export function sameServer(address: SocketAddress, remoteAddress: string): SocketAddress {
  return 'host' in address && remoteAddress !== '' ? { ...address, host: remoteAddress } : address;
}

export function unreachable(resource: RelayResource, cause: unknown): LoginRefused {
  return new LoginRefused('database_unreachable', `the database of ${resource.name} cannot be reached`, {
    next: 'Try again in a moment; if it lasts, tell an administrator.',
    cause,
  });
}

/** The server went away while a session was being opened. */
export function lostServer(resource: RelayResource, why: string): LoginRefused {
  return new LoginRefused('database_unreachable', `the database of ${resource.name} closed the connection`, {
    next: 'Try again in a moment; if it lasts, tell an administrator.',
    cause: new ServerLost(why),
  });
}

/** Where the database stands behind the gateway is nobody's business. */
export function withoutAddresses(text: string, { address }: RelayResource): string {
  const where = 'host' in address ? address.host : address.socket;
  return text
    .replaceAll(where, '…')
    .replaceAll(/\b\d{1,3}(?:\.\d{1,3}){3}\b/g, '…')
    .replaceAll(/\b(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}\b/gi, '…');
}
