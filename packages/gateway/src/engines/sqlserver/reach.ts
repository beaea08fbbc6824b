/**
 * The way to a server, up to where it can be logged in to: PRELOGIN, and TLS inside of TDS; or TLS first, for a server
 * that takes nothing else (TDS 8.0, "strict"), which it tells by hanging up.
 */
import type { ResourceName } from '@tidegate/core';
import { sqlserver } from '@tidegate/wire';
import type { RelaySocket, SocketAddress } from '../../relay/sockets.ts';
import { lostServer, type ReachOptions, reach, ServerLost } from '../../relay/upstream.ts';
import type { RelayResource } from '../../worker-protocol.ts';
import { enclosedForServer } from './enclosure.ts';
import { Exchange } from './exchange.ts';

const { PacketType, Encryption } = sqlserver;
const STRICT = 'tds/8.0';
/** A TLS record is never larger, whatever packets are. */
const MAX_FRAGMENT = 16_384;
const VERSION = { major: 16, minor: 0, build: 1000, sub: 0 };

export interface ReachServerOptions {
  readonly resource: RelayResource;
  readonly address: SocketAddress & { readonly host: string };
  /** The resource's own server has named this one. */
  readonly routed: boolean;
  readonly packetBytes: number;
  readonly signal: AbortSignal;
  /** Resources whose servers want TLS first: found out here, once. */
  readonly strict: Set<ResourceName>;
}

export interface Spoken {
  readonly socket: RelaySocket;
  readonly exchange: Exchange;
}

/** Throws LoginRefused, ProtocolError, or what `signal` aborts with; then it leaves nothing behind. */
export async function reachServer(options: ReachServerOptions): Promise<Spoken> {
  const { resource, strict } = options;
  const { name, tls } = resource;
  if (!strict.has(name)) {
    const spoken = await tlsInside(options);
    if (spoken !== 'hung up') return spoken;
    if (tls.mode === 'disable') throw lostServer(resource, 'it hung up on a PRELOGIN');
  }
  // Not remembered where it fails: what stands there may be another server by the next time.
  strict.delete(name);
  const spoken = await tlsFirst(options);
  strict.add(name);
  return spoken;
}

/** What both ways have in common. */
function common({
  resource,
  address,
  signal,
  routed,
  packetBytes,
}: ReachServerOptions): Omit<ReachOptions, 'askForTls' | 'protocols'> {
  return {
    resource,
    address,
    signal,
    // Azure SQL resets a connection whose login comes in a TLS record of several packets.
    maxFragment: Math.min(packetBytes, MAX_FRAGMENT),
    ...(routed ? { routedTo: address.host } : {}),
  };
}

async function tlsInside(options: ReachServerOptions): Promise<Spoken | 'hung up'> {
  const { resource, signal } = options;
  let answered = false;
  let hungUp = false;
  const speak = (socket: RelaySocket) =>
    Exchange.withServer(socket, signal, (why) => {
      hungUp = !answered;
      return lostServer(resource, why);
    });
  let reached: RelaySocket | null = null;
  try {
    const { socket, tls } = await reach({
      ...common(options),
      protocols: [],
      enclosed: enclosedForServer,
      askForTls: async (raw) => {
        const server = speak(raw);
        const encryption = await prelogin(server, Encryption.on);
        answered = true;
        if (encryption !== Encryption.on && encryption !== Encryption.required) {
          throw new ServerLost('it does not encrypt, which the resource is configured to need');
        }
        // What came before TLS could have been put there by anybody on the path.
        if (server.leave().length > 0) throw new ServerLost('it went on in the clear after its PRELOGIN');
      },
    });
    reached = socket;
    const exchange = speak(socket);
    if (tls === null && (await prelogin(exchange, Encryption.notSupported)) !== Encryption.notSupported) {
      throw lostServer(resource, 'it demands encryption, and the resource is configured to do without');
    }
    answered = true;
    return { socket, exchange };
  } catch (error) {
    reached?.destroy();
    signal.throwIfAborted();
    if (hungUp) return 'hung up';
    throw error;
  }
}

async function tlsFirst(options: ReachServerOptions): Promise<Spoken> {
  const { resource, signal } = options;
  const { socket } = await reach({ ...common(options), protocols: [STRICT], askForTls: async () => {} });
  try {
    const exchange = Exchange.withServer(socket, signal, (why) => lostServer(resource, why));
    await prelogin(exchange, Encryption.on);
    return { socket, exchange };
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** Gives what the server says of encryption. */
async function prelogin(server: Exchange, encryption: number): Promise<number> {
  const message = sqlserver.writePrelogin({
    version: VERSION,
    encryption,
    instance: '',
    thread: 0,
    mars: false,
    trace: null,
    fedAuthRequired: null,
    nonce: null,
  });
  server.send(PacketType.prelogin, message);
  const { body } = await server.receive(PacketType.response, PacketType.prelogin);
  return sqlserver.readPrelogin(body, 'server').encryption;
}
