/**
 * A MySQL or MariaDB client from its connection to an open session (protocol, "Connection Phase"): the server speaks
 * first here. The real one is met as the grant's principal on the way, and nothing tells the client it is in before there
 * is a permit.
 */
import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { mysql, ProtocolError, type StatementSink } from '@tidegate/wire';
import { Permit } from '../../relay/admit.ts';
import type { Arrival } from '../../relay/arrival.ts';
import type { Ready } from '../../relay/engine.ts';
import { LoginRefused, refusedFor } from '../../relay/refusal.ts';
import { addressOf } from './address.ts';
import { answerer } from './answers.ts';
import { Exchange } from './exchange.ts';
import { agreed, allowed, type Offer } from './offer.ts';
import { prove } from './proof.ts';
import type { Servers } from './servers.ts';
import { connectUpstream, type Upstream } from './upstream.ts';
import { type KillTarget, killUpstream } from './upstream-kill.ts';

/** utf8mb4_general_ci, which MySQL and MariaDB both have; clients choose their own. */
const COLLATION = 45;

/** Names are remembered for those who guess, and put on record: none is as long as this, in characters. */
const LONGEST_NAME = 256;

export interface HandshakeOptions {
  /** Stands in for the verifiers of login names that are nobody's. */
  readonly mockSecret: Buffer;
  readonly servers: Servers;
}

export async function handshake(arrival: Arrival, options: HandshakeOptions): Promise<Ready> {
  try {
    return await session(arrival, options);
  } catch (error) {
    throw error instanceof ProtocolError ? refusedFor(error) : error;
  }
}

interface Opening {
  readonly client: Exchange;
  readonly response: mysql.HandshakeResponse;
  readonly secure: boolean;
}

/** Greets, and hears who it is: inside TLS, where the client asks for it. */
async function open(arrival: Arrival, offer: Offer, connection: number, nonce: Buffer): Promise<Opening> {
  let client = Exchange.withClient(arrival);
  client.send(
    mysql.handshake({
      ...offer,
      connection,
      nonce,
      collation: COLLATION,
      status: mysql.Status.autocommit,
      plugin: mysql.Plugin.cachingSha2,
    }),
  );
  let packet = mysql.readResponse(await client.receive());
  if (packet.kind === 'response') return { client, response: packet, secure: false };
  // Clients go on with TLS at once. Whatever came behind the request is read as TLS, whoever put it there.
  await arrival.startTls(client.leave(), []);
  client = Exchange.withClient(arrival);
  packet = mysql.readResponse(await client.receive());
  if (packet.kind === 'ssl') throw new ProtocolError('client', '08P01', 'TLS was asked for inside TLS');
  return { client, response: packet, secure: true };
}

async function session(arrival: Arrival, { mockSecret, servers }: HandshakeOptions): Promise<Ready> {
  const { kills } = arrival;
  const connection = kills.next();
  const nonce = mysql.nonceOf(randomBytes(mysql.NONCE_BYTES));
  const offer = servers.offer();
  const { client, response, secure } = await open(arrival, offer, connection, nonce);
  const { user, database, attributes } = response;
  const application = attributes.get('program_name') ?? attributes.get('_client_name') ?? '';
  if (Math.max(user.length, database.length) > LONGEST_NAME) {
    throw new ProtocolError('client', '08P01', 'a name in the login is too long');
  }
  arrival.introduce({
    loginName: user,
    database,
    application: application.slice(0, LONGEST_NAME),
    clientAddress: arrival.address,
  });
  if (arrival.tlsRequired && !secure) {
    throw new LoginRefused('tls_required', 'this gateway takes connections with TLS only', {
      next: 'Connect with --ssl-mode=VERIFY_IDENTITY (mysql) or --ssl-verify-server-cert (mariadb), and --ssl-ca.',
    });
  }
  const challenge = arrival.challenge();
  const { proof, before } = await prove({ client, response, nonce, challenge, secure, mockSecret });
  const permit = await arrival.admit(challenge, proof);
  const { resource, grant, attempt } = permit;
  const upstream = await connectUpstream({
    resource,
    grant,
    address: addressOf(resource),
    database: attempt.database,
    session: allowed(agreed(response, offer), resource),
    collation: response.collation,
    maxPacket: response.maxPacket,
    attributes,
    signal: arrival.signal,
    met: (hello) => servers.learn(resource.name, hello),
  });
  try {
    kills.assign(connection, permit);
    return {
      permit,
      client: arrival.socket,
      server: upstream.socket,
      greeting: greeting(permit, arrival.sequence, [...before, upstream.ok]),
      takeOver: () => ({ fromClient: client.leave(), fromServer: upstream.exchange.leave() }),
      ...sessionParts(permit, upstream, kills),
    };
  } catch (error) {
    upstream.socket.destroy();
    throw error;
  }
}

/** A function of its own, since its parts live as long as the session and would keep alive whatever they were made beside. */
function sessionParts(
  permit: Permit,
  { hello, session, ok, socket }: Upstream,
  kills: Arrival['kills'],
): Pick<Ready, 'walker' | 'cancelUpstream' | 'answer'> {
  const { resource, grant } = permit;
  const { status } = mysql.readOk(ok);
  const flavour = mysql.flavourOf(hello.version);
  const { capabilities } = session;
  const localFiles = mysql.has(capabilities, mysql.Capability.localFiles);
  const agreement = { ...session, flavour, localFiles, status };
  const target: KillTarget = { resource, grant, remoteAddress: socket.remoteAddress, thread: hello.connection };
  let walker: mysql.MysqlSession | null = null;
  return {
    walker: (sink: StatementSink) => {
      walker = new mysql.MysqlSession(sink, agreement);
      return walker;
    },
    cancelUpstream: (scope) => killUpstream(target, scope),
    answer: answerer({ kills, permit, capabilities, status: () => walker?.status ?? status }),
  };
}

/**
 * "You are in": with a permit only. The server's own words, renumbered: both ends have agreed on the same. What refuses
 * the client after all comes in its place, with the same number.
 */
function greeting(permit: Permit, sequence: number, bodies: readonly Buffer[]): Buffer {
  Permit.demand(permit);
  return Buffer.concat(bodies.map((body, index) => mysql.packet(sequence + index, body)));
}
