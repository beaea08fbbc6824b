/**
 * The connection to the real server, as the grant's principal: PRELOGIN, TLS as the resource's configuration says, the
 * client's own LOGIN7 with other credentials, and on to where the server sends it (ENVCHANGE 20), which is nothing that a
 * client needs to know.
 */
import type { ResourceName } from '@tidegate/core';
import { ProtocolError, sqlserver } from '@tidegate/wire';
import type { RelaySocket, SocketAddress } from '../../relay/sockets.ts';
import type { RelayGrant, RelayResource } from '../../worker-protocol.ts';
import type { Exchange } from './exchange.ts';
import { reachServer } from './reach.ts';
import { lostItsWay, refusedByServer } from './upstream-errors.ts';

const { PacketType, TdsVersion } = sqlserver;
/** Azure SQL sends a login on once, to the node that has the database. */
const MAX_HOPS = 4;

export interface Upstream {
  readonly socket: RelaySocket;
  readonly exchange: Exchange;
  /** What the server said to the login, token by token. */
  readonly tokens: readonly sqlserver.ReceivedToken[];
  /** As LOGINACK told. */
  readonly version: number;
  /** The server's number of the session, in the header of its packets. */
  readonly channel: number;
}

export interface UpstreamOptions {
  readonly resource: RelayResource;
  readonly grant: RelayGrant;
  readonly database: string;
  /** The client's. */
  readonly login: sqlserver.Login7;
  /** Resources whose servers want TLS first. */
  readonly strict: Set<ResourceName>;
  readonly signal: AbortSignal;
}

/** Throws LoginRefused, ProtocolError, or what `signal` aborts with; then it leaves nothing behind. */
export async function connectUpstream(options: UpstreamOptions): Promise<Upstream> {
  const { resource } = options;
  if ('socket' in resource.address) throw lostItsWay(resource, 'SQL Server has no sockets on this machine');
  let address = { host: resource.address.host, port: resource.address.port };
  let routed = false;
  for (let hop = 0; hop <= MAX_HOPS; hop++) {
    const upstream = await connectOnce(options, address, routed);
    const route = routeOf(upstream.tokens);
    if (route === null) return upstream;
    upstream.socket.destroy();
    address = { host: route.server, port: route.port };
    routed = true;
  }
  throw lostItsWay(resource, `it was sent on more than ${MAX_HOPS} times`);
}

function routeOf(tokens: readonly sqlserver.ReceivedToken[]): sqlserver.Routing | null {
  for (const token of tokens) if (token.kind === 'routing') return token.routing;
  return null;
}

async function connectOnce(
  options: UpstreamOptions,
  address: SocketAddress & { readonly host: string },
  routed: boolean,
): Promise<Upstream> {
  const { resource, login, signal, strict } = options;
  const { socket, exchange } = await reachServer({
    resource,
    address,
    routed,
    packetBytes: packetBytesOf(login),
    signal,
    strict,
  });
  try {
    // Azure's front finds the server by the name in the login, also where the connection came to a private address.
    const serverName = routed ? address.host : (resource.tls.serverName ?? address.host);
    return { socket, exchange, ...(await logIn(exchange, options, serverName)) };
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

async function logIn(
  server: Exchange,
  { resource, grant, database, login }: UpstreamOptions,
  serverName: string,
): Promise<Pick<Upstream, 'tokens' | 'version' | 'channel'>> {
  // 8.0 is 7.4 inside of TLS: the server is spoken to as one that knows both.
  const version = login.version === TdsVersion.v80 ? TdsVersion.v74 : login.version;
  const rewritten = {
    ...login,
    version,
    packetBytes: packetBytesOf(login),
    userName: grant.loginName,
    password: grant.principalPassword,
    serverName: serverName.slice(0, 128),
    database,
    features: sqlserver.upstreamFeatures(login.features),
  };
  server.send(PacketType.login7, sqlserver.writeLogin7(rewritten));
  const { body, channel } = await server.receive(PacketType.response);
  const tokens = sqlserver.readLoginResponse(body, version);
  const errors = tokens.flatMap((token) => (token.kind === 'error' ? [token.message] : []));
  if (errors.length > 0) throw refusedByServer(resource, grant.loginName, errors);
  for (const token of tokens) if (token.kind === 'loginAck') return { tokens, version: token.version, channel };
  throw new ProtocolError('server', '08P01', 'the server neither took nor refused a login');
}

/** What the client asks for, within what there is; 0 leaves it to the server, and is passed on as the size of old. */
function packetBytesOf({ packetBytes }: sqlserver.Login7): number {
  if (packetBytes === 0) return sqlserver.LOGIN_PACKET_BYTES;
  return Math.min(Math.max(packetBytes, sqlserver.MIN_PACKET_BYTES), sqlserver.MAX_PACKET_BYTES);
}
