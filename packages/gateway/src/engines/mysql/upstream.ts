/**
 * The connection to the real server, as the grant's principal: its first packet is read in the clear, TLS begins where
 * the resource's configuration says so, and the password goes out covered by a hash, or itself inside TLS or through a
 * socket on this machine.
 */
import type { Buffer } from 'node:buffer';
import { mysql } from '@tidegate/wire';
import type { RelaySocket, SocketAddress } from '../../relay/sockets.ts';
import { lostServer, reach, ServerLost } from '../../relay/upstream.ts';
import type { RelayGrant, RelayResource } from '../../worker-protocol.ts';
import { Exchange, type Numbering } from './exchange.ts';
import { type Agreement, lacking, loginFlags } from './offer.ts';
import { promisedTooMuch, refusedByServer, unacceptable } from './upstream-errors.ts';

const { Plugin, CachingSha2 } = mysql;
/** A server asks for another method once; one that goes on asking is not listened to for ever. */
const MAX_STEPS = 6;

export interface Upstream {
  readonly socket: RelaySocket;
  /** The body of the OK packet that ended the login, for the client. */
  readonly ok: Buffer;
  /** The server's first packet. */
  readonly hello: mysql.Handshake;
  readonly session: Agreement;
  /** Talks on, where the connection is for a command of our own. */
  readonly exchange: Exchange;
  /** Begins a command: its packets are numbered from 0 again. */
  readonly begin: () => void;
}

export interface UpstreamOptions {
  readonly resource: RelayResource;
  readonly address: SocketAddress;
  readonly grant: RelayGrant;
  /** Empty: none. */
  readonly database: string;
  /** What the session must agree on (`offer.ts`). */
  readonly session: Agreement;
  /** Of the client: passed on, for they are about how it talks. */
  readonly collation: number;
  readonly maxPacket: number;
  readonly attributes: ReadonlyMap<string, string>;
  readonly signal: AbortSignal;
  /** The server's first packet, as soon as it is there. */
  readonly met?: (hello: mysql.Handshake) => void;
}

/** Throws LoginRefused, or what `signal` aborts with; then it leaves nothing behind. */
export async function connectUpstream(options: UpstreamOptions): Promise<Upstream> {
  const { resource, address, signal } = options;
  const numbering: Numbering = { sequence: 0 };
  const speak = (socket: RelaySocket) =>
    Exchange.withServer(socket, numbering, signal, (why) => lostServer(resource, why));
  let hello: mysql.Handshake | null = null;
  const { socket, tls } = await reach({
    resource,
    address,
    signal,
    protocols: [],
    askForTls: async (raw) => {
      const server = speak(raw);
      hello = await greeted(server, options);
      if (!mysql.has(hello.capabilities, mysql.Capability.ssl)) {
        throw new ServerLost('it does not speak TLS, which the resource is configured to need');
      }
      server.send(mysql.sslRequest(prefix(hello, options, true)));
      // What came before TLS could have been put there by anybody on the path.
      if (server.leave().length > 0) throw new ServerLost('it went on in the clear after its first packet');
    },
  });
  try {
    const server = speak(socket);
    hello ??= await greeted(server, options);
    const ok = await logIn(server, hello, tls !== null, 'path' in address, options);
    const begin = () => {
      numbering.sequence = 0;
    };
    return { socket, ok, hello, session: options.session, exchange: server, begin };
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** The server's first packet, or the error that it has for us at once. */
async function greeted(server: Exchange, { resource, grant, session, met }: UpstreamOptions): Promise<mysql.Handshake> {
  const body = await server.receive();
  if (body[0] === 0xff) throw refusedByServer(resource, grant.loginName, body);
  const hello = mysql.readHandshake(body);
  met?.(hello);
  const lacks = lacking(session, hello);
  if (lacks !== '') throw promisedTooMuch(resource, lacks);
  return hello;
}

function prefix(hello: mysql.Handshake, options: UpstreamOptions, secure: boolean): mysql.ResponsePrefix {
  const { session, database, collation, maxPacket } = options;
  const capabilities = loginFlags(session, hello, secure, database !== '');
  return { capabilities, mariadbCapabilities: session.mariadbCapabilities, maxPacket, collation };
}

/** Up to the OK packet. `local`: through a socket on this machine, where nobody listens in. */
async function logIn(
  server: Exchange,
  hello: mysql.Handshake,
  secure: boolean,
  local: boolean,
  options: UpstreamOptions,
): Promise<Buffer> {
  const { resource, grant, database, attributes } = options;
  const hidden = secure || local;
  const password = grant.principalPassword;
  // A default that is not ours to speak: the server asks for the account's own method then.
  let plugin: string = hello.plugin === Plugin.cachingSha2 ? Plugin.cachingSha2 : Plugin.native;
  const proof = proofOf(plugin, password, hello.nonce);
  const said = { ...prefix(hello, options, secure), user: grant.loginName, proof, database, plugin, attributes };
  server.send(mysql.handshakeResponse(said));
  for (let step = 0; step < MAX_STEPS; step++) {
    const body = await server.receive();
    const packet = mysql.readAuthPacket(body);
    if (packet.kind === 'ok') return body;
    if (packet.kind === 'error') throw refusedByServer(resource, grant.loginName, body);
    if (packet.kind === 'switch') {
      plugin = packet.plugin;
      if (plugin === Plugin.clear && hidden) server.send(mysql.plainPassword(password));
      else if (plugin === Plugin.cachingSha2 || plugin === Plugin.native) {
        server.send(proofOf(plugin, password, packet.data));
      } else throw unacceptable(resource, `it asks for ${plugin}`);
    } else if (plugin !== Plugin.cachingSha2 || packet.data.length !== 1) {
      throw unacceptable(resource, `unexpected data for ${plugin}`);
    } else if (packet.data[0] === CachingSha2.fullWanted) {
      // Hiding the password by the server's public key is not done: who sends that key could not be told.
      if (!hidden) throw unacceptable(resource, 'it asks for the password itself, outside of TLS');
      server.send(mysql.plainPassword(password));
    } else if (packet.data[0] !== CachingSha2.fastDone) {
      throw unacceptable(resource, `unexpected data for ${plugin}`);
    }
  }
  throw unacceptable(resource, 'it does not come to an end');
}

function proofOf(plugin: string, password: string, nonce: Buffer): Buffer {
  return plugin === Plugin.cachingSha2 ? mysql.sha2Proof(password, nonce) : mysql.nativeProof(password, nonce);
}
